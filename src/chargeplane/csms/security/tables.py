"""The tables of security events, and of changes of credentials."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Boolean, Column, Connection, Integer, delete, func, select, update

from chargeplane.csms.figures import ALERTS_MAX, Alert
from chargeplane.csms.inventory import stations, stations_at
from chargeplane.runtime.rest import Sites
from chargeplane.runtime.store import SCHEMA, Id, Moment, Sink, Words, id_at, insert_new

__all__ = [
    "CRITICAL",
    "EVENT_SINK",
    "INFO",
    "WARNING",
    "CredentialChange",
    "SecurityEvent",
    "add_change",
    "alerts",
    "changes_of",
    "events",
    "open_changes",
    "prune_events",
    "set_next",
    "set_state",
    "station_row",
    "stations_of_site",
]

EVENTS_MAX: Final = 100_000
"""Of a tenant; the oldest go first."""
CHANGES_MAX: Final = 100
"""Of a station, the newest, that are shown."""
OPEN_MAX: Final = 100_000
INFO, WARNING, CRITICAL = "info", "warning", "critical"
"""How bad an event is."""
_DAY: Final = timedelta(days=1)
OPEN: Final = ("sent", "waiting", "unknown")
"""The states of a change that is not over."""

SCHEMA.contribute(Path(__file__).parent / "migrations")

security_events = SCHEMA.table(
    "security_events",
    Column("id", Id, nullable=False),
    Column("station_id", Words, nullable=False),
    Column("type", Words, nullable=False),
    Column("origin", Words, nullable=False),
    Column("severity", Words, nullable=False),
    Column("detail", Words),
    Column("remote_host", Words),
    Column("occurrences", Integer, nullable=False),
    Column("reported_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("frame_id", Id),
    key=["id"],
    indexes=[["station_id", "id"]],
)
"""``origin``: station or central system. ``occurrences``: how often, in short succession."""

credential_changes = SCHEMA.table(
    "credential_changes",
    Column("id", Id, nullable=False),
    Column("station_id", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("from_profile", Integer, nullable=False),
    Column("to_profile", Integer, nullable=False),
    Column("state", Words, nullable=False),
    Column("reason", Words),
    Column("started_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("deadline_at", Moment),
    key=["id"],
    indexes=[["station_id", "id"]],
)

EVENT_SINK: Final = Sink(security_events, [each.name for each in security_events.columns])


class SecurityEvent(NamedTuple):
    """An event as it is stored."""

    tenant_id: UUID
    id: UUID
    station_id: str
    type: str
    origin: str
    severity: str
    detail: str | None
    remote_host: str | None
    occurrences: int
    reported_at: datetime
    received_at: datetime
    frame_id: UUID | None = None


class CredentialChange(NamedTuple):
    """A change of a password or profile, as it is stored."""

    tenant_id: UUID
    id: UUID
    station_id: str
    kind: str
    """password or profile."""
    from_profile: int
    to_profile: int
    state: str
    """sent, waiting, unknown; confirmed, refused, fallen-back, abandoned."""
    reason: str | None
    started_at: datetime
    changed_at: datetime
    deadline_at: datetime | None


SIGNED_MAX: Final = 100_000
"""Of a tenant; the oldest go first."""

signing_rules_table = SCHEMA.table(
    "signing_rules",
    Column("station_id", Words, nullable=False),
    Column("is_required", Boolean, nullable=False),
    Column("certificate", Words, nullable=False),
    Column("changed_at", Moment, nullable=False),
    key=["station_id"],
)
signed_messages = SCHEMA.table(
    "signed_messages",
    Column("id", Id, nullable=False),
    Column("station_id", Words, nullable=False),
    Column("frame_id", Id, nullable=False),
    Column("action", Words, nullable=False),
    Column("verdict", Words, nullable=False),
    Column("thumbprint", Words),
    Column("signed", Words, nullable=False),
    Column("signature", Words, nullable=False),
    Column("received_at", Moment, nullable=False),
    key=["id"],
    indexes=[["station_id", "id"]],
)
SIGNED_SINK: Final = Sink(signed_messages, [each.name for each in signed_messages.columns])


class SigningRule(NamedTuple):
    """What is wanted of a station's signatures."""

    tenant_id: UUID
    station_id: str
    is_required: bool
    certificate: str
    """PEM."""
    changed_at: datetime


class SignedMessage(NamedTuple):
    """A signature of a station, and what we think of it."""

    tenant_id: UUID
    id: UUID
    station_id: str
    frame_id: UUID
    action: str
    verdict: str
    thumbprint: str | None
    signed: str
    """``protected.payload`` of the JWS."""
    signature: str
    """Hexadecimal."""
    received_at: datetime


def signing_rules(
    connection: Connection, tenant_id: UUID, station_id: str | None = None
) -> list[SigningRule]:
    """The rules of a tenant, or of one station."""
    each = signing_rules_table.c
    query = select(*(each[name] for name in SigningRule._fields)).where(each.tenant_id == tenant_id)
    if station_id is not None:
        query = query.where(each.station_id == station_id)
    return [SigningRule(*row) for row in connection.execute(query)]


def set_signing_rule(connection: Connection, rule: SigningRule) -> None:
    """Keep a rule in place of the one before."""
    drop_signing_rule(connection, rule.tenant_id, rule.station_id)
    insert_new(connection, signing_rules_table, rule._asdict())


def drop_signing_rule(connection: Connection, tenant_id: UUID, station_id: str) -> None:
    """Forget a rule."""
    each = signing_rules_table.c
    mine = each.tenant_id == tenant_id, each.station_id == station_id
    connection.execute(delete(signing_rules_table).where(*mine))


