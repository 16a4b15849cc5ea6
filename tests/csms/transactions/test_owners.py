"""Whose transactions are they, by what stations call them: on both engines, by an index."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, insert, text

from chargeplane.csms.transactions import owners as owners_module
from chargeplane.csms.transactions.owners import Owner, owners
from chargeplane.csms.transactions.tables import transaction_ids, transactions
from chargeplane.runtime.store import Function, Store, new_id
from tests.csms.making import NOW, TENANT_ID

OURS = [new_id() for _ in range(5)]
GIVEN = 2_000_000_001


def session(number: int, station_id: str, wire_id: str, family: int = 2) -> dict[str, Any]:
    return {
        "tenant_id": TENANT_ID,
        "station_id": station_id,
        "session_key": wire_id,
        "id": OURS[number],
        "family": family,
        "wire_id": wire_id,
        "state": "ended",
        "started_at": NOW - timedelta(minutes=number),
        "energy_wh": Decimal(0),
        "is_complete": True,
        "is_orphan": False,
        "remarks": "[]",
        "updated_at": NOW,
    }


@pytest.fixture
async def filled(store: Store) -> Store:
    def fill(connection: Connection) -> None:
        rows = [
            session(0, "A", "6f1b0c6e"),
            session(1, "B", "6f1b0c6e"),
            session(2, "A", "1"),
            session(3, "A", "12345678"),
            session(4, "A", str(GIVEN), family=1),
        ]
        connection.execute(insert(transactions), rows)
        given = {"tenant_id": TENANT_ID, "wire_id": GIVEN, "station_id": "A", "start_key": "k",
                 "status": "Accepted", "created_at": NOW}  # fmt: skip
        connection.execute(insert(transaction_ids), [given])

    await store.write(Function(fill))
    return store


async def of(store: Store, *wire_ids: str, tenant_id: UUID = TENANT_ID) -> set[Owner]:
    look = partial(owners, tenant_id=tenant_id, wire_ids=wire_ids, characters_min=8)
    return set(await store.read(look))


async def test_ids_that_we_have_given_and_long_ones_of_2_x_are_found(filled: Store) -> None:
    given = Owner(str(GIVEN), "A", None)
    theirs = {Owner("6f1b0c6e", "A", OURS[0]), Owner("6f1b0c6e", "B", OURS[1])}
    counted = Owner("12345678", "A", OURS[3])
    assert await of(filled, str(GIVEN)) == {given}
    assert await of(filled, str(GIVEN), "6f1b0c6e", "12345678") == {given, counted, *theirs}
    assert await of(filled, "6f1b0c6e", tenant_id=new_id()) == set()


async def test_short_names_are_at_many_stations_and_found_at_none(filled: Store) -> None:
    strange = ("1", "0", "-1", "", "٣٤٥٦٧٨٩٠", "9" * 10, f"0{GIVEN}", "9" * 4_000)
    assert await of(filled, *strange) == set()


async def test_what_is_looked_at_is_bounded(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owners_module, "FOUND_MAX", 1)
    assert len(await of(filled, "6f1b0c6e")) == 1


async def test_no_look_up_reads_the_whole_table(sqlite_store: Store) -> None:
    def plan(connection: Connection) -> str:
        query = (
            "EXPLAIN QUERY PLAN SELECT id FROM transactions "
            "WHERE tenant_id = 'x' AND family = 2 AND wire_id IN ('a', 'b')"
        )
        return repr(connection.execute(text(query)).fetchall())

    assert "USING INDEX ix_transactions_wire_id" in await sqlite_store.read(plan)
