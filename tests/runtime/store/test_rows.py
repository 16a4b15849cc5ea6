"""Rows of many units go to the database together, and none of them suffers from another."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, select

from chargeplane.runtime.store import Function, Row, Rows, Settings, Sink, Store, StoreUnavailable
from chargeplane.runtime.store.rows import ROWS_AT_ONCE_MAX, _statement
from tests.runtime.store.ledger import NOW, TENANT_ID, WITH_LEDGER, ledger, make_tenant
from tests.waiting import until

COLUMNS = ("tenant_id", "station_id", "seq", "amount", "at", "note")
FIRST_STAYS = Sink(ledger, COLUMNS)
LAST_COUNTS = Sink(ledger, COLUMNS, update=["amount", "note"])


@pytest.fixture
async def narrow(settings: Settings) -> AsyncIterator[Store]:
    """A store with room for two."""
    async with Store(replace(settings, waiting_units_max=2), WITH_LEDGER) as store:
        await store.write(Function(make_tenant))
        yield store


def row(sink: Sink, seq: int, note: str | None = None, station_id: str = "one") -> Row:
    return sink, (TENANT_ID, station_id, seq, Decimal("1.10"), NOW, note)


def notes(connection: Connection) -> dict[tuple[str, int], str | None]:
    found = connection.execute(select(ledger.c.station_id, ledger.c.seq, ledger.c.note))
    return {(station_id, seq): note for station_id, seq, note in found}


def whole(connection: Connection) -> Sequence[Any]:
    return connection.execute(select(*(ledger.c[name] for name in COLUMNS))).one()


async def test_a_row_comes_back_as_it_was_given(store: Store) -> None:
    await store.write(Rows((row(FIRST_STAYS, 1, "höher ␀"),)))
    assert tuple(await store.read(whole)) == (
        TENANT_ID, "one", 1, Decimal("1.10"), NOW, "höher ␀",
    )  # fmt: skip


async def test_a_sink_takes_no_rows_at_all(store: Store) -> None:
    await store.write(Function(lambda connection: FIRST_STAYS.write(connection, [])))
    assert await store.read(notes) == {}


async def test_the_first_row_of_a_key_stays_where_the_sink_does_not_update(store: Store) -> None:
    await store.write(Rows((row(FIRST_STAYS, 1, "first"), row(FIRST_STAYS, 1, "second"))))
    await store.write(Rows((row(FIRST_STAYS, 1, "third"),)))
    assert await store.read(notes) == {("one", 1): "first"}


async def test_the_last_row_of_a_key_counts_where_the_sink_updates(store: Store) -> None:
    await store.write(Rows((row(LAST_COUNTS, 1, "first"), row(LAST_COUNTS, 1, "second"))))
    assert await store.read(notes) == {("one", 1): "second"}
    await store.write(Rows((row(LAST_COUNTS, 1, "third"),)))
    assert await store.read(notes) == {("one", 1): "third"}


async def test_the_rows_of_a_batch_cost_a_few_statements(store: Store) -> None:
    gate = threading.Event()
    first = asyncio.create_task(store.write(Function(lambda connection: gate.wait(5))))
    units = [Rows((row(FIRST_STAYS, n),)) for n in range(300)]
    writes = [asyncio.create_task(store.write(unit)) for unit in units]
    await until(lambda: store.health.waiting_units == 301)
    before = _statement.cache_info()
    gate.set()
    await asyncio.gather(first, *writes)
    after = _statement.cache_info()
    assert len(await store.read(notes)) == 300
    # Some may have come into the batch of the unit before them.
    statements = after.hits + after.misses - before.hits - before.misses
    assert statements <= -(-300 // ROWS_AT_ONCE_MAX) + 1


async def test_a_poisoned_row_takes_no_other_unit_with_it(store: Store) -> None:
    gate = threading.Event()
    first = asyncio.create_task(store.write(Function(lambda connection: gate.wait(5))))
    good = [store.write(Rows((row(FIRST_STAYS, n),))) for n in range(20)]
    nul = store.write(Rows((row(FIRST_STAYS, 50), row(FIRST_STAYS, 51, "a\0b"))))
    wrong = store.write(Rows(((FIRST_STAYS, (TENANT_ID, "one", 52, "not a number", NOW, None)),)))
    together = asyncio.gather(*good[:10], nul, wrong, *good[10:], return_exceptions=True)
    await asyncio.sleep(0)
    gate.set()
    results = await together
    await first
    errors = [each for each in results if each is not None]
    assert [type(each) for each in errors] == [ValueError, AttributeError]
    assert set(await store.read(notes)) == {("one", n) for n in range(20)}


async def test_a_unit_behind_rows_sees_them(store: Store) -> None:
    gate = threading.Event()
    first = asyncio.create_task(store.write(Function(lambda connection: gate.wait(5))))
    rows = asyncio.create_task(store.write(Rows((row(FIRST_STAYS, 1, "seen"),))))
    look = asyncio.create_task(store.write(Function(notes)))
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(first, rows)
    assert await look == {("one", 1): "seen"}


async def test_submit_tells_when_the_rows_are_durable(store: Store) -> None:
    told: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
    assert store.submit(Rows((row(FIRST_STAYS, 1),)), lambda _, error: told.set_result(error))
    assert await told is None
    assert set(await store.read(notes)) == {("one", 1)}


async def test_submit_refuses_when_the_queue_is_full_and_write_waits(narrow: Store) -> None:
    store, gate = narrow, threading.Event()
    told: list[Exception | None] = []
    blocked = asyncio.create_task(store.write(Function(lambda connection: gate.wait(5))))
    await asyncio.sleep(0)
    assert store.submit(Rows((row(FIRST_STAYS, 1),)), lambda _, error: told.append(error))
    assert not store.submit(Rows((row(FIRST_STAYS, 2),)), lambda _, error: told.append(error))
    with pytest.raises(StoreUnavailable, match="no room"):
        await store.write(Rows((row(FIRST_STAYS, 3),)), deadline_s=0.05)
    waiting = asyncio.create_task(store.write(Rows((row(FIRST_STAYS, 4),))))
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(blocked, waiting)
    assert told == [None]
    assert set(await store.read(notes)) == {("one", 1), ("one", 4)}


async def test_a_fault_of_one_who_was_told_keeps_no_other_waiting(store: Store) -> None:
    noted: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: noted.append(str(context["exception"])))
    told: asyncio.Future[None] = loop.create_future()

    def fails(_: object, error: Exception | None) -> None:
        raise ValueError("our fault")

    assert store.submit(Rows((row(FIRST_STAYS, 1),)), fails)
    assert store.submit(Rows((row(FIRST_STAYS, 2),)), lambda _, error: told.set_result(None))
    await told
    assert noted == ["our fault"]
    assert set(await store.read(notes)) == {("one", 1), ("one", 2)}
