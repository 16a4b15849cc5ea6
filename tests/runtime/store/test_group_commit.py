"""Many units share a commit, and none of them suffers from it."""

import asyncio
import threading
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError, StatementError

from chargeplane.runtime.store import Function, Settings, Statements, Store, StoreClosed, Unit
from chargeplane.runtime.store.store import Committed
from tests.runtime.store.ledger import (
    TENANT_ID,
    WITH_LEDGER,
    Entry,
    Plain,
    count,
    entries,
    events,
    ledger,
    make_tenant,
)


async def test_a_unit_is_stored_when_its_write_returns(store: Store) -> None:
    for seq in range(20):
        assert await store.write(Entry("one", seq))
        assert await store.read(count) == seq + 1


async def test_a_commit_waits_for_the_disk(store: Store, settings: Settings) -> None:
    """Only a power cut shows it: what a process has written outlives its kill in any case."""
    asked, wanted = "SHOW synchronous_commit", "on"
    if settings.url.startswith("sqlite"):
        asked, wanted = "PRAGMA synchronous", "2"  # FULL
    found = await store.write(Function(lambda connection: connection.scalar(text(asked))))
    assert str(found) == wanted


async def test_units_that_wait_together_share_a_commit(store: Store, commits: list[None]) -> None:
    gate = threading.Event()
    first = asyncio.create_task(store.write(Function(lambda connection: gate.wait(5))))
    writes = [asyncio.create_task(store.write(Entry(f"s{n % 50}", n))) for n in range(1_024)]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(first, *writes)
    # One for the first, which did not wait for the others, and 512 units to a batch.
    assert len(commits) == 3
    assert await store.read(count) == 1_024


async def test_a_batch_is_no_bigger_than_its_bound(settings: Settings) -> None:
    seen: list[Committed] = []
    bounded = replace(settings, batch_units_max=7)
    async with Store(bounded, WITH_LEDGER, seen.append) as store:
        await store.write(Function(make_tenant))
        await asyncio.gather(*(store.write(Entry("one", n)) for n in range(50)))
    assert max(batch.units for batch in seen) == 7
    assert sum(batch.units for batch in seen) == 51
    assert all(batch.took_s > 0 for batch in seen)


async def test_results_are_released_in_the_order_of_arrival(store: Store) -> None:
    released: list[int] = []

    async def write(number: int) -> None:
        await store.write(Entry("one", number))
        released.append(number)

    await asyncio.gather(*(write(number) for number in range(300)))
    assert released == list(range(300))
    assert await store.read(events) == [f"one {number}" for number in range(300)]


POISON: dict[str, tuple[Unit[Any], type[Exception]]] = {
    "a broken key": (Plain(3), IntegrityError),
    "a tenant that does not exist": (
        Plain(990, (("tenant_id", type(TENANT_ID)(int=1)),)),
        IntegrityError,
    ),
    "NUL in text": (Plain(991, (("note", "a\0b"),)), StatementError),
    "a lone surrogate": (Plain(992, (("note", "\ud800"),)), StatementError),
    "a number that is none": (Plain(993, (("amount", Decimal("NaN")),)), StatementError),
    "a constraint that is checked at the commit": (Plain(994, (("follows", 77),)), IntegrityError),
    "nonsense": (Statements((text("SELECT nonsense"),)), StatementError),
    "a bug": (Function(lambda connection: dict[str, int]()["key"]), KeyError),
}


@pytest.mark.parametrize("name", POISON)
async def test_a_poisoned_unit_fails_alone(store: Store, name: str) -> None:
    poison, error = POISON[name]
    await store.write(Plain(3))
    results = await asyncio.gather(
        *(store.write(Entry("before", n)) for n in range(20)),
        store.write(poison),
        *(store.write(Entry("after", n)) for n in range(20)),
        return_exceptions=True,
    )
    assert isinstance(results[20], error)
    assert results[:20] + results[21:] == [True] * 40
    assert await store.read(count) == 41
    assert len(await store.read(events)) == 40


