"""A call and its answer in one row are two frames for whoever reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from chargeplane.runtime.store import Settings, frames, new_id
from chargeplane.runtime.store.engines import backend_of
from chargeplane.runtime.store.ids import later_than
from tests.runtime.store.ledger import NOW, TENANT_ID, make_tenant
from tests.runtime.store.test_tables import frame

MILLISECOND = timedelta(milliseconds=1)
Several = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def connection(settings: Settings) -> Iterator[Connection]:
    with backend_of(settings).writer().connect() as connection, connection.begin():
        make_tenant(connection)
        yield connection


def exchange(connection: Connection, at_ms: int, took_ms: int | None, text: str = "call") -> None:
    """A row as the gateway writes it."""
    call = frame(0)._replace(text=text)
    at = NOW + at_ms * MILLISECOND
    call = call._replace(id=later_than(call.id, at_ms * MILLISECOND), at=at)
    answered_at = None if took_ms is None else at + took_ms * MILLISECOND
    answer = None if took_ms is None else f"{text} answered"
    rows = [(*call, answered_at, answer)]
    frames.EXCHANGE_SINK.write(connection, rows)


def test_the_answer_comes_after_its_call_and_is_of_the_same_connection(
    connection: Connection,
) -> None:
    exchange(connection, 0, 7)
    answer, call = frames.recent(connection, TENANT_ID, "one", count_max=9)
    assert (call.direction, call.text, call.at) == (frames.Direction.RECEIVED, "call", NOW)
    assert answer.direction is frames.Direction.SENT
    assert (answer.text, answer.at) == ("call answered", NOW + 7 * MILLISECOND)
    assert (answer.epoch, answer.message_id) == (call.epoch, None)
    assert answer.id > call.id
    again, _ = frames.recent(connection, TENANT_ID, "one", count_max=9)
    assert again.id == answer.id  # a cursor may name it


def test_a_call_without_an_answer_is_one_frame(connection: Connection) -> None:
    exchange(connection, 0, None)
    [call] = frames.recent(connection, TENANT_ID, "one", count_max=9)
    assert call.text == "call"


def test_an_answer_stands_where_its_time_is(connection: Connection) -> None:
    exchange(connection, 0, 50, "slow")
    frames.append(connection, frame(0)._replace(id=later_than(frame(0).id, 20 * MILLISECOND)))
    texts = [each.text for each in frames.recent(connection, TENANT_ID, "one", count_max=9)]
    assert texts == ["slow answered", "0", "slow"]


@Several
@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 20_000),
            st.none() | st.integers(-5, 9_000) | st.integers(0, 50),
        ),
        max_size=25,
        unique_by=lambda row: row[0],
    ),
    count_max=st.integers(1, 9),
)
def test_pages_hold_every_frame_once_and_in_order(
    connection: Connection, rows: list[tuple[int, int | None]], count_max: int
) -> None:
    savepoint = connection.begin_nested()
    for at_ms, took_ms in rows:
        exchange(connection, at_ms, took_ms, f"call {at_ms}")
    read: list[frames.Frame] = []
    before = None
    while page := frames.recent(connection, TENANT_ID, "one", count_max=count_max, before=before):
        assert len(page) <= count_max
        read += page
        before = page[-1].id
    savepoint.rollback()
    calls = {f"call {at_ms}" for at_ms, _ in rows}
    answers = {f"call {at_ms} answered" for at_ms, took_ms in rows if took_ms is not None}
    assert sorted(each.text for each in read) == sorted(calls | answers)
    assert all(later.id > earlier.id for later, earlier in pairwise(read))


def test_what_is_later_has_a_greater_id_that_is_always_the_same() -> None:
    made = new_id()
    ids = [later_than(made, each) for each in (-MILLISECOND, MILLISECOND, 2 * MILLISECOND)]
    assert [made, *ids] == sorted({made, *ids})
    assert ids == [later_than(made, each) for each in (-MILLISECOND, MILLISECOND, 2 * MILLISECOND)]
    assert {each.version for each in ids} == {7}
    assert {each.variant for each in ids} == {made.variant}
