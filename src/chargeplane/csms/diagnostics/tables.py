"""The table of logs that stations were asked for."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, Integer, delete, insert, select, update

from chargeplane.runtime.store import SCHEMA, Change, Id, Moment, Words

__all__ = ["LOGS_MAX", "MOVED", "LogRequest", "add", "by_request_id", "change", "listed", "one"]

LOGS_MAX: Final = 500
"""Of a station; the oldest go first."""

SCHEMA.contribute(Path(__file__).parent / "migrations")

log_requests = SCHEMA.table(
    "log_requests",
    Column("id", Id, nullable=False),
    Column("station_id", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("request_id", Integer),
    Column("oldest_at", Moment),
    Column("latest_at", Moment),
    Column("state", Words, nullable=False),
    Column("status", Words),
    Column("reason", Words),
    Column("file_name", Words),
    Column("file_id", Id, nullable=False),
    Column("requested_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    key=["id"],
    indexes=[["station_id", "id"]],
)
"""``request_id``: on the wire; null in a GetDiagnostics of 1.x, which has none."""


class LogRequest(NamedTuple):
    """A log that a station was asked for, and what became of it."""

    tenant_id: UUID
    id: UUID
    station_id: str
    kind: str
    request_id: int | None
    oldest_at: datetime | None
    latest_at: datetime | None
    state: str
    status: str | None
    """The station's last word."""
    reason: str | None
    file_name: str | None
    """As the station calls it."""
    file_id: UUID
    """Of its address, and of the file when that has come."""
    requested_at: datetime
    changed_at: datetime
    expires_at: datetime


MOVED: Final = Change(log_requests, ("tenant_id", "id", "state", "status", "changed_at"))
_each = log_requests.c
_ALL: Final = [_each[name] for name in LogRequest._fields]


def add(connection: Connection, request: LogRequest, keep_max: int = LOGS_MAX) -> None:
    """Keep a new request; the oldest of the station beyond the bound are forgotten."""
    connection.execute(insert(log_requests).values(request._asdict()))
    mine = _each.tenant_id == request.tenant_id, _each.station_id == request.station_id
    old = select(_each.id).where(*mine).order_by(_each.id.desc()).offset(keep_max).limit(100)
    ids = list(connection.scalars(old))
    if ids:
        connection.execute(delete(log_requests).where(*mine, _each.id.in_(ids)))


def change(connection: Connection, tenant_id: UUID, id_: UUID, **values: Any) -> None:
    """Say more of a request."""
    mine = _each.tenant_id == tenant_id, _each.id == id_
    connection.execute(update(log_requests).where(*mine).values(**values))


def one(connection: Connection, tenant_id: UUID, station_id: str, id_: UUID) -> LogRequest | None:
    """A request of a station, or None."""
    mine = _each.tenant_id == tenant_id, _each.station_id == station_id, _each.id == id_
    row = connection.execute(select(*_ALL).where(*mine)).one_or_none()
    return None if row is None else LogRequest(*row)


def by_request_id(
    connection: Connection, tenant_id: UUID, station_id: str, request_id: int | None
) -> LogRequest | None:
    """The latest request of a station with an id of the wire; None: the latest without one."""
    query = select(*_ALL).where(
        _each.tenant_id == tenant_id,
        _each.station_id == station_id,
        _each.request_id.is_(None) if request_id is None else _each.request_id == request_id,
    )
    row = connection.execute(query.order_by(_each.id.desc()).limit(1)).one_or_none()
    return None if row is None else LogRequest(*row)


def listed(
    connection: Connection,
    tenant_id: UUID,
    station_id: str,
    *,
    count_max: int,
    before: UUID | None = None,
) -> list[LogRequest]:
    """The requests of a station, the latest first."""
    query = select(*_ALL).where(_each.tenant_id == tenant_id, _each.station_id == station_id)
    if before is not None:
        query = query.where(_each.id < before)
    rows = connection.execute(query.order_by(_each.id.desc()).limit(count_max))
    return [LogRequest(*row) for row in rows]