async def test_many_poisoned_units_fail_alone_too(store: Store) -> None:
    units = [Entry("one", n, note="\0" if n % 3 == 0 else "fine") for n in range(100)]
    results = await asyncio.gather(*map(store.write, units), return_exceptions=True)
    for number, result in enumerate(results):
        assert isinstance(result, ValueError) if number % 3 == 0 else result is True
    assert await store.read(entries) == [("one", n) for n in range(100) if n % 3]


async def test_a_unit_that_hides_its_failed_statement_is_found_out(store: Store) -> None:
    def hide(connection: Connection) -> str:
        try:
            connection.execute(text("SELECT nonsense"))
        except StatementError:
            return "all is well"
        return "unreachable"

    await asyncio.gather(
        store.write(Entry("one", 1)),
        store.write(Function(hide)),
        store.write(Entry("one", 2)),
        return_exceptions=True,
    )
    assert await store.read(entries) == [("one", 1), ("one", 2)]


async def test_a_unit_that_runs_again_changes_nothing(store: Store) -> None:
    unit = Entry("one", 1)
    assert await store.write(unit)
    assert not await store.write(unit)
    assert not await store.write(Entry("one", 1))
    assert await store.read(events) == ["one 1"]


async def test_statements_are_a_unit(store: Store) -> None:
    row = {"tenant_id": TENANT_ID, "station_id": "one"}
    inserts = [ledger.insert().values(row | {"seq": seq}) for seq in (1, 2)]
    await store.write(Statements((*inserts, ledger.delete().where(ledger.c.seq == 1))))
    assert await store.read(entries) == [("one", 2)]


async def test_a_full_queue_makes_its_callers_wait_and_loses_nothing(settings: Settings) -> None:
    bounded = replace(settings, waiting_units_max=10, batch_units_max=4)
    most = 0
    async with Store(bounded, WITH_LEDGER) as store:
        await store.write(Function(make_tenant))

        async def write(number: int) -> None:
            nonlocal most
            await store.write(Entry("one", number))
            most = max(most, store.health.waiting_units)

        await asyncio.gather(*(write(number) for number in range(200)))
        assert await store.read(count) == 200
    assert most <= 10


async def test_a_caller_that_left_before_its_turn_leaves_no_row(settings: Settings) -> None:
    async with Store(replace(settings, batch_units_max=1), WITH_LEDGER) as store:
        await store.write(Function(make_tenant))
        gate = threading.Event()
        first = asyncio.create_task(store.write(Function(lambda connection: gate.wait(5))))
        writes = [asyncio.create_task(store.write(Entry("one", n))) for n in range(200)]
        await asyncio.sleep(0)
        writes[199].cancel()
        gate.set()
        await asyncio.wait([first, *writes])
        await store.write(Function(lambda connection: None))  # its turn is after that of all others
        assert await store.read(count) == 199
        assert store.health.waiting_units == 0


async def test_two_programs_on_one_database_store_each_unit_once(
    store: Store, settings: Settings
) -> None:
    """In opposite orders, so that on PostgreSQL they also run into each other's locks."""
    async with Store(settings, WITH_LEDGER) as other:
        here = [store.write(Entry("one", n)) for n in range(200)]
        there = [other.write(Entry("one", n)) for n in reversed(range(200))]
        created = await asyncio.gather(*here, *there)
    assert sum(created) == 200
    assert await store.read(count) == 200
    assert len(await store.read(events)) == 200


async def test_closing_commits_what_waits(settings: Settings) -> None:
    async with Store(settings, WITH_LEDGER) as store:
        await store.write(Function(make_tenant))
        writes = [asyncio.create_task(store.write(Entry("one", n))) for n in range(1_000)]
        await asyncio.sleep(0)
    assert all(await asyncio.gather(*writes))
    with pytest.raises(StoreClosed):
        await store.write(Entry("one", 1_000))
    async with Store(settings, WITH_LEDGER) as again:
        assert await again.read(count) == 1_000
