"""The table of logs that stations were asked for."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, Integer

from chargeplane.csms.records import Records
from chargeplane.runtime.store import SCHEMA, Id, Moment, Words

__all__ = ["LOGS_MAX", "LogRequest", "add", "listed", "one", "requests"]

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


requests: Final = Records(log_requests, LogRequest)
_each = log_requests.c


def add(connection: Connection, request: LogRequest, keep_max: int = LOGS_MAX) -> None:
    """Keep a new request; the oldest of the station beyond the bound are forgotten."""
    requests.add(connection, [request])
    requests.prune(connection, request.tenant_id, request.station_id, keep_max)


def one(connection: Connection, tenant_id: UUID, station_id: str, id_: UUID) -> LogRequest | None:
    """A request of a station, or None."""
    return requests.one(connection, tenant_id, id_, only=[_each.station_id == station_id])


def listed(
    connection: Connection,
    tenant_id: UUID,
    station_id: str,
    *,
    count_max: int,
    before: UUID | None = None,
) -> list[LogRequest]:
    """The requests of a station, the latest first."""
    mine = [_each.station_id == station_id]
    return requests.latest(connection, tenant_id, only=mine, count_max=count_max, before=before)
