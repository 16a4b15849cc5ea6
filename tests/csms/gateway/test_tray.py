"""Rows that nobody waits for are written together, and none of them is written twice or lost."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import cache, partial

import pytest
from sqlalchemy import Connection, func, select

from chargeplane.csms.contract import Station
from chargeplane.csms.gateway.tray import DRAWERS, Tray
from chargeplane.domain.events import (
    Event,
    HeartbeatReceived,
    StationConnected,
    StationDisconnected,
)
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.bus import Bus, Published
from chargeplane.runtime.store import Function, Row, Store, frames, new_id
from chargeplane.runtime.store.frames import Direction, Shot
from tests.csms.making import TENANT_ID, station

NOW = datetime.now(UTC)
HOUR_S = 3_600.0


def shot(text: str = "[]") -> Shot:
    return Shot(new_id(), Direction.RECEIVED, NOW, 1, None, text)


def frame(station_id: str) -> Row:
    """Some row."""
    [row] = frames.strips(TENANT_ID, station_id, [shot()])
    return row


@cache
def named(station_id: str) -> Station:
    return station(Version.V2_1, station_id)


def beat() -> Published:
    event = HeartbeatReceived(
        tenant_id=str(TENANT_ID), station_id="CP0", reported_at=NOW, received_at=NOW
    )
    return Published(TENANT_ID, new_id(), event)


async def settle(store: Store) -> None:
    """Wait until what was given to the store is written, and told."""
    await store.write(Function(lambda connection: None))
    await asyncio.sleep(0)


def connected(station_id: str) -> Published:
    event = StationConnected(
        tenant_id=str(TENANT_ID),
        station_id=station_id,
        reported_at=NOW,
        received_at=NOW,
        ocpp_version=Version.V2_1,
        transport="json",
        security_profile=0,
        epoch=1,
        remote_address="192.0.2.1",
    )
    return Published(TENANT_ID, new_id(), event)


async def stored(store: Store) -> dict[str, int]:
    """How many frames of each station are in the store."""

    def look(connection: Connection) -> dict[str, int]:
        each = frames.frame_strips.c
        query = select(each.station_id, func.sum(each.frames_count)).group_by(each.station_id)
        return {row[0]: row[1] for row in connection.execute(query)}

    return await store.read(look)


async def test_a_few_frames_are_written_when_the_pause_is_over(sqlite_store: Store) -> None:
    bus, told = Bus(), asyncio.Event()
    bus.listen(lambda event: told.set())
    tray = Tray(sqlite_store, bus, pause_s=0.01)
    tray.put([frame("CP0")], [beat()])
    for place in range(DRAWERS):
        tray.record(place, named(f"CP{place}"), shot())
    async with asyncio.timeout(10):
        await told.wait()
    assert await stored(sqlite_store) == {f"CP{n}": 2 if n == 0 else 1 for n in range(DRAWERS)}


async def test_under_load_drawers_are_emptied_one_after_the_other(sqlite_store: Store) -> None:
    tray = Tray(sqlite_store, Bus(), pause_s=HOUR_S, frames_kept_max=4 * DRAWERS)
    for _ in range(4):
        for place in range(DRAWERS):
            tray.record(place, named(f"CP{place}"), shot())
    await settle(sqlite_store)
    assert await stored(sqlite_store) == {"CP1": 4}
    for _ in range(4):
        tray.record(0, named("CP0"), shot())
    await settle(sqlite_store)
    assert await stored(sqlite_store) == {"CP1": 4, "CP2": 4}


async def test_a_lasting_load_keeps_no_frame_for_longer_than_its_drawers_turn(
    sqlite_store: Store,
) -> None:
    tray = Tray(sqlite_store, Bus(), pause_s=0.002, rows_at_once=0)
    for _ in range(3):
        tray.record(0, named("early"), shot())
    async with asyncio.timeout(10):
        while (await stored(sqlite_store)).get("early", 0) < 3:
            tray.record(1, named("busy"), shot())
            await asyncio.sleep(0.001)
    tray.flush()
    await settle(sqlite_store)
    assert (await stored(sqlite_store))["early"] == 3


async def test_a_flush_writes_everything_and_then_tells_the_events(sqlite_store: Store) -> None:
    bus, told = Bus(), list[Event]()
    bus.listen(told.append)
    tray = Tray(sqlite_store, bus, pause_s=HOUR_S)
    published = beat()
    tray.put([frame("CP0")], [published])
    for place in range(DRAWERS):
        tray.record(place, named(f"CP{place}"), shot())
    assert told == []
    assert tray.waiting_count == 1 + DRAWERS
    tray.flush()
    assert tray.waiting_count == 1 + DRAWERS  # under way
    await settle(sqlite_store)
    assert tray.waiting_count == 0
    assert told == [published.event]
    assert await stored(sqlite_store) == {f"CP{n}": 2 if n == 0 else 1 for n in range(DRAWERS)}


@pytest.mark.parametrize("way", ["record", "put"])
async def test_what_is_too_much_is_dropped_and_counted(sqlite_store: Store, way: str) -> None:
    tray = Tray(sqlite_store, Bus(), pause_s=HOUR_S, rows_max=10)
    for _ in range(15):
        if way == "record":
            tray.record(0, named("CP0"), shot())
        else:
            tray.put([frame("CP0")])
    assert tray.dropped_count == 5
    tray.flush()
    await settle(sqlite_store)
    assert await stored(sqlite_store) == {"CP0": 10}
    tray.record(0, named("CP0"), shot())  # there is room again
    assert tray.dropped_count == 5
    tray.flush()


def test_a_station_keeps_its_place() -> None:
    places = {Tray.place_of(f"CP{n}") for n in range(200)}
    assert places == set(range(DRAWERS))
    assert Tray.place_of("CP7") == Tray.place_of("CP7")


async def test_an_answer_lies_beside_its_call_until_that_is_handed_over(
    sqlite_store: Store,
) -> None:
    tray = Tray(sqlite_store, Bus(), pause_s=HOUR_S)
    slip = tray.record(0, named("CP0"), shot("call"))
    assert tray.answered(0, slip, NOW, "answer")
    tray.flush()
    assert not tray.answered(0, slip, NOW, "too late")
    await settle(sqlite_store)
    look = partial(frames.recent, tenant_id=TENANT_ID, station_id="CP0", count_max=9)
    assert [each.text for each in await sqlite_store.read(look)] == ["answer", "call"]


async def test_nothing_lies_beside_a_frame_that_was_dropped(sqlite_store: Store) -> None:
    tray = Tray(sqlite_store, Bus(), pause_s=HOUR_S, rows_max=0)
    assert not tray.answered(0, tray.record(0, named("CP0"), shot()), NOW, "answer")
    assert tray.dropped_count == 1


async def test_frames_that_could_not_be_stored_are_counted(sqlite_store: Store) -> None:
    tray = Tray(sqlite_store, Bus(), pause_s=HOUR_S)
    unknown = station(Version.V2_1, "CP0")
    unknown.tenant_id = new_id()
    for _ in range(3):
        tray.record(0, unknown, shot())
    tray.flush()
    await settle(sqlite_store)
    assert tray.dropped_count == 3
    assert await stored(sqlite_store) == {}


async def test_what_a_station_says_is_told_after_its_connection(sqlite_store: Store) -> None:
    bus, told = Bus(), list[tuple[str, str]]()
    bus.listen(lambda event: told.append((event.station_id, type(event).__name__)))
    tray = Tray(sqlite_store, bus, pause_s=HOUR_S)
    tray.put([frame("CP0")], [connected("CP0")])
    tray.tell(station(Version.V2_1, "CP0"), [beat()])
    assert told == []
    tray.tell(station(Version.V2_1, "CP1"), [beat()])  # it has been here for long
    assert told == [("CP0", "HeartbeatReceived")]
    told.clear()
    tray.flush()
    tray.tell(station(Version.V2_1, "CP0"), [beat()])  # the commit is under way
    await settle(sqlite_store)
    assert [name for _, name in told] == ["StationConnected", *["HeartbeatReceived"] * 2]
    tray.tell(station(Version.V2_1, "CP0"), [beat()])
    assert len(told) == 4


async def test_what_a_station_has_said_is_told_before_it_goes_and_comes_again(
    sqlite_store: Store,
) -> None:
    bus, told = Bus(), list[str]()
    bus.listen(lambda event: told.append(type(event).__name__))
    tray, at = Tray(sqlite_store, bus, pause_s=HOUR_S), station(Version.V2_1, "CP0")
    gone = StationDisconnected(
        tenant_id=str(TENANT_ID), station_id="CP0", reported_at=NOW, received_at=NOW, epoch=1,
        reason="closed",
    )  # fmt: skip
    tray.put([frame("CP0")], [connected("CP0")])
    tray.tell(at, [beat()])
    tray.put([frame("CP0")], [Published(TENANT_ID, new_id(), gone)])
    tray.flush()
    tray.put([frame("CP0")], [connected("CP0")])
    tray.tell(at, [beat()])
    tray.flush()
    tray.tell(at, [beat()])
    await settle(sqlite_store)
    comes = ["StationConnected", "HeartbeatReceived"]
    assert told == [*comes, "StationDisconnected", *comes, "HeartbeatReceived"]


async def test_what_a_station_says_is_told_also_if_its_connection_never_is(
    sqlite_store: Store,
) -> None:
    bus, told = Bus(), list[Event]()
    bus.listen(told.append)
    tray = Tray(sqlite_store, bus, pause_s=HOUR_S)
    [nobodys] = frames.strips(new_id(), "CP0", [shot()])
    tray.put([nobodys], [connected("CP0")])
    tray.tell(station(Version.V2_1, "CP0"), [beat()])
    assert told == []
    tray.flush()
    await settle(sqlite_store)
    assert [type(event) for event in told] == [HeartbeatReceived]


async def test_at_the_end_what_waits_for_its_connection_is_told_too(sqlite_store: Store) -> None:
    bus, told = Bus(), list[str]()
    bus.listen(lambda event: told.append(type(event).__name__))
    tray = Tray(sqlite_store, bus, pause_s=HOUR_S)
    tray.put([frame("CP0")], [connected("CP0")])
    tray.tell(station(Version.V2_1, "CP0"), [beat()])
    await tray.settle()
    assert told == ["StationConnected", "HeartbeatReceived"]
