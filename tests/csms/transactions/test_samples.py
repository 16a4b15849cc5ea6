"""Samples that no row of the outbox tells of are told after a crash all the same."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from uuid import UUID

from sqlalchemy import Connection, update

from chargeplane.csms.transactions import Transactions, samples_after
from chargeplane.csms.transactions.service import Taken
from chargeplane.csms.transactions.tables import daybook
from chargeplane.domain.events import Event, MeterSampled
from chargeplane.domain.ledger import EntryKind
from chargeplane.runtime.bus import Bus, Published, Relay
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import Function, Settings, Store, new_id
from tests.csms.making import TENANT_ID, make_tenant, station
from tests.csms.transactions.test_posting import charge, entry, post_all, take

START = UUID(int=0)


async def samples(store: Store, position: UUID = START, count_max: int = 100) -> list[Published]:
    looking = partial(samples_after, tenant_id=TENANT_ID, position=position, count_max=count_max)
    return await store.read(looking)


async def test_a_sample_is_the_event_that_was_told(store: Store) -> None:
    block, at, told = Transactions(store), station(), list[Event | None]()
    for each in [entry(0, EntryKind.STARTED), *(entry(1 + n) for n in range(5))]:
        taken: Taken = await take(store, block, at, each)
        told.append(taken.implied)
    found = await samples(store)
    assert told[0] is None  # of the start: it is in the outbox
    assert [each.event for each in found] == told[1:]
    assert {type(each) for each in told[1:]} == {MeterSampled}
    assert [str(each.id) for each in found] == [each.event.frame_id for each in found]


async def test_its_energy_is_what_had_flowed_then(store: Store) -> None:
    await charge(store, station(), 4)
    events = [each.event for each in await samples(store)]
    assert all(isinstance(each, MeterSampled) for each in events)
    energies = [each.energy_wh for each in events if isinstance(each, MeterSampled)]
    assert energies == [Decimal(10), Decimal(20), Decimal(30), Decimal(40)]


async def test_they_are_found_in_steps(store: Store) -> None:
    await charge(store, station(), 5)
    whole, steps, position = await samples(store), list[Published](), START
    while step := await samples(store, position, 2):
        assert len(step) <= 2
        steps += step
        position = step[-1].id
    assert steps == whole


async def test_what_is_posted_was_told(store: Store) -> None:
    await charge(store, station(), 5)
    await store.write(Function(post_all))
    assert await samples(store) == []


async def test_after_a_crash_the_relay_tells_them_among_the_others(store: Store) -> None:
    said = await charge(store, station(), 5)
    bus, told = Bus(), list[Event]()
    bus.listen(told.append)
    relay = Relay(store, bus, SimulatedClock(datetime.now(UTC)), (samples_after,), step_max=2)
    assert await relay.catch_up() == 5
    assert not relay.is_behind
    assert [each.frame_id for each in told] == [each.frame_id for each in said[1:]]


async def test_after_an_orderly_end_none_is_told_again(store: Store) -> None:
    clock = SimulatedClock(datetime.now(UTC))
    first = Relay(store, Bus(), clock, (samples_after,))
    await first.catch_up()
    await charge(store, station(), 5)
    await first.finish()
    assert await Relay(store, Bus(), clock, (samples_after,)).catch_up() == 0


async def test_what_this_run_tells_by_itself_is_left_to_it(store: Store) -> None:
    relay = Relay(store, Bus(), SimulatedClock(datetime.now(UTC)), (samples_after,))
    await charge(store, station(), 5)
    assert await relay.catch_up() == 0


async def test_ids_go_on_behind_the_newest_entry(settings: Settings) -> None:
    ahead = UUID(int=new_id().int + (60_000 << 80))
    async with Store(settings) as store:
        await store.write(Function(make_tenant))
        await charge(store, station(), 1)
        await store.write(Function(partial(put_ahead, frame_id=ahead)))
        assert new_id() < ahead
    async with Store(settings):
        assert new_id() > ahead


def put_ahead(connection: Connection, frame_id: UUID) -> None:
    """As if a clock that was ahead had made the id of what is in the day book."""
    connection.execute(update(daybook).values(frame_id=frame_id))
