"""Rows that are there are changed by the hundred, in a few statements, on both engines alike."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, select

from chargeplane.runtime.store import Change, Row, Rows, Sink, Store, new_id
from chargeplane.runtime.store.rows import ROWS_AT_ONCE_MAX
from tests.runtime.store.ledger import NOW, TENANT_ID, ledger

KEY = ("tenant_id", "station_id", "seq")
ADD = Sink(ledger, [*KEY, "note"])
CHANGE = Change(ledger, ["amount", "tenant_id", "station_id", "seq", "at", "event_id"])
RENAME = Change(ledger, [*KEY, "note"])
LATER = NOW + timedelta(seconds=1)


def added(*seqs: int) -> Rows:
    return Rows(tuple((ADD, (TENANT_ID, "one", seq, f"note {seq}")) for seq in seqs))


def renamed(seq: int, note: str | None) -> Row:
    return RENAME, (TENANT_ID, "one", seq, note)


def whole(connection: Connection) -> list[tuple[Any, ...]]:
    names = ("seq", "amount", "at", "event_id", "note")
    query = select(*(ledger.c[name] for name in names)).order_by(ledger.c.seq)
    return [tuple(row) for row in connection.execute(query)]


def notes(connection: Connection) -> dict[int, str | None]:
    return {row[0]: row[-1] for row in whole(connection)}


async def test_a_change_touches_its_columns_and_no_others(store: Store) -> None:
    id_ = new_id()
    await store.write(added(1, 2))
    await store.write(Rows(((CHANGE, (Decimal("1.10"), TENANT_ID, "one", 2, LATER, id_)),)))
    assert await store.read(whole) == [
        (1, None, None, None, "note 1"),
        (2, Decimal("1.10"), LATER, id_, "note 2"),
    ]


async def test_a_change_can_take_values_away(store: Store) -> None:
    await store.write(added(1))
    await store.write(Rows((renamed(1, None),)))
    assert await store.read(notes) == {1: None}


async def test_a_change_of_what_is_not_there_changes_nothing(store: Store) -> None:
    await store.write(added(1))
    await store.write(Rows((renamed(7, "seven"), renamed(1, "one"))))
    assert await store.read(notes) == {1: "one"}


async def test_of_two_changes_of_one_row_the_last_counts(store: Store) -> None:
    await store.write(added(1, 2))
    await store.write(Rows((renamed(1, "a"), renamed(2, "b"), renamed(1, "c"))))
    assert await store.read(notes) == {1: "c", 2: "b"}


async def test_more_rows_than_one_statement_takes_are_all_changed(store: Store) -> None:
    seqs = range(2 * ROWS_AT_ONCE_MAX + 1)
    await store.write(added(*seqs))
    await store.write(Rows(tuple(renamed(seq, f"new {seq}") for seq in seqs)))
    assert await store.read(notes) == {seq: f"new {seq}" for seq in seqs}


async def test_a_change_refuses_what_its_column_refuses(store: Store) -> None:
    await store.write(added(1))
    with pytest.raises(ValueError, match="storable"):
        await store.write(Rows((renamed(1, "a\0b"),)))
    assert await store.read(notes) == {1: "note 1"}
