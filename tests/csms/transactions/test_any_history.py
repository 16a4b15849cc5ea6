"""Message by message, with restarts between, the rows say what the fold of everything says."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, select

from chargeplane.csms.contract import Heard, Station
from chargeplane.csms.transactions import Transactions, tables
from chargeplane.csms.transactions.posting import post
from chargeplane.csms.transactions.rows import values_of
from chargeplane.domain.ledger import EntryKind, LedgerEntry, Session, fold
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.store import Function, Rows, Store, new_id
from tests.csms.making import NOW, TENANT_ID, station
from tests.domain.ledger import telling
from tests.domain.ledger.histories import history
from tests.soak import cases

HISTORIES = cases(120, 30)
APART = {"tenant_id", "station_id", "id", "updated_at", "charging_state", "remote_start_id"}
TELLS = telling.Station(1)
VERSIONS = {1: Version.V1_6, 2: Version.V2_1}


def entries_of(random: Random, family: int, name: str) -> list[LedgerEntry]:
    """A history as it arrives: mostly in order, some messages late, some twice."""
    told = history(random, family).entries
    entries = [
        replace(each, station_id=name, tenant_id=str(TENANT_ID), frame_id=str(new_id()))
        for each in told
    ]
    entries = with_given_ids(entries)
    if random.random() < 0.4:
        for _ in range(random.randint(1, 4)):
            place = random.randrange(len(entries))
            entries.insert(min(len(entries), place + random.randint(1, 6)), entries.pop(place))
    if random.random() < 0.3:
        again = random.choice(entries)
        entries.insert(random.randrange(len(entries)), replace(again, frame_id=str(new_id())))
    return entries


def with_given_ids(entries: list[LedgerEntry]) -> list[LedgerEntry]:
    """A 1.x start that is repeated gets its first id again, and the station uses that one."""
    first: dict[str, str | None] = {}
    same: dict[str | None, str | None] = {}
    for each in entries:
        if each.family == 1 and each.kind is EntryKind.STARTED:
            same[each.transaction_id] = first.setdefault(each.key, each.transaction_id)
    return [
        replace(each, transaction_id=same[each.transaction_id], key="")
        if each.transaction_id in same
        else each
        for each in entries
    ]


async def take(
    store: Store, transactions: Transactions, station: Station, entry: LedgerEntry
) -> None:
    heard = Heard(station, None, UUID(entry.frame_id), entry.received_at)
    taken: Any = transactions.take(heard, entry)
    if inspect.isawaitable(taken):
        taken = await taken
    await store.write(Rows(taken.rows))


def rows_of(connection: Connection, name: str) -> list[dict[str, Any]]:
    query = select(tables.transactions).where(tables.transactions.c.station_id == name)
    return sorted(
        (without(row._asdict()) for row in connection.execute(query)),
        key=lambda row: row["session_key"],
    )


def without(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in APART}


def expected(sessions: Sequence[Session], at: Station) -> list[dict[str, Any]]:
    heard = Heard(at, None, new_id(), NOW)
    rows = [without(values_of(each, heard, new_id(), None, None)) for each in sessions]
    return sorted(rows, key=lambda row: str(row["session_key"]))


@pytest.mark.soak
@pytest.mark.parametrize("family", [1, 2])
async def test_the_rows_are_the_fold_of_all_that_was_said(sqlite_store: Store, family: int) -> None:
    transactions = Transactions(sqlite_store)
    for seed in range(HISTORIES):
        random = Random(f"{family}/{seed}")
        at = station(VERSIONS[family], f"{family}-{seed}")
        entries = entries_of(random, family, at.id)
        for entry in entries:
            await take(sqlite_store, transactions, at, entry)
            if random.random() < 0.1:
                at.forget()  # as after a restart
            if random.random() < 0.1:
                await sqlite_store.write(Function(partial(post, before=new_id())))
        rows = await sqlite_store.read(partial(rows_of, name=at.id))
        assert rows == expected(fold(entries), at), f"seed {family}/{seed}"


DAY_MIN = 24 * 60
NOBODYS = {
    "adopted by a transaction": [
        TELLS.start(0, 7, 0),
        TELLS.meter(60, 0, 4_000),
        TELLS.meter(120, 0, 9_000),
        TELLS.start(4 * DAY_MIN, 8, 0),
    ],
    "of a transaction without a start": [
        TELLS.meter(0, 0, 1_000),
        TELLS.meter(60, 0, 9_000),
        TELLS.meter(3 * DAY_MIN, 0, 10_000),
    ],
    "adopted by one that ended minutes before": [
        TELLS.start(0, 7, 0),
        TELLS.stop(60, 7, 9_000),
        TELLS.meter(64, 0, 9_000),
        TELLS.start(2 * DAY_MIN + 62, 8, 9_000),
        TELLS.meter(2 * DAY_MIN + 63, 0, 9_100),
    ],
}


@pytest.mark.parametrize("told", NOBODYS.values(), ids=NOBODYS)
async def test_what_named_no_transaction_days_ago_still_counts(
    store: Store, told: list[LedgerEntry]
) -> None:
    """However long ago a session began, it keeps what it has taken in."""
    transactions, at = Transactions(store), station(VERSIONS[1])
    entries = [
        replace(each, station_id=at.id, tenant_id=str(TENANT_ID), frame_id=str(new_id()))
        for each in told
    ]
    for entry in entries:
        await take(store, transactions, at, entry)
    sessions = fold(entries)
    assert sessions[0].energy_wh == 9_000
    assert await store.read(partial(rows_of, name=at.id)) == expected(sessions, at)


@pytest.mark.parametrize("family", [1, 2])
async def test_a_session_that_never_ended_takes_nothing_of_what_came_before_the_next_start(
    store: Store, family: int
) -> None:
    """What ended days ago, and may have been at the same EVSE, stands between the two registers."""
    tells = telling.Station(family)
    told = [
        tells.start(0, 7, 0),
        tells.meter(60, 7, 9_000, seq=1),
        tells.stop(5 * DAY_MIN, 8, 20_000, seq=5),
        tells.start(8 * DAY_MIN, 9, 30_000),
        tells.meter(8 * DAY_MIN + 60, 0, 31_000, seq=7),  # folded once more, without a new start
    ]
    transactions, at = Transactions(store), station(VERSIONS[family])
    entries = [
        replace(each, station_id=at.id, tenant_id=str(TENANT_ID), frame_id=str(new_id()))
        for each in told
    ]
    for n, entry in enumerate(entries, 1):
        await take(store, transactions, at, entry)
        found = await store.read(partial(rows_of, name=at.id))
        assert found == expected(fold(entries[:n]), at)
    assert fold(entries)[0].energy_wh == 9_000
