"""Old frames and told events go; everything else stays."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from chargeplane.csms.housekeeping import Housekeeping
from chargeplane.csms.preferences import Preferences
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import Function, Store, frames, id_at, new_id, outbox
from tests.csms.making import NOW, TENANT_ID


def frame(station_id: str, days_ago: float, number: int) -> frames.Frame:
    at = NOW - timedelta(days=days_ago)
    frame_id = type(new_id())(int=id_at(at).int | number)
    return frames.Frame(
        TENANT_ID, station_id, frame_id, frames.Direction.RECEIVED, at, 1, None, "text"
    )


def kept(connection: Connection, station_id: str) -> int:
    return len(frames.recent(connection, TENANT_ID, station_id, count_max=10_000))


async def test_frames_that_are_too_old_or_too_many_go(store: Store) -> None:
    def fill(connection: Connection) -> None:
        for number in range(30):
            frames.append(connection, frame("chatty", 1, number))
        frames.append(connection, frame("quiet", 1, 1))
        frames.append(connection, frame("quiet", 40, 2))

    await store.write(Function(fill))
    wanted = Preferences(frames_kept_max=20)
    keeping = Housekeeping(store, SimulatedClock(NOW), preferences=lambda tenant_id: wanted)
    assert await keeping.once() == 11
    assert await store.read(partial(kept, station_id="chatty")) == 20
    assert await store.read(partial(kept, station_id="quiet")) == 1
    assert await keeping.once() == 0


async def test_events_stay_until_every_reader_has_them(store: Store) -> None:
    entry = outbox.Entry(TENANT_ID, id_at(NOW - timedelta(days=5)), "topic", "{}", NOW)
    await store.write(Function(partial(outbox.append, entry=entry)))
    keeping = Housekeeping(store, SimulatedClock(NOW))
    assert await keeping.once() == 0
    position = outbox.settled(NOW)
    await store.write(
        Function(partial(outbox.confirm, tenant_id=TENANT_ID, reader="bus", position=position))
    )
    assert await keeping.once() == 1
