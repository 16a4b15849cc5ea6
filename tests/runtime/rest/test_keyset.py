"""Pages by key: each row once, in any order, whatever comes and goes between two pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Table,
    create_engine,
    delete,
    insert,
)

from chargeplane.runtime.rest import PageRequest, Problem, keyset
from chargeplane.runtime.rest.keyset import Listing, containing, having, within
from chargeplane.runtime.store import Words

TENANT, OTHER = UUID(int=1), UUID(int=2)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)

THINGS = Table(
    "things",
    MetaData(),
    Column("tenant", Words, primary_key=True),
    Column("id", Integer, primary_key=True),
    Column("weight", Integer),
    Column("name", Words),
)
_each = THINGS.c


class Thing(NamedTuple):
    id: int
    weight: int


def conditions(tenant_id: UUID, wanted: str) -> list[ColumnElement[bool]]:
    mine = [_each.tenant == str(tenant_id)]
    return [*mine, containing(wanted, _each.name)] if wanted else mine


LISTING: Final = Listing(
    [_each.id, _each.weight],
    _each.id,
    {"id": (_each.id, tuple[int, int]), "weight": (_each.weight, tuple[int, int])},
    conditions,
    lambda row: Thing(*row),
)
SORTS = ["id", "-id", "weight", "-weight"]


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as opened:
        THINGS.create(opened)
        yield opened
    engine.dispose()


def fill(connection: Connection, weights: dict[int, int], name: str = "Thing") -> None:
    connection.execute(delete(THINGS))
    add(connection, weights, name)
    other = {"tenant": str(OTHER), "id": 0, "weight": 0, "name": name}
    connection.execute(insert(THINGS).values(other))


def add(connection: Connection, weights: dict[int, int], name: str = "Thing") -> None:
    rows: list[dict[str, Any]] = [
        {"tenant": str(TENANT), "id": id_, "weight": weight, "name": name}
        for id_, weight in weights.items()
    ]
    if rows:
        connection.execute(insert(THINGS), rows)


def pages(connection: Connection, sort: str, items_max: int) -> Iterator[list[Thing]]:
    cursor: str | None = None
    while True:
        request = PageRequest(items_max, cursor)
        rows = LISTING.page(connection, TENANT, "", sort, request)
        page = request.of(rows, lambda row: row.record, key=lambda row: row.key)
        yield page.items
        cursor = page.next
        if cursor is None:
            return


def in_order(things: dict[int, int], sort: str) -> list[Thing]:
    by_weight = sort.endswith("weight")
    return sorted(
        (Thing(*each) for each in things.items()),
        key=lambda thing: (thing.weight if by_weight else 0, thing.id),
        reverse=sort.startswith("-"),
    )


THINGS_OF = st.dictionaries(st.integers(0, 30), st.integers(0, 4), max_size=12)


@given(things=THINGS_OF, sort=st.sampled_from(SORTS), items_max=st.integers(1, 5))
def test_the_pages_together_are_the_list(
    connection: Connection, things: dict[int, int], sort: str, items_max: int
) -> None:
    fill(connection, things)
    seen = [thing for page in pages(connection, sort, items_max) for thing in page]
    assert seen == in_order(things, sort)


@given(things=THINGS_OF, more=THINGS_OF, sort=st.sampled_from(SORTS), data=st.data())
def test_what_stays_is_seen_once_whatever_comes_and_goes_meanwhile(
    connection: Connection, things: dict[int, int], more: dict[int, int], sort: str, data: Any
) -> None:
    gone = data.draw(st.sets(st.sampled_from(sorted(things)))) if things else set()
    fill(connection, things)
    seen: list[Thing] = []
    for number, page in enumerate(pages(connection, sort, 2)):
        seen += page
        if number == 0:
            connection.execute(delete(THINGS).where(_each.id.in_(gone)))
            add(connection, {id_ + 100: weight for id_, weight in more.items()})
    stays = [Thing(id_, weight) for id_, weight in things.items() if id_ not in gone]
    assert all(seen.count(thing) == 1 for thing in stays)
    assert len(seen) == len(set(seen))


def test_a_cursor_of_another_kind_of_list_is_refused(connection: Connection) -> None:
    fill(connection, {})
    with pytest.raises(Problem):
        LISTING.page(connection, TENANT, "", "id", PageRequest(1, "bm90IG9uZQ"))


def test_a_text_is_found_in_either_case_and_signs_of_like_stand_for_themselves(
    connection: Connection,
) -> None:
    fill(connection, {1: 0}, name="Spare 100%_\\")
    for text in ("spare", "SPARE", "100%", "%_", "\\"):
        assert LISTING.count(connection, TENANT, text) == 1, text
    for text in ("%x", "s_are", "\0"):
        assert LISTING.count(connection, TENANT, text) == 0, text


def test_what_is_not_wanted_is_no_condition() -> None:
    def said(conditions: list[ColumnElement[bool]]) -> list[str]:
        found = [each.compile(compile_kwargs={"literal_binds": True}) for each in conditions]
        return [str(each) for each in found]

    assert said(having((_each.name, None), (_each.weight, 0))) == ["things.weight = 0"]
    assert said(having((_each.name, "a\0b"))) == ["things.name = 'a\N{SYMBOL FOR NULL}b'"]
    assert said(within(_each.weight, None, None)) == []
    bounds = within(_each.weight, NOON, NOON + timedelta(hours=1))
    assert [each.operator.__name__ for each in bounds] == ["ge", "lt"]


def test_some_by_their_keys_are_those_of_the_wanted(connection: Connection) -> None:
    fill(connection, {1: 5, 2: 6}, name="Box")
    assert LISTING.some(connection, TENANT, "box", [2, 3, 0]) == [Thing(2, 6)]
    assert LISTING.some(connection, TENANT, "bag", [2]) == []


def test_no_more_is_counted_than_the_bound(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(connection, dict.fromkeys(range(4), 0))
    assert LISTING.count(connection, TENANT, "") == 4
    monkeypatch.setattr(keyset, "COUNT_MAX", 3)
    assert LISTING.count(connection, TENANT, "") is None
