"""Entries are in the day book or in the ledger, and whoever reads the ledger finds each once."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import Connection, Table, func, select, text

from chargeplane.csms.contract import Heard, Station
from chargeplane.csms.transactions import Transactions, listing, tables
from chargeplane.csms.transactions.posting import Posting, post
from chargeplane.csms.transactions.service import Taken
from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.ledger import EntryKind, LedgerEntry
from chargeplane.domain.metering import MeterValue
from chargeplane.runtime.store import Function, Rows, Settings, Store, new_id
from tests.csms.making import NOW, TENANT_ID, make_tenant, station


def entry(seq_no: int, kind: EntryKind = EntryKind.UPDATED) -> LedgerEntry:
    at = NOW + timedelta(minutes=seq_no)
    return LedgerEntry(
        tenant_id=str(TENANT_ID),
        station_id="CP1",
        family=2,
        kind=kind,
        reported_at=at,
        received_at=at,
        frame_id=str(new_id()),
        transaction_id="tx1",
        seq_no=seq_no,
        evse=EvseAddress(1, 1),
        meter_values=(MeterValue(sampled_at=at, value=Decimal(1_000 + 10 * seq_no)),),
    )


async def take(store: Store, block: Transactions, at: Station, said: LedgerEntry) -> Taken:
    """As the gateway does it."""
    taken = block.take(Heard(at, None, UUID(said.frame_id), said.received_at), said)
    taken = taken if isinstance(taken, Taken) else await taken
    await store.write(Rows(taken.rows))
    return taken


async def charge(store: Store, at: Station, count: int) -> list[LedgerEntry]:
    """A transaction that has begun, and so many samples."""
    said = [entry(0, EntryKind.STARTED), *(entry(1 + n) for n in range(count))]
    block = Transactions(store)
    for each in said:
        await take(store, block, at, each)
    return said


def post_all(connection: Connection) -> None:
    """Post what is there."""
    post(connection, new_id())


async def held(store: Store, table: Table) -> int:
    """How many rows there are."""

    def look(connection: Connection) -> int:
        return connection.scalar(select(func.count()).select_from(table)) or 0

    return await store.read(look)


async def read(store: Store) -> list[LedgerEntry]:
    """What the fold finds, in the order of arrival."""
    looking = partial(
        tables.entries_of, tenant_id=TENANT_ID, station_id="CP1", wire_ids=["tx1", "tx2"]
    )
    return sorted(await store.read(looking), key=lambda each: each.frame_id)


async def test_samples_are_in_the_day_book_and_then_in_the_ledger(store: Store) -> None:
    said = await charge(store, station(), 5)
    assert (await held(store, tables.posted), await held(store, tables.daybook)) == (1, 5)
    assert await read(store) == said
    await store.write(Function(post_all))
    assert (await held(store, tables.posted), await held(store, tables.daybook)) == (6, 0)
    assert await read(store) == said


async def test_the_pages_of_a_ledger_are_the_same_before_and_after(store: Store) -> None:
    said = await charge(store, station(), 5)

    def pages(connection: Connection) -> list[list[LedgerEntry]]:
        row = listing.by_wire_id(connection, TENANT_ID, "CP1", "tx1")
        assert row is not None
        found = [listing.entries(connection, row, None, 4)]
        found.append(listing.entries(connection, row, UUID(found[0][-1].frame_id), 4))
        return found

    assert await store.read(pages) == [said[:4], said[4:]]
    await store.write(Function(post_all))
    assert await store.read(pages) == [said[:4], said[4:]]


async def test_an_entry_in_both_places_is_read_once(store: Store) -> None:
    """As after a commit that nobody knew the end of, run again behind the posting of its rows."""
    at = station()
    said = await charge(store, at, 2)
    block = Transactions(store)
    taken = await take(store, block, at, entry(3))
    await store.write(Function(post_all))
    await store.write(Rows(taken.rows))
    assert await held(store, tables.daybook) == 1
    assert len(await read(store)) == len(said) + 1
    await store.write(Function(post_all))
    assert (await held(store, tables.posted), await held(store, tables.daybook)) == (4, 0)


async def test_a_message_out_of_order_is_folded_with_what_is_not_posted(store: Store) -> None:
    at = station()
    await charge(store, at, 5)
    taken = await take(store, Transactions(store), at, entry(9))  # 6 to 8 are missing
    assert taken.rows[0][0] is tables.LEDGER_SINK
    row = await store.read(
        partial(listing.by_wire_id, tenant_id=TENANT_ID, station_id="CP1", wire_id="tx1")
    )
    assert row is not None
    assert row["energy_wh"] == Decimal(90)


async def test_a_restart_between_resumes_what_is_not_posted(settings: Settings) -> None:
    async with Store(settings) as store:
        await store.write(Function(make_tenant))
        await charge(store, station(), 5)
    async with Store(settings) as store:
        taken = await take(store, Transactions(store), station(), entry(6))
        assert taken.rows[0][0] is tables.DAYBOOK_SINK  # the transaction is still ordinary
        assert len(await read(store)) == 7


async def test_it_posts_by_itself_what_was_told_before_the_posting_before(
    sqlite_store: Store,
) -> None:
    block, at = Transactions(sqlite_store, Posting(sqlite_store, pause_s=0.01)), station()
    said = [entry(0, EntryKind.STARTED), entry(1), entry(2)]
    for each in said:
        await take(sqlite_store, block, at, each)
    async with asyncio.timeout(10):
        while await held(sqlite_store, tables.posted) < 3:
            said.append(entry(len(said)))
            await take(sqlite_store, block, at, said[-1])
    assert await held(sqlite_store, tables.daybook) >= 1  # the newest one
    assert await read(sqlite_store) == said


async def test_with_many_entries_nobody_waits(sqlite_store: Store) -> None:
    posting = Posting(sqlite_store, pause_s=3_600.0, entries_max=10)
    block, at = Transactions(sqlite_store, posting), station()
    for each in [entry(0, EntryKind.STARTED), *(entry(1 + n) for n in range(20))]:
        await take(sqlite_store, block, at, each)
    assert await held(sqlite_store, tables.daybook) == 20  # one posting, with none told before it
    await take(sqlite_store, block, at, entry(21))
    assert await held(sqlite_store, tables.daybook) == 11
    assert await held(sqlite_store, tables.posted) == 11


async def test_nothing_is_posted_while_an_earlier_run_has_left_something_to_tell(
    sqlite_store: Store,
) -> None:
    posting = Posting(sqlite_store, may_post=lambda: False, pause_s=3_600.0, entries_max=2)
    block, at = Transactions(sqlite_store, posting), station()
    for each in [entry(0, EntryKind.STARTED), *(entry(1 + n) for n in range(9))]:
        await take(sqlite_store, block, at, each)
    assert await held(sqlite_store, tables.daybook) == 9


async def test_after_a_posting_that_failed_nothing_counts_as_told(sqlite_store: Store) -> None:
    posting = Posting(sqlite_store, pause_s=3_600.0, entries_max=1)
    block, at = Transactions(sqlite_store, posting), station()
    for each in [entry(0, EntryKind.STARTED), entry(1)]:
        await take(sqlite_store, block, at, each)
    await sqlite_store.write(renaming("ledger_daybook", "mislaid"))
    posting.note(new_id())  # there is no day book to post from
    await sqlite_store.write(renaming("mislaid", "ledger_daybook"))
    await take(sqlite_store, block, at, entry(2))
    assert (await held(sqlite_store, tables.posted), await held(sqlite_store, tables.daybook)) == (
        1,
        2,
    )
    await take(sqlite_store, block, at, entry(3))
    assert await held(sqlite_store, tables.posted) == 2


def renaming(table: str, name: str) -> Function[None]:
    def rename(connection: Connection) -> None:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))

    return Function(rename)


async def test_a_closed_store_leaves_them_where_they_are(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with Store(settings) as store:
        posting = Posting(store, pause_s=3_600.0, entries_max=1)
        posting.note(new_id())
    posting.note(new_id())
    assert "stay in the day book" in caplog.text


async def test_an_end_in_order_leaves_them_there_without_a_word(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with Store(settings) as store:
        posting = Posting(store, pause_s=0.02)
        posting.note(new_id())
        posting.stop()
    await asyncio.sleep(0.1)
    assert not caplog.text
