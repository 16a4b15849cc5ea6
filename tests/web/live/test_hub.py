"""The hub, without sockets: what is read, how often, and what is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.rest import Problem
from chargeplane.runtime.store import StoreUnavailable
from chargeplane.web.live.hub import TURN_S, Hub
from tests.web.live.watching import (
    NOW,
    TENANT_ID,
    Lamps,
    Wanted,
    Watcher,
    blinked,
    came,
    said,
    unheard,
    viewer,
)


class Scene:
    """A hub over some lamps."""

    def __init__(self, count: int = 3) -> None:
        self.lamps = Lamps({f"L{number}": number for number in range(count)})
        self.clock = SimulatedClock(NOW)
        self.hub = Hub(self.lamps.views, self.clock, feeds_max=5)

    async def watch(self, view: str = "lamps", **parameters: Any) -> Watcher:
        watcher = Watcher()
        watcher.begin(await self.hub.open(viewer(), view, parameters, watcher))
        return watcher

    def light(self, name: str, light: int) -> None:
        self.lamps.lights[name] = light
        self.hub.hear(said(name))

    async def turns(self, count: int = 1) -> None:
        for _ in range(count):
            await self.clock.advance(TURN_S)
            await self.hub.turn()


@contextmanager
def refused(slug: str) -> Iterator[None]:
    with pytest.raises(Problem) as caught:
        yield
    assert caught.value.slug == slug


async def test_a_snapshot_is_what_the_route_answers() -> None:
    scene = Scene(3)
    watcher = await scene.watch(limit=2)
    page = await scene.lamps.page(TENANT_ID, Wanted(items_max=2))
    assert watcher.told == [{"snapshot": msgspec.to_builtins(page), "version": 1}]


async def test_a_row_that_changes_a_hundred_times_is_read_and_told_once() -> None:
    scene = Scene()
    watcher = await scene.watch()
    for light in range(100, 200):
        scene.light("L1", light)
    await scene.turns()
    assert scene.lamps.rows_read == [{"L1"}]
    row = {"id": "L1", "light": 199, "blinks": 0}
    assert watcher.told[1:] == [{"patch": [{"op": "put", "key": "L1", "value": row}], "version": 2}]


async def test_rows_of_other_pages_are_never_read() -> None:
    scene = Scene(5)
    await scene.watch(limit=2)
    scene.light("L4", 100)
    scene.hub.hear(unheard("L0"))
    await scene.turns()
    assert scene.lamps.rows_read == []


async def test_two_who_see_the_same_cost_one_reading() -> None:
    scene = Scene()
    first, second = await asyncio.gather(scene.watch(), scene.watch())
    other = await scene.watch(limit=1)
    assert scene.lamps.pages_count == 2
    scene.light("L0", 9)
    await scene.turns()
    assert scene.lamps.rows_read == [{"L0"}]
    assert first.told == second.told
    assert first.shown["L0"] == other.shown["L0"] == {"id": "L0", "light": 9, "blinks": 0}


async def test_with_nobody_there_nothing_is_read_and_nothing_is_kept() -> None:
    scene = Scene()
    watcher = Watcher()
    feed = await scene.hub.open(viewer(), "lamps", {}, watcher)
    scene.hub.close(feed, watcher)
    scene.hub.close(feed, watcher)
    assert scene.hub.feeds_count == 0
    scene.light("L0", 9)
    await scene.turns(400)
    assert (scene.lamps.pages_count, scene.lamps.rows_read, watcher.told) == (1, [], [])


async def test_what_is_not_different_is_not_told() -> None:
    scene = Scene()
    watcher = await scene.watch()
    scene.hub.hear(said("L0"))
    await scene.turns()
    assert scene.lamps.rows_read == [{"L0"}]
    assert len(watcher.told) == 1


async def test_what_is_only_in_memory_needs_no_reading() -> None:
    scene = Scene()
    watcher = await scene.watch()
    scene.lamps.blinks["L2"] = 4
    scene.hub.hear(blinked("L2"))
    await scene.turns()
    assert scene.lamps.rows_read == []
    assert watcher.shown["L2"]["blinks"] == 4


async def test_a_new_row_comes_into_its_place_and_pushes_the_last_one_out() -> None:
    scene = Scene(3)
    watcher = await scene.watch(limit=3)
    scene.lamps.lights["L00"] = 7
    scene.hub.hear(came("L00"))
    await scene.turns(4)
    assert [each["id"] for each in watcher.items] == ["L0", "L00", "L1"]
    assert watcher.state["next"] is not None


async def test_a_row_that_is_gone_is_removed() -> None:
    scene = Scene(3)
    watcher = await scene.watch()
    del scene.lamps.lights["L1"]
    scene.hub.hear(said("L1"))
    await scene.turns(5)
    assert [each["id"] for each in watcher.items] == ["L0", "L2"]


async def test_a_change_over_rest_is_seen_without_an_event_and_only_by_its_tenant() -> None:
    scene = Scene(1)
    watcher = await scene.watch()
    scene.lamps.lights["L9"] = 1
    scene.hub.changed(UUID(int=2))
    await scene.turns(5)
    assert [*watcher.shown] == ["L0"]
    scene.hub.changed(TENANT_ID)
    await scene.turns(5)
    assert [*watcher.shown] == ["L0", "L9"]


async def test_without_any_event_a_page_is_read_again_after_a_while() -> None:
    scene = Scene(1)
    watcher = await scene.watch()
    scene.lamps.lights["L0"] = 5
    await scene.turns(int(29 / TURN_S))
    assert scene.lamps.pages_count == 1
    await scene.turns(int(2 / TURN_S))
    assert watcher.shown["L0"]["light"] == 5


async def test_whole_pages_are_read_at_most_once_in_their_pause() -> None:
    scene = Scene(1)
    await scene.watch()
    for _ in range(40):
        scene.hub.hear(came("L0"))
        await scene.turns()
    assert scene.lamps.pages_count == 1 + 10


async def test_a_filter_by_state_is_kept_when_rows_outside_of_the_page_change() -> None:
    scene = Scene(3)
    watcher = await scene.watch(least=5)
    assert watcher.items == []
    scene.light("L1", 6)
    await scene.turns(4)
    assert [*watcher.shown] == ["L1"]
    scene.light("L1", 0)
    await scene.turns(4)
    assert watcher.items == []


async def test_one_thing_is_patched_by_paths() -> None:
    scene = Scene(2)
    watcher = await scene.watch("whole")
    assert watcher.state == {"sum": {"lamps": 2, "light": 1}, "names": ["L0", "L1"]}
    scene.light("L1", 11)
    await scene.turns(2)
    assert watcher.told[1]["patch"] == [{"op": "set", "path": "sum.light", "value": 11}]


async def test_an_event_while_a_page_is_being_read_is_not_lost() -> None:
    scene = Scene(1)
    scene.lamps.gate = asyncio.Event()
    opening = asyncio.create_task(scene.watch())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert scene.lamps.pages_count == 1
    scene.light("L0", 50)
    scene.lamps.gate.set()
    watcher = await opening
    assert watcher.shown["L0"]["light"] == 0
    await scene.turns()
    assert watcher.shown["L0"]["light"] == 50


async def test_who_goes_before_the_page_is_there_leaves_nothing_behind() -> None:
    scene = Scene(1)
    scene.lamps.gate = asyncio.Event()
    opening = asyncio.create_task(scene.watch())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
    assert scene.hub.feeds_count == 0
    scene.lamps.gate.set()
    await scene.turns(2)
    scene.light("L0", 3)
    await scene.turns(2)
    assert scene.lamps.rows_read == []


async def test_a_view_that_is_not_there_not_allowed_or_asked_wrongly_is_refused() -> None:
    scene = Scene(1)
    with refused("not-found"):
        await scene.watch("moon")
    with refused("forbidden"):
        await scene.hub.open(viewer("stations:read"), "lamps", {}, Watcher())
    for wrong in ({"limit": 1_001}, {"limit": "1"}, {"colour": "red"}, {"cursor": "?"}):
        with refused("invalid-request"):
            await scene.watch(**wrong)
    assert scene.hub.feeds_count == 0


async def test_a_refusal_names_the_parameter() -> None:
    with pytest.raises(Problem) as caught:
        await Scene(1).watch(limit=0)
    assert [each.field for each in caught.value.errors] == ["parameters.limit"]


async def test_no_more_pages_are_watched_than_may_be() -> None:
    scene = Scene(1)
    for limit in range(1, 6):
        await scene.watch(limit=limit)
    with refused("too-many-views"):
        await scene.watch(limit=6)
    await scene.watch(limit=5)  # one that is there already costs nothing


async def test_another_tenant_hears_nothing_of_it() -> None:
    scene = Scene(1)
    watcher = Watcher()
    other = UUID(int=2)
    feed = await scene.hub.open(viewer(tenant_id=other), "lamps", {}, watcher)
    watcher.begin(feed)
    scene.light("L0", 4)
    await scene.turns()
    assert (scene.lamps.rows_read, len(watcher.told)) == ([], 1)
    scene.hub.hear(said("L0", other))
    await scene.turns()
    assert watcher.shown["L0"]["light"] == 4


async def test_while_the_database_is_away_nothing_is_lost() -> None:
    scene = Scene(2)
    watcher = await scene.watch()
    scene.lamps.error = StoreUnavailable("away")
    scene.light("L1", 77)
    scene.hub.hear(came("L2"))
    await scene.turns(5)
    assert watcher.problems == []
    scene.lamps.error = None
    scene.lamps.lights["L2"] = 1
    await scene.turns(5)
    assert [each["light"] for each in watcher.items] == [0, 77, 1]


async def test_a_thing_that_is_gone_ends_its_subscription_with_the_reason() -> None:
    scene = Scene(1)
    watcher = await scene.watch("whole")
    scene.lamps.lights.clear()
    scene.hub.hear(said("L0"))
    await scene.turns(3)
    assert [each.slug for each in watcher.problems] == ["not-found"]
    assert scene.hub.feeds_count == 0


async def test_a_fault_of_ours_in_one_view_ends_that_view_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scene = Scene(1)
    rows, whole = await scene.watch(), await scene.watch("whole")
    scene.lamps.error = KeyError("a bug")
    scene.light("L0", 8)
    await scene.turns(3)
    [problem] = rows.problems
    assert (problem.slug, problem.incident != "") == ("internal-error", True)
    assert problem.incident in caplog.text
    assert whole.state["sum"]["light"] == 8


async def test_the_hub_turns_by_itself_while_somebody_watches() -> None:
    scene = Scene(1)
    work = asyncio.create_task(scene.hub.run())
    watcher = await scene.watch()
    scene.light("L0", 5)
    await scene.clock.advance(TURN_S)
    assert watcher.shown["L0"]["light"] == 5
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


def test_two_views_cannot_have_one_name() -> None:
    with pytest.raises(ValueError, match="more than one block offers the view lamps"):
        Hub([*Lamps().views, *Lamps().views], SimulatedClock(NOW))


steps = st.lists(
    st.tuples(st.sampled_from(["light", "new", "gone", "turn", "join"]), st.integers(0, 8)),
    max_size=30,
)


@given(steps)
@settings(max_examples=60, deadline=None)
def test_in_any_story_every_watcher_ends_up_with_what_the_route_answers(
    story: list[tuple[str, int]],
) -> None:
    asyncio.run(_tell(story))


async def _tell(story: list[tuple[str, int]]) -> None:
    scene = Scene(3)
    kinds: list[dict[str, Any]] = [{}, {"limit": 2}, {"least": 2}]
    seen = [(kind, await scene.watch(**kind)) for kind in kinds]
    for step, number in story:
        name = f"L{number}"
        if step == "light" and name in scene.lamps.lights:
            scene.light(name, number * 7 % 5 + len(seen))
        elif step == "new":
            scene.lamps.lights.setdefault(name, number)
            scene.hub.hear(came(name))
        elif step == "gone" and scene.lamps.lights.pop(name, None) is not None:
            scene.hub.changed(TENANT_ID)
        elif step == "turn":
            await scene.turns(number)
        elif step == "join" and len(seen) < 8:
            kind = kinds[number % 3]
            seen.append((kind, await scene.watch(**kind)))
    await scene.turns(10)
    for kind, watcher in seen:
        page = await scene.lamps.page(TENANT_ID, msgspec.convert(kind, Wanted))
        assert watcher.items == msgspec.to_builtins(page.items)
        assert watcher.state == {"next": page.next}
