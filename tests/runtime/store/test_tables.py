"""The core's tables: outbox, frames, idempotency keys and tenants."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from chargeplane.runtime.store import (
    Function,
    Settings,
    Store,
    frames,
    id_at,
    idempotency,
    insert_or_get,
    new_id,
    outbox,
    tenants,
)
from chargeplane.runtime.store.engines import backend_of
from chargeplane.runtime.store.ids import OURS
from tests.runtime.store.ledger import NOW, TENANT_ID, WITH_LEDGER, ledger, make_tenant

OTHER_ID = UUID(int=TENANT_ID.int + 1)
SECOND = timedelta(seconds=1)
Several = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def connection(settings: Settings) -> Iterator[Connection]:
    with backend_of(settings).writer().connect() as connection, connection.begin():
        make_tenant(connection)
        tenants.ensure(connection, OTHER_ID, "another", NOW)
        yield connection


def event(number: int, tenant_id: UUID = TENANT_ID) -> outbox.Entry:
    return outbox.Entry(tenant_id, new_id(), "topic", str(number), NOW)


def frame(at_s: int, station_id: str = "one", tenant_id: UUID = TENANT_ID) -> frames.Frame:
    at = NOW + at_s * SECOND
    frame_id = UUID(int=id_at(at).int | new_id().int & (1 << 62) - 1)
    return frames.Frame(
        tenant_id, station_id, frame_id, frames.Direction.RECEIVED, at, 1, None, f"{at_s}"
    )


def test_a_tenant_is_made_once(connection: Connection) -> None:
    assert not tenants.ensure(connection, OTHER_ID, "renamed", NOW)
    assert tenants.known(connection) == [TENANT_ID, OTHER_ID]


@Several
@given(st.data())
def test_a_reader_that_dies_repeats_events_but_drops_and_reorders_none(
    connection: Connection, data: st.DataObject
) -> None:
    """A reader tells, and may die before it confirms. Then the next one starts over."""
    with connection.begin_nested() as undo:
        written: list[str] = []
        told: list[str] = []
        for number in range(data.draw(st.integers(1, 30))):
            outbox.append(connection, event(number))
            written.append(str(number))
            if data.draw(st.booleans()):
                position = outbox.confirmed(connection, TENANT_ID, "bus")
                step = outbox.after(connection, [TENANT_ID], position, data.draw(st.integers(1, 9)))
                told += [each.payload for each in step]
                done = step[: data.draw(st.integers(0, len(step)))]
                if done:
                    outbox.confirm(connection, TENANT_ID, "bus", done[-1].id)
        position = outbox.confirmed(connection, TENANT_ID, "bus")
        told += [each.payload for each in outbox.after(connection, [TENANT_ID], position, 99)]
        assert list(dict.fromkeys(told)) == written
        undo.rollback()


def test_an_event_is_appended_once_and_each_reader_has_its_own_place(
    connection: Connection,
) -> None:
    first, second = event(1), event(2)
    outbox.append(connection, first)
    outbox.append(connection, first._replace(payload="other"))
    outbox.append(connection, second)
    assert outbox.after(connection, [TENANT_ID], UUID(int=0), 9) == [first, second]
    assert outbox.after(connection, [OTHER_ID], UUID(int=0), 9) == []
    outbox.confirm(connection, TENANT_ID, "bus", second.id)
    outbox.confirm(connection, TENANT_ID, "bus", first.id)  # never back
    outbox.confirm(connection, TENANT_ID, "webhooks", first.id)
    assert outbox.confirmed(connection, TENANT_ID, "bus") == second.id
    assert outbox.confirmed(connection, TENANT_ID, "webhooks") == first.id
    assert outbox.confirmed(connection, OTHER_ID, "bus") == UUID(int=0)


def test_what_may_still_be_on_its_way_is_not_settled() -> None:
    now = datetime.now(UTC)
    settled = outbox.settled(now)
    assert id_at(now - timedelta(seconds=outbox.LAG_S + 1)) < settled
    assert settled < id_at(now - timedelta(seconds=outbox.LAG_S - 1))
    assert Settings("sqlite:///x").deadline_s < outbox.LAG_S


def test_events_are_pruned_in_steps_and_never_before_every_reader_has_them(
    connection: Connection,
) -> None:
    entries = [event(number) for number in range(10)]
    for entry in (*entries, event(99, OTHER_ID)):
        outbox.append(connection, entry)
    later = datetime.now(UTC) + SECOND
    assert outbox.prune(connection, TENANT_ID, before=later, step_max=5) == 0
    outbox.confirm(connection, TENANT_ID, "bus", entries[-1].id)
    outbox.confirm(connection, TENANT_ID, "webhooks", entries[6].id)
    outbox.confirm(connection, OTHER_ID, "bus", new_id())
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    assert outbox.prune(connection, TENANT_ID, before=long_ago, step_max=5) == 0
    steps = [outbox.prune(connection, TENANT_ID, before=later, step_max=5) for _ in range(3)]
    assert steps == [5, 2, 0]
    assert outbox.after(connection, [TENANT_ID], UUID(int=0), 99) == entries[7:]
    assert outbox.prune(connection, OTHER_ID, before=later, step_max=5) == 1


async def test_ids_continue_after_the_newest_in_the_outbox(settings: Settings) -> None:
    ahead = UUID(int=OURS.new().int + (60_000 << 80))
    async with Store(settings, WITH_LEDGER) as store:
        await store.write(Function(make_tenant))
        entry = event(1)._replace(id=ahead)
        await store.write(Function(lambda connection: outbox.append(connection, entry)))
        assert new_id() < ahead
    async with Store(settings, WITH_LEDGER):
        assert new_id() > ahead
    OURS.begin_anew()  # other tests in this process have the clock of the machine


def test_frames_are_paged_newest_first(connection: Connection) -> None:
    for at_s in range(10):
        frames.append(connection, frame(at_s))
    frames.append(connection, frame(5, "two"))
    frames.append(connection, frame(5, tenant_id=OTHER_ID))
    page = frames.recent(connection, TENANT_ID, "one", count_max=4)
    assert [each.text for each in page] == ["9", "8", "7", "6"]
    assert page[0] == frame(9)._replace(id=page[0].id)
    page = frames.recent(connection, TENANT_ID, "one", count_max=9, before=page[-1].id)
    assert [each.text for each in page] == ["5", "4", "3", "2", "1", "0"]


def test_a_frame_keeps_what_text_it_can(connection: Connection) -> None:
    dirty = frame(1)._replace(text="a\0b\ud800c", message_id="\0")
    frames.append(connection, dirty)
    frames.append(connection, dirty)
    [kept] = frames.recent(connection, TENANT_ID, "one", count_max=9)
    assert (kept.text, kept.message_id) == ("a␀b�c", "␀")


def test_stations_with_frames_are_walked_one_by_one(connection: Connection) -> None:
    for station_id in ("b", "a", "c", "a"):
        frames.append(connection, frame(1, station_id))
    frames.append(connection, frame(1, "d", OTHER_ID))
    walked = [frames.next_station(connection, TENANT_ID, after) for after in ("", "a", "b", "c")]
    assert walked == ["a", "b", "c", None]


@pytest.mark.parametrize(
    ("before_s", "keep_max", "steps", "left"),
    [
        (0, 100, [], 20),  # neither old nor many
        (7, 100, [5, 2, 0], 13),  # old
        (0, 12, [5, 3, 0], 12),  # many
        (15, 12, [5, 5, 5, 0], 5),  # both
        (0, 0, [5, 5, 5, 5, 0], 0),  # none may stay
        (100, 100, [5, 5, 5, 5, 0], 0),
    ],
)
def test_frames_are_pruned_by_age_and_by_count_in_steps(
    connection: Connection, before_s: int, keep_max: int, steps: list[int], left: int
) -> None:
    for at_s in range(20):
        frames.append(connection, frame(at_s))
        frames.append(connection, frame(at_s, "two"))
    before = NOW + before_s * SECOND
    newest = frames.overdue(connection, TENANT_ID, "one", before=before, keep_max=keep_max)
    assert (newest is None) is (steps == [])
    if newest is not None:
        took = [
            frames.prune(connection, TENANT_ID, "one", newest=newest, step_max=5) for _ in steps
        ]
        assert took == steps
    kept = frames.recent(connection, TENANT_ID, "one", count_max=99)
    assert [each.text for each in kept] == [str(at_s) for at_s in range(19, 19 - left, -1)]
    assert len(frames.recent(connection, TENANT_ID, "two", count_max=99)) == 20


def test_the_first_answer_under_a_key_counts_until_it_expires(connection: Connection) -> None:
    first = idempotency.Answer(TENANT_ID, "key", "digest", 201, "{}", NOW + SECOND)
    other = first._replace(request_digest="other", expires_at=NOW + 9 * SECOND)
    assert idempotency.find(connection, TENANT_ID, "key", NOW) is None
    assert idempotency.remember(connection, first, NOW) == first
    assert idempotency.remember(connection, other, NOW) == first
    assert idempotency.find(connection, TENANT_ID, "key", NOW) == first
    assert idempotency.find(connection, OTHER_ID, "key", NOW) is None
    assert idempotency.find(connection, TENANT_ID, "key", NOW + SECOND) is None
    assert idempotency.remember(connection, other, NOW + SECOND) == other


def test_expired_answers_are_pruned_in_steps(connection: Connection) -> None:
    for number in range(7):
        expires_at = NOW + number * SECOND
        answer = idempotency.Answer(TENANT_ID, str(number), "", 200, "", expires_at)
        idempotency.remember(connection, answer, NOW - SECOND)
    now = NOW + 4 * SECOND
    took = [idempotency.prune(connection, TENANT_ID, now=now, step_max=3) for _ in range(3)]
    assert took == [3, 2, 0]
    assert idempotency.find(connection, TENANT_ID, "5", now) is not None


def test_an_insert_under_a_unique_key_returns_the_row_that_was_there(
    connection: Connection,
) -> None:
    row = {"tenant_id": TENANT_ID, "station_id": "one", "seq": 1, "event_id": new_id()}
    assert insert_or_get(connection, ledger, row) is None
    same_key = row | {"note": "other content", "event_id": None}
    there = insert_or_get(connection, ledger, same_key)
    assert there is not None
    assert (there.note, there.event_id) == (None, row["event_id"])
    same_event = insert_or_get(connection, ledger, row | {"seq": 2}, key=["event_id"])
    assert same_event is not None
    assert same_event.seq == 1
