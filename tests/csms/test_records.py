"""Records by id: of one tenant, the latest first, changed once, and never more than a bound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

import pytest
from sqlalchemy import Column, Connection, MetaData, Table, create_engine

from chargeplane.csms.records import STEP_MAX, Records
from chargeplane.runtime.store import Id, Words
from tests.csms.making import TENANT_ID

OTHER_TENANT = UUID(int=99)


class Note(NamedTuple):
    tenant_id: UUID
    id: UUID
    station_id: str
    state: str


NOTES = Table(
    "notes",
    MetaData(),
    Column("tenant_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("station_id", Words),
    Column("state", Words),
)
RECORDS = Records(NOTES, Note)
IS_OPEN = NOTES.c.state == "open"


def note(number: int, station_id: str = "CP1", tenant_id: UUID = TENANT_ID) -> Note:
    return Note(tenant_id, UUID(int=number), station_id, "open")


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as opened:
        NOTES.create(opened)
        yield opened
    engine.dispose()


def numbers(found: list[Note]) -> list[int]:
    return [each.id.int for each in found]


def test_each_tenant_has_its_own(connection: Connection) -> None:
    RECORDS.add(connection, [note(1), note(1, tenant_id=OTHER_TENANT), note(2)])
    assert RECORDS.one(connection, TENANT_ID, UUID(int=1)) == note(1)
    assert RECORDS.one(connection, OTHER_TENANT, UUID(int=2)) is None
    assert RECORDS.change(connection, TENANT_ID, UUID(int=1), state="done")
    assert RECORDS.remove(connection, TENANT_ID, [UUID(int=2)]) == [UUID(int=2)]
    left = RECORDS.found(connection, RECORDS.of(OTHER_TENANT))
    assert left == [note(1, tenant_id=OTHER_TENANT)]


def test_under_a_condition_one_of_two_changes_it(connection: Connection) -> None:
    RECORDS.add(connection, [note(1)])
    tries = [
        RECORDS.change(connection, TENANT_ID, UUID(int=1), only=[IS_OPEN], state="done")
        for _ in range(2)
    ]
    assert tries == [True, False]
    assert RECORDS.one(connection, TENANT_ID, UUID(int=1), only=[IS_OPEN]) is None


def test_pages_hold_each_once_the_latest_first(connection: Connection) -> None:
    RECORDS.add(connection, [note(n, "CP1" if n % 3 else "CP2") for n in range(1, 11)])
    mine = [NOTES.c.station_id == "CP1"]
    seen: list[int] = []
    before: UUID | None = None
    while page := RECORDS.latest(connection, TENANT_ID, only=mine, count_max=2, before=before):
        seen += numbers(page)
        before = page[-1].id
    assert seen == [10, 8, 7, 5, 4, 2, 1]


def test_the_oldest_of_a_station_go_a_step_at_a_time(connection: Connection) -> None:
    count = STEP_MAX + 10
    RECORDS.add(connection, [note(n) for n in range(1, count + 1)])
    RECORDS.add(connection, [note(count + 1, "CP2")])
    assert len(RECORDS.prune(connection, TENANT_ID, "CP1", keep_max=5)) == STEP_MAX
    assert len(RECORDS.prune(connection, TENANT_ID, "CP1", keep_max=5)) == 5
    assert RECORDS.prune(connection, TENANT_ID, "CP1", keep_max=5) == []
    left = numbers(RECORDS.latest(connection, TENANT_ID, count_max=100))
    assert left == [*range(count + 1, count - 5, -1)]


def test_no_records_given_is_nothing_done(
    connection: Connection,
) -> None:
    RECORDS.add(connection, [])
    assert RECORDS.remove(connection, TENANT_ID, []) == []
    assert RECORDS.latest(connection, TENANT_ID, count_max=1) == []
