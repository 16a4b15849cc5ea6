"""Frames share strips, a call its shot with its answer; who reads sees frames in order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, LargeBinary, func, select, type_coerce

from chargeplane.runtime.store import Settings, frames, new_id
from chargeplane.runtime.store.engines import backend_of
from chargeplane.runtime.store.ids import later_than, time_of
from chargeplane.runtime.store.rows import write_rows
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


def shot(at_ms: int, took_ms: int | None, text: str = "call") -> frames.Shot:
    at = NOW + at_ms * MILLISECOND
    id_ = later_than(frame(0).id, at_ms * MILLISECOND)
    call = frames.Shot(id_, frames.Direction.RECEIVED, at, 1, None, text)
    if took_ms is not None:
        call.answered_at, call.answer = at + took_ms * MILLISECOND, f"{text} answered"
    return call


def write(connection: Connection, shots: list[frames.Shot]) -> None:
    """As the gateway does it."""
    write_rows(connection, frames.strips(TENANT_ID, "one", shots))


def exchange(connection: Connection, at_ms: int, took_ms: int | None, text: str = "call") -> None:
    write(connection, [shot(at_ms, took_ms, text)])


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
    cuts=st.lists(st.integers(1, 8), max_size=25),
    count_max=st.integers(1, 9),
)
def test_pages_hold_every_frame_once_and_in_order(
    connection: Connection, rows: list[tuple[int, int | None]], cuts: list[int], count_max: int
) -> None:
    savepoint = connection.begin_nested()
    shots = [shot(at_ms, took_ms, f"call {at_ms}") for at_ms, took_ms in rows]
    for cut in [*cuts, len(shots)]:  # written together, whatever their order
        write(connection, shots[:cut])
        shots = shots[cut:]
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


def heads(connection: Connection) -> list[tuple[int, int]]:
    """When the station's strips begin, in milliseconds, and how many frames they hold."""
    each = frames.frame_strips.c
    query = select(each.id, each.frames_count).where(each.station_id == "one").order_by(each.id)
    zero = time_of(frame(0).id)
    rows = connection.execute(query)
    return [((time_of(row.id) - zero) // MILLISECOND, row.frames_count) for row in rows]


def test_what_was_written_together_is_one_row(connection: Connection) -> None:
    write(connection, [shot(at_ms, 5) for at_ms in (40, 0, 20)])
    assert heads(connection) == [(0, 6)]


def test_frames_that_say_nearly_the_same_take_a_tenth_of_their_bytes(
    connection: Connection,
) -> None:
    texts = [f'[2,"{n}","MeterValues",{{"connectorId":1,"meterValue":[]}}]' * 5 for n in range(80)]
    write(connection, [shot(n, None, text) for n, text in enumerate(texts)])
    each = frames.frame_strips.c
    stored = select(func.length(type_coerce(each.shots, LargeBinary)))
    assert connection.execute(stored).scalar_one() < len("".join(texts)) / 10
    read = frames.recent(connection, TENANT_ID, "one", count_max=99)
    assert [each.text for each in reversed(read)] == texts


def test_a_strip_ends_when_it_is_long_or_lasts_long(connection: Connection) -> None:
    long = "x" * (frames.STRIP_CHARACTERS_MAX // 2)
    write(connection, [shot(at_ms, None, long) for at_ms in range(5)])
    assert [count for _, count in heads(connection)] == [2, 2, 1]
    write(connection, [shot(at_ms, None) for at_ms in (60_000, 65_000, 65_001)])
    assert heads(connection)[3:] == [(60_000, 2), (65_001, 1)]
    assert len(frames.recent(connection, TENANT_ID, "one", count_max=99)) == 8


def test_the_same_strip_written_again_changes_nothing(connection: Connection) -> None:
    shots = [shot(0, 5), shot(20, None)]
    for _ in range(2):
        write(connection, shots)
    texts = [each.text for each in frames.recent(connection, TENANT_ID, "one", count_max=9)]
    assert texts == ["call", "call answered", "call"]


def test_many_strips_are_read_in_steps(connection: Connection) -> None:
    for at_ms in range(300):
        write(connection, [shot(at_ms, None, f"{at_ms}")])
    read = frames.recent(connection, TENANT_ID, "one", count_max=1_000)
    assert [each.text for each in read] == [str(at_ms) for at_ms in reversed(range(300))]


@pytest.mark.parametrize(
    ("keep_max", "left"), [(8, [4, 4]), (7, [4, 4]), (5, [4, 4]), (4, [4]), (9, [4, 4, 4])]
)
def test_a_strip_stays_if_one_of_its_frames_is_not_too_many(
    connection: Connection, keep_max: int, left: list[int]
) -> None:
    for minute in range(4):
        write(connection, [shot(60_000 * minute + at_ms, 5) for at_ms in (0, 20)])
    mine = partial(frames.overdue, connection, TENANT_ID, "one", before=NOW, keep_max=keep_max)
    newest = mine()
    assert newest is not None
    frames.prune(connection, TENANT_ID, "one", newest=newest, step_max=99)
    assert [count for _, count in heads(connection)] == left
    assert mine() is None


def test_what_is_later_has_a_greater_id_that_is_always_the_same() -> None:
    made = new_id()
    ids = [later_than(made, each) for each in (-MILLISECOND, MILLISECOND, 2 * MILLISECOND)]
    assert [made, *ids] == sorted({made, *ids})
    assert ids == [later_than(made, each) for each in (-MILLISECOND, MILLISECOND, 2 * MILLISECOND)]
    assert {each.version for each in ids} == {7}
    assert {each.variant for each in ids} == {made.variant}
