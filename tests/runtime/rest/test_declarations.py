"""What blocks declare: permissions, services, times and problems."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import msgspec
import pytest

from chargeplane.runtime.rest import FieldFault, Principal, Problem, Routes, Span, requires
from chargeplane.runtime.rest.problems import FAULTS_MAX
from chargeplane.runtime.rest.times import span_of_query

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def principal(*grants: str) -> Principal:
    return Principal(UUID(int=1), UUID(int=2), "ada", "tester", frozenset(grants))


@pytest.mark.parametrize(
    ("grants", "permission", "is_granted"),
    [
        (["*:read"], "stations:read", True),
        (["*:read"], "stations:write", False),
        (["stations:write"], "stations:write", True),
        (["stations:write"], "tariffs:write", False),
        (["stations:*"], "stations:write", False),
        (["*:*", "*"], "stations:write", False),
        ([], "stations:read", False),
    ],
)
def test_only_what_a_pattern_grants_is_permitted(
    grants: list[str], permission: str, is_granted: bool
) -> None:
    assert principal(*grants).may(permission) is is_granted


@pytest.mark.parametrize("permission", ["stations", ":read", "stations:look", "stations:", ""])
def test_a_permission_that_could_never_be_granted_is_refused(permission: str) -> None:
    with pytest.raises(ValueError, match="AREA:read|write"):
        requires(permission)


def test_a_block_cannot_hide_the_store_behind_a_service_of_its_own() -> None:
    with pytest.raises(ValueError, match="store"):
        Routes("Stations", (), {"store": object()})


def test_a_span_is_in_utc_and_open_where_no_bound_is_given() -> None:
    start = NOON.astimezone(timezone(timedelta(hours=2)))
    assert span_of_query(start, None) == Span(NOON, None)
    assert span_of_query(start, None).start.tzinfo is UTC  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        (datetime(2026, 11, 21), None, "from"),  # noqa: DTZ001 - without an offset on purpose
        (NOON, NOON, "to"),
        (NOON, NOON - timedelta(seconds=1), "to"),
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), None, "from"),
        (None, datetime.max.replace(tzinfo=timezone(-timedelta(hours=14))), "to"),
    ],
    ids=["no offset", "empty", "backwards", "before the year 1", "after the year 9999"],
)
def test_a_span_that_cannot_be_is_a_problem_of_its_field(
    start: datetime | None, end: datetime | None, field: str
) -> None:
    with pytest.raises(Problem) as caught:
        span_of_query(start, end)
    assert [fault.field for fault in caught.value.errors] == [field]


def test_a_problem_has_the_members_of_rfc_9457_and_no_empty_ones() -> None:
    assert msgspec.json.decode(Problem.not_found("station", "CP1").encoded()) == {
        "type": "urn:problem-type:chargeplane:not-found",
        "title": "Not found",
        "status": 404,
        "detail": "there is no station CP1",
    }


def test_a_problem_names_only_so_many_faults() -> None:
    faults = [FieldFault(str(number), "wrong") for number in range(FAULTS_MAX + 1)]
    assert len(Problem.invalid(*faults).body().errors) == FAULTS_MAX
