"""What a day of transactions adds up to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, bindparam, func, select

from chargeplane.csms.figures import Day, Hour, Trouble
from chargeplane.csms.inventory import stations_at
from chargeplane.csms.transactions.tables import transactions
from chargeplane.domain.transactions import SessionState
from chargeplane.runtime.rest import Sites
from chargeplane.runtime.store import Prepared, id_at

__all__ = ["FAILED_WH", "HOURS", "SESSIONS_MAX", "active_count", "day"]

HOURS: Final = 24
SESSIONS_MAX: Final = 50_000
"""The newest ones; a day of more is shown without its beginning."""
TROUBLES_MAX: Final = 100
FAILED_WH: Final = 50.0
"""A session that ended with less has failed: no car was charged."""
_LONGEST: Final = timedelta(days=3)
"""Sessions that came in earlier are not looked at: few last so long."""
_HOUR: Final = timedelta(hours=1)

_each = transactions.c
_WHICH: Final = (
    select(_each.station_id, _each.state, _each.started_at, _each.ended_at, _each.energy_wh)
    .where(_each.tenant_id == bindparam("of_tenant"), _each.id >= bindparam("since"))
    .order_by(_each.id.desc())
    .limit(bindparam("rows_max"))
)
_LATELY: Final = Prepared(_WHICH)


class _Lately(NamedTuple):
    station_id: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    energy_wh: Decimal


def day(connection: Connection, tenant_id: UUID, now: datetime, sites: Sites = None) -> Day:
    """The last 24 hours until now, at some sites."""
    values = {"of_tenant": tenant_id, "since": id_at(now - _LONGEST), "rows_max": SESSIONS_MAX}
    if sites is None:
        sessions = [_Lately(*row) for row in _LATELY.rows(connection, values)]
    else:
        there = _WHICH.where(_each.station_id.in_(stations_at(tenant_id, sites)))
        sessions = [_Lately(*row) for row in connection.execute(there, values)]
    begin = now - timedelta(hours=HOURS)
    ended = [each for each in sessions if each.ended_at is not None and each.ended_at >= begin]
    return Day(
        _hours(sessions, now),
        _troubles(each for each in ended if float(each.energy_wh) < FAILED_WH),
        _troubles(each for each in ended if each.state == SessionState.REPAIRED),
    )


def active_count(connection: Connection, tenant_id: UUID, sites: Sites = None) -> int:
    """Sessions that go on now, at some sites."""
    is_active = _each.tenant_id == tenant_id, _each.state == SessionState.ACTIVE
    query = select(func.count()).where(*is_active)
    if sites is not None:
        query = query.where(_each.station_id.in_(stations_at(tenant_id, sites)))
    return connection.scalar(query) or 0


def _hours(sessions: Iterable[_Lately], now: datetime) -> tuple[Hour, ...]:
    current = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    first = current - (HOURS - 1) * _HOUR
    energy_wh, going_on, started = [0.0] * HOURS, [0] * HOURS, [0] * HOURS
    for each in sessions:
        start, end = each.started_at, each.ended_at or now
        if end < first or start > now:
            continue
        lasted_s = max((end - start).total_seconds(), 1.0)
        begin = int((start - first) / _HOUR) if start >= first else 0
        for number in range(begin, min(int((end - first) / _HOUR), HOURS - 1) + 1):
            at = first + number * _HOUR
            within_s = (min(end, at + _HOUR) - max(start, at)).total_seconds()
            share = within_s / lasted_s if end > start else 1.0
            energy_wh[number] += float(each.energy_wh) * share
            going_on[number] += 1
        if start >= first:
            started[begin] += 1
    return tuple(
        Hour(first + number * _HOUR, round(energy_wh[number], 1), going_on[number], started[number])
        for number in range(HOURS)
    )


def _troubles(sessions: Iterable[_Lately]) -> tuple[Trouble, ...]:
    """By station, the worst first."""
    found: dict[str, Trouble] = {}
    for each in sessions:
        assert each.ended_at is not None
        known = found.get(each.station_id)
        count, last_at = (known.times, known.last_at) if known else (0, each.ended_at)
        last_at = max(last_at, each.ended_at)
        found[each.station_id] = Trouble(each.station_id, count + 1, last_at)
    worst = sorted(found.values(), key=lambda trouble: (-trouble.times, trouble.station_id))
    return tuple(worst[:TROUBLES_MAX])
