"""Which clock to believe, and which status is the newer one."""

from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import permutations

import pytest

from chargeplane.domain.status import ConnectorStatus, StatusReport, newer
from chargeplane.domain.times import AGE_S_MAX, AHEAD_S_MAX, moment
from tests.domain.ledger.telling import DAY

S = ConnectorStatus
HOUR = timedelta(hours=1)


def report(status: ConnectorStatus, reported: datetime, received: datetime) -> StatusReport:
    return StatusReport(status=status, reported_at=reported, received_at=received)


def test_a_replayed_old_status_does_not_replace_a_newer_one() -> None:
    now = report(S.AVAILABLE, DAY, DAY)
    replayed = report(S.FAULTED, DAY - 48 * HOUR, DAY + HOUR)
    assert newer(now, replayed) is now
    assert newer(None, replayed) is replayed


def test_statuses_come_out_the_same_in_any_order() -> None:
    reports = [
        report(S.PREPARING, DAY, DAY),
        report(S.CHARGING, DAY + HOUR, DAY + 5 * HOUR),
        report(S.FINISHING, DAY + 2 * HOUR, DAY + 4 * HOUR),
        report(S.FAULTED, datetime(1970, 1, 1, tzinfo=UTC), DAY - HOUR),
    ]
    last = {reduce(newer, order, None) for order in permutations(reports)}
    assert last == {reports[2]}


def test_a_clock_that_was_ahead_does_not_hide_what_comes_after_it_is_put_right() -> None:
    ahead = report(S.CHARGING, DAY + 20 * HOUR, DAY)
    right = report(S.AVAILABLE, DAY + HOUR, DAY + HOUR)
    assert newer(ahead, right) is right


def test_of_two_reports_for_one_instant_the_later_arrival_counts() -> None:
    first, second = report(S.CHARGING, DAY, DAY), report(S.FINISHING, DAY, DAY + HOUR)
    assert newer(first, second) is second
    assert newer(second, first) is second


@pytest.mark.parametrize(
    ("offset_s", "believed"),
    [
        (0, True),
        (-AGE_S_MAX, True),
        (-AGE_S_MAX - 1, False),
        (AHEAD_S_MAX, True),
        (AHEAD_S_MAX + 1, False),
    ],
)
def test_the_stations_clock_is_believed_within_bounds(offset_s: int, believed: bool) -> None:
    reported = DAY + timedelta(seconds=offset_s)
    assert moment(reported, DAY) == (reported if believed else DAY, believed)


def test_2x_calls_five_of_them_occupied() -> None:
    assert sum(each.is_occupied for each in S) == 6
    assert not S.RESERVED.is_occupied
