"""Who is limited to some sites watches these, and is never told anything of another one."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from chargeplane.runtime.clock import SimulatedClock
from chargeplane.web.live.hub import TURN_S, Hub
from tests.web.live.test_hub import refused
from tests.web.live.watching import (
    NOW,
    TENANT_ID,
    Lamps,
    Wanted,
    Watcher,
    blinked,
    came,
    said,
    viewer,
)

Limits = frozenset[str]
HALL, YARD, BOTH = frozenset({"hall"}), frozenset({"yard"}), frozenset({"hall", "yard"})
NOWHERE: Limits = frozenset()


class Rooms:
    """A hub over lamps that move. No two values of them are ever the same."""

    def __init__(self) -> None:
        self.lamps = Lamps()
        self.clock = SimulatedClock(NOW)
        self.hub = Hub(self.lamps.views, self.clock)
        self._values = count(1_000)
        self.made_at: dict[int, str] = {}
        """In which site a lamp was when it got a value."""

    def _value(self, name: str) -> int:
        value = next(self._values)
        self.made_at[value] = self.lamps.places.get(name, "hall")
        return value

    def put(self, name: str, site: str) -> None:
        self.lamps.places[name] = site
        self.lamps.lights[name] = self._value(name)
        self.lamps.blinks[name] = self._value(name)

    def light(self, name: str) -> None:
        self.lamps.lights[name] = self._value(name)
        self.hub.hear(said(name))

    def blink(self, name: str) -> None:
        self.lamps.blinks[name] = self._value(name)
        self.hub.hear(blinked(name))

    async def watch(self, sites: Limits | None, **parameters: Any) -> Watcher:
        watcher = Watcher()
        watcher.begin(await self.hub.open(viewer(sites=sites), "lamps", parameters, watcher))
        return watcher

    async def turns(self, count: int = 1) -> None:
        for _ in range(count):
            await self.clock.advance(TURN_S)
            await self.hub.turn()


async def test_everybody_sees_the_own_sites_and_no_sites_are_nothing() -> None:
    rooms = Rooms()
    rooms.put("L1", "hall")
    rooms.put("L2", "yard")
    limits = (None, BOTH, HALL, YARD, NOWHERE)
    seen = [[*(await rooms.watch(each)).shown] for each in limits]
    assert seen == [["L1", "L2"], ["L1", "L2"], ["L1"], ["L2"], []]


async def test_those_of_the_same_sites_share_one_reading_and_others_do_not() -> None:
    rooms = Rooms()
    rooms.put("L1", "hall")
    for sites in (HALL, HALL, YARD, None):
        await rooms.watch(sites)
    assert (rooms.lamps.pages_count, rooms.hub.feeds_count) == (3, 3)


async def test_a_change_elsewhere_is_not_even_read_for_who_is_limited() -> None:
    rooms = Rooms()
    rooms.put("L1", "hall")
    rooms.put("L2", "yard")
    watcher = await rooms.watch(HALL)
    rooms.light("L2")
    await rooms.turns(8)
    assert rooms.lamps.rows_read == []
    assert len(watcher.told) == 1


async def test_what_moves_away_is_removed_and_what_comes_is_there() -> None:
    rooms = Rooms()
    rooms.put("L1", "hall")
    hall, yard = await rooms.watch(HALL), await rooms.watch(YARD)
    rooms.put("L1", "yard")
    rooms.hub.changed(TENANT_ID)
    await rooms.turns(4)
    assert ([*hall.shown], [*yard.shown]) == ([], ["L1"])


async def test_what_has_just_moved_away_is_not_told_of_before_it_is_removed() -> None:
    rooms = Rooms()
    rooms.put("L1", "hall")
    watcher = await rooms.watch(HALL)
    rooms.put("L1", "yard")  # and nobody has said so yet
    rooms.blink("L1")
    rooms.light("L1")
    await rooms.turns()
    assert len(watcher.told) == 1


async def test_a_view_of_all_sites_is_refused_to_who_is_limited() -> None:
    rooms = Rooms()
    rooms.put("L1", "hall")
    with refused("forbidden"):
        await rooms.hub.open(viewer(sites=HALL), "whole", {}, Watcher())
    await rooms.hub.open(viewer(), "whole", {}, Watcher())


kinds = ["light", "blink", "move", "tell", "new", "gone", "turn", "join"]
steps = st.lists(st.tuples(st.sampled_from(kinds), st.integers(0, 5)), max_size=30)


@given(steps)
@settings(max_examples=80, deadline=None)
def test_in_any_story_nothing_is_told_that_was_made_at_another_site(
    story: list[tuple[str, int]],
) -> None:
    asyncio.run(_tell(story))


async def _tell(story: list[tuple[str, int]]) -> None:
    rooms, limits = Rooms(), (HALL, YARD, BOTH, NOWHERE, None)
    rooms.put("L0", "hall")
    rooms.put("L1", "yard")
    everything: dict[str, int] = {}
    seen = [(limit, everything, await rooms.watch(limit)) for limit in limits]
    for kind, number in story:
        name = f"L{number // 2}"
        if kind == "join" and len(seen) < 12:
            parameters = {"limit": 1} if number % 2 else {"least": 1_003}
            limit = limits[number % len(limits)]
            seen.append((limit, parameters, await rooms.watch(limit, **parameters)))
        await _go_on(rooms, kind, name, number)
    rooms.hub.changed(TENANT_ID)
    await rooms.turns(8)
    for limit, parameters, watcher in seen:
        page = await rooms.lamps.page(TENANT_ID, msgspec.convert(parameters, Wanted), limit)
        assert watcher.items == msgspec.to_builtins(page.items)
        values = {value for message in watcher.told for value in _values_of(message)}
        places = {rooms.made_at[value] for value in values}
        assert limit is None or places <= limit


async def _go_on(rooms: Rooms, kind: str, name: str, number: int) -> None:
    if kind == "turn":
        await rooms.turns(number)
    elif kind == "tell":
        rooms.hub.changed(TENANT_ID)
    elif kind == "new":
        rooms.put(name, "hall" if number % 2 else "yard")
        rooms.hub.hear(came(name))
    elif name in rooms.lamps.lights:
        if kind == "light":
            rooms.light(name)
        elif kind == "blink":
            rooms.blink(name)
        elif kind == "move":
            rooms.put(name, "hall" if number % 2 else "yard")
        elif kind == "gone":
            del rooms.lamps.lights[name]


def _values_of(message: dict[str, Any]) -> list[int]:
    """The lights and blinks of all lamps in a message."""
    rows = message.get("snapshot", {}).get("items", [])
    rows = rows + [op["value"] for op in message.get("patch", []) if op["op"] == "put"]
    return [row[name] for row in rows for name in ("light", "blinks")]
