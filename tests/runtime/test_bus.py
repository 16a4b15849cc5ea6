"""The bus tells what is durable, in order, and after a crash what may not have been told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from chargeplane.domain.events import (
    Event,
    HeartbeatReceived,
    StationDisconnected,
    encode,
)
from chargeplane.runtime.bus import READER, Bus, Published, Relay
from chargeplane.runtime.clock import SimulatedClock, SystemClock
from chargeplane.runtime.store import Function, Settings, Store, new_id, outbox, time_of
from tests.runtime.store.ledger import TENANT_ID, make_tenant
from tests.waiting import until

NOW = datetime.now(UTC)


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    async with Store(settings) as store:
        await store.write(Function(make_tenant))
        yield store


def event(number: int) -> HeartbeatReceived:
    return HeartbeatReceived(
        tenant_id=str(TENANT_ID), station_id=f"CP{number}", reported_at=NOW, received_at=NOW
    )


async def keep(store: Store, numbers: range) -> list[Published]:
    """Events in the outbox, as a commit leaves them."""
    kept = [Published(TENANT_ID, new_id(), event(number)) for number in numbers]
    for each in kept:
        entry = outbox.Entry(TENANT_ID, each.id, "heartbeat", encode(each.event).decode(), NOW)
        await store.write(Function(partial(outbox.append, entry=entry)))
    return kept


def names(into: list[str]) -> Callable[[Event], None]:
    return lambda event: into.append(event.station_id)


def test_every_listener_is_told_in_order() -> None:
    bus, first, second = Bus(), list[str](), list[str]()
    bus.listen(names(first))
    bus.listen(names(second))
    bus.publish(Published(TENANT_ID, new_id(), event(number)) for number in range(3))
    assert first == second == ["CP0", "CP1", "CP2"]
    assert bus.published_count == 3


def test_a_listener_is_told_of_the_kinds_that_it_wants() -> None:
    bus, beats, all_of_them, none = Bus(), list[str](), list[str](), list[str]()
    bus.listen(names(beats), HeartbeatReceived)
    bus.listen(names(none), StationDisconnected)
    bus.publish([Published(TENANT_ID, new_id(), event(0))])
    bus.listen(names(all_of_them))
    bus.publish([Published(TENANT_ID, new_id(), event(1))])
    assert (beats, all_of_them, none) == (["CP0", "CP1"], ["CP1"], [])


async def test_a_listener_that_waits_or_fails_keeps_no_other_waiting(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bus, told, gate = Bus(), list[str](), asyncio.Event()

    async def waits(event: Event) -> None:
        await gate.wait()
        raise RuntimeError("no luck")

    bus.listen(waits)
    bus.listen(names(told))
    caplog.set_level(logging.ERROR)
    bus.publish([Published(TENANT_ID, new_id(), event(1))])
    assert told == ["CP1"]
    gate.set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert "a listener failed" in caplog.text


async def test_what_a_crash_kept_from_being_told_is_told_at_the_next_start(store: Store) -> None:
    await keep(store, range(25))
    bus, told = Bus(), list[str]()
    bus.listen(names(told))
    relay = Relay(store, bus, SimulatedClock(NOW), step_max=10)
    assert await relay.catch_up() == 25
    assert told == [f"CP{number}" for number in range(25)]


async def test_what_this_run_tells_by_itself_is_not_told_again(store: Store) -> None:
    await keep(store, range(3))
    bus, told = Bus(), list[str]()
    bus.listen(names(told))
    relay = Relay(store, bus, SimulatedClock(NOW))
    bus.publish(await keep(store, range(3, 5)))  # a station was quicker than the catching up
    assert await relay.catch_up() == 3
    assert sorted(told) == [f"CP{number}" for number in range(5)]


async def test_what_was_confirmed_is_not_told_again(store: Store) -> None:
    kept = await keep(store, range(3))
    # Other tests may have moved the clock of ids; it never goes back.
    late = time_of(kept[-1].id) + timedelta(seconds=outbox.LAG_S + 10)
    first = Relay(store, Bus(), SimulatedClock(late))
    await first.catch_up()
    await first.confirm()
    position = await store.read(partial(outbox.confirmed, tenant_id=TENANT_ID, reader=READER))
    assert position > kept[-1].id
    assert await Relay(store, Bus(), SimulatedClock(late)).catch_up() == 0


async def test_the_position_never_passes_what_was_not_told(store: Store) -> None:
    await keep(store, range(3))
    relay = Relay(store, Bus(), SimulatedClock(NOW + timedelta(days=1)))
    await relay.confirm()  # nothing was told yet
    assert await Relay(store, Bus(), SimulatedClock(NOW)).catch_up() == 3


async def test_the_relay_tells_and_confirms_by_itself(store: Store) -> None:
    await keep(store, range(3))
    bus, told = Bus(), list[str]()
    bus.listen(names(told))
    clock = SimulatedClock(NOW + timedelta(days=1))
    running = asyncio.create_task(Relay(store, bus, clock, pause_s=1).run())
    await until(lambda: len(told) >= 3)
    running.cancel()
    assert told == ["CP0", "CP1", "CP2"]


async def test_after_an_orderly_end_nothing_is_told_again(store: Store) -> None:
    relay = Relay(store, Bus(), SystemClock())
    await relay.catch_up()
    await keep(store, range(5))
    await relay.finish()
    assert await Relay(store, Bus(), SystemClock()).catch_up() == 0