def signed_of(
    connection: Connection,
    tenant_id: UUID,
    station_id: str,
    *,
    count_max: int,
    before: UUID | None = None,
) -> list[SignedMessage]:
    """The signatures of a station, the latest first."""
    each = signed_messages.c
    query = select(*(each[name] for name in SignedMessage._fields)).where(
        each.tenant_id == tenant_id, each.station_id == station_id
    )
    if before is not None:
        query = query.where(each.id < before)
    rows = connection.execute(query.order_by(each.id.desc()).limit(count_max))
    return [SignedMessage(*row) for row in rows]


def prune_signed(connection: Connection, tenant_id: UUID, keep_max: int = SIGNED_MAX) -> None:
    """Delete the oldest beyond the bound."""
    each = signed_messages.c
    newest = select(each.id).where(each.tenant_id == tenant_id).order_by(each.id.desc())
    edge = connection.scalar(newest.offset(keep_max).limit(1))
    if edge is not None:
        gone = delete(signed_messages).where(each.tenant_id == tenant_id, each.id <= edge)
        connection.execute(gone)


def events(
    connection: Connection,
    tenant_id: UUID,
    *,
    count_max: int,
    before: UUID | None = None,
    station_id: str | None = None,
    severities: Iterable[str] = (),
) -> list[SecurityEvent]:
    """Events, the latest first."""
    each = security_events.c
    query = select(*(each[name] for name in SecurityEvent._fields)).where(
        each.tenant_id == tenant_id
    )
    if before is not None:
        query = query.where(each.id < before)
    if station_id is not None:
        query = query.where(each.station_id == station_id)
    if wanted := tuple(severities):
        query = query.where(each.severity.in_(wanted))
    rows = connection.execute(query.order_by(each.id.desc()).limit(count_max))
    return [SecurityEvent(*row) for row in rows]


def alerts(
    connection: Connection, tenant_id: UUID, now: datetime, sites: Sites = None
) -> list[Alert]:
    """Critical events of the last day by station and type, the latest first."""
    each, last_at = security_events.c, func.max(security_events.c.received_at)
    query = select(each.station_id, each.type, func.sum(each.occurrences), last_at).where(
        each.tenant_id == tenant_id, each.id >= id_at(now - _DAY), each.severity == CRITICAL
    )
    if sites is not None:
        query = query.where(each.station_id.in_(stations_at(tenant_id, sites)))
    latest = query.group_by(each.station_id, each.type).order_by(last_at.desc(), each.station_id)
    rows = connection.execute(latest.limit(ALERTS_MAX))
    return [Alert(station_id, type_, int(times), at) for station_id, type_, times, at in rows]


def prune_events(connection: Connection, tenant_id: UUID, keep_max: int = EVENTS_MAX) -> int:
    """Delete the oldest beyond the bound; how many."""
    each = security_events.c
    newest = select(each.id).where(each.tenant_id == tenant_id).order_by(each.id.desc())
    edge = connection.scalar(newest.offset(keep_max).limit(1))
    if edge is None:
        return 0
    found = connection.execute(
        delete(security_events).where(each.tenant_id == tenant_id, each.id <= edge)
    )
    return found.rowcount


def station_row(connection: Connection, tenant_id: UUID, station_id: str) -> Any:
    """A station's row, or None."""
    mine = stations.c.tenant_id == tenant_id, stations.c.id == station_id
    return connection.execute(select(stations).where(*mine)).one_or_none()


def stations_of_site(
    connection: Connection, tenant_id: UUID, site_id: str, count_max: int
) -> list[str]:
    """The stations of a site, by id."""
    mine = stations.c.tenant_id == tenant_id, stations.c.site_id == site_id
    query = select(stations.c.id).where(*mine).order_by(stations.c.id).limit(count_max)
    return list(connection.scalars(query))


def set_next(connection: Connection, tenant_id: UUID, station_id: str, **values: Any) -> None:
    """Say what a station may come with next: ``next_...`` columns, None for nothing new."""
    mine = stations.c.tenant_id == tenant_id, stations.c.id == station_id
    connection.execute(update(stations).where(*mine).values(**values))


def add_change(connection: Connection, change: CredentialChange) -> None:
    """Keep a change that begins."""
    insert_new(connection, credential_changes, change._asdict())


def set_state(
    connection: Connection, change: CredentialChange, state: str, reason: str | None, now: datetime
) -> None:
    """Say how far a change is."""
    each = credential_changes.c
    connection.execute(
        update(credential_changes)
        .where(each.tenant_id == change.tenant_id, each.id == change.id)
        .values(state=state, reason=reason, changed_at=now)
    )


def changes_of(
    connection: Connection, tenant_id: UUID, station_id: str, count_max: int = CHANGES_MAX
) -> list[CredentialChange]:
    """The changes of a station, the latest first."""
    each = credential_changes.c
    query = select(*(each[name] for name in CredentialChange._fields)).where(
        each.tenant_id == tenant_id, each.station_id == station_id
    )
    rows = connection.execute(query.order_by(each.id.desc()).limit(count_max))
    return [CredentialChange(*row) for row in rows]


def open_changes(connection: Connection, tenant_id: UUID) -> list[CredentialChange]:
    """All changes of a tenant that are not over."""
    each = credential_changes.c
    query = select(*(each[name] for name in CredentialChange._fields)).where(
        each.tenant_id == tenant_id, each.state.in_(OPEN)
    )
    rows = connection.execute(query.order_by(each.id).limit(OPEN_MAX))
    return [CredentialChange(*row) for row in rows]
