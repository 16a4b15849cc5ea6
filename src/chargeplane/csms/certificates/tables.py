"""The tables of certificates that we have issued, and of those that stations have installed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, delete, exists, select, tuple_, update

from chargeplane.csms.figures import COMING_MAX, Coming
from chargeplane.csms.inventory import stations, stations_at
from chargeplane.runtime.rest import Sites
from chargeplane.runtime.store import SCHEMA, Moment, Words, insert_new, tenants

__all__ = [
    "Certificate",
    "Installed",
    "add",
    "change",
    "coming",
    "expiring",
    "find_serial",
    "installed_of",
    "issued",
    "names_of_station",
    "one",
    "replace_installed",
    "revoked",
    "version_of_station",
]

REVOKED_MAX: Final = 100_000
EXPIRING_MAX: Final = 500
"""Renewed in one round."""
_SOON: Final = timedelta(days=30)
INSTALLED_MAX: Final = 500
"""Of a station."""

SCHEMA.contribute(Path(__file__).parent / "migrations")

certificates = SCHEMA.table(
    "certificates",
    Column("fingerprint", Words, nullable=False),
    Column("serial_number", Words, nullable=False),
    Column("station_id", Words, nullable=False),
    Column("purpose", Words, nullable=False),
    Column("common_name", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("reason", Words),
    Column("chain", Words, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("not_after", Moment, nullable=False),
    Column("issued_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("renewal_asked_at", Moment),
    key=["fingerprint"],
    indexes=[["station_id", "issued_at"], ["serial_number"]],
)
"""``state``: issued, installed, refused by the station, unanswered, or revoked."""

installed_certificates = SCHEMA.table(
    "installed_certificates",
    Column("station_id", Words, nullable=False),
    Column("use", Words, nullable=False),
    Column("hash_algorithm", Words, nullable=False),
    Column("issuer_name_hash", Words, nullable=False),
    Column("issuer_key_hash", Words, nullable=False),
    Column("serial_number", Words, nullable=False),
    Column("reported_at", Moment, nullable=False),
    key=["station_id", "use", "issuer_key_hash", "serial_number"],
)


class Certificate(NamedTuple):
    """One that we have issued."""

    tenant_id: UUID
    fingerprint: str
    serial_number: str
    station_id: str
    purpose: str
    common_name: str
    state: str
    reason: str | None
    chain: str
    not_before: datetime
    not_after: datetime
    issued_at: datetime
    revoked_at: datetime | None = None
    renewal_asked_at: datetime | None = None


class Installed(NamedTuple):
    """One that a station says it has."""

    tenant_id: UUID
    station_id: str
    use: str
    hash_algorithm: str
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str
    reported_at: datetime


_EACH: Final = certificates.c
_ALL: Final = select(*(_EACH[name] for name in Certificate._fields))


def add(connection: Connection, certificate: Certificate) -> None:
    """Keep a certificate that was issued."""
    insert_new(connection, certificates, certificate._asdict())


def change(connection: Connection, certificate: Certificate, **values: Any) -> None:
    """Say what became of one."""
    mine = _EACH.tenant_id == certificate.tenant_id, _EACH.fingerprint == certificate.fingerprint
    connection.execute(update(certificates).where(*mine).values(**values))


def one(connection: Connection, tenant_id: UUID, fingerprint: str) -> Certificate | None:
    """A certificate by its fingerprint."""
    mine = _EACH.tenant_id == tenant_id, _EACH.fingerprint == fingerprint
    row = connection.execute(_ALL.where(*mine)).one_or_none()
    return Certificate(*row) if row else None


def find_serial(connection: Connection, serial_number: str) -> list[Certificate]:
    """Certificates of a serial number, of all tenants."""
    query = _ALL.where(
        _EACH.tenant_id.in_(select(tenants.tenants.c.tenant_id)),
        _EACH.serial_number == serial_number,
    )
    return [Certificate(*row) for row in connection.execute(query.limit(10))]


def issued(
    connection: Connection,
    tenant_id: UUID,
    *,
    count_max: int,
    station_id: str | None = None,
    before: tuple[datetime, str] | None = None,
) -> list[Certificate]:
    """Certificates, the latest first."""
    query = _ALL.where(_EACH.tenant_id == tenant_id)
    if station_id is not None:
        query = query.where(_EACH.station_id == station_id)
    if before is not None:
        query = query.where(tuple_(_EACH.issued_at, _EACH.fingerprint) < before)
    query = query.order_by(_EACH.issued_at.desc(), _EACH.fingerprint.desc()).limit(count_max)
    return [Certificate(*row) for row in connection.execute(query)]


def revoked(connection: Connection, tenant_id: UUID) -> list[Certificate]:
    """All that count no longer, and would still be valid."""
    query = _ALL.where(_EACH.tenant_id == tenant_id, _EACH.revoked_at.is_not(None))
    return [Certificate(*row) for row in connection.execute(query.limit(REVOKED_MAX))]


def expiring(
    connection: Connection, tenant_id: UUID, *, before: datetime, asked_before: datetime
) -> list[Certificate]:
    """The certificates in use that end soon, and were not asked about lately."""
    query = _ALL.where(
        _EACH.tenant_id == tenant_id,
        _EACH.state == "installed",
        _EACH.not_after < before,
        (_EACH.renewal_asked_at.is_(None)) | (_EACH.renewal_asked_at < asked_before),
    )
    rows = connection.execute(query.order_by(_EACH.not_after).limit(EXPIRING_MAX))
    return [Certificate(*row) for row in rows]


def coming(
    connection: Connection, tenant_id: UUID, now: datetime, sites: Sites = None
) -> list[Coming]:
    """Certificates in use that end in the next days, or have ended; the next first.

    One that was replaced is in use no more: a station has one for each purpose, the latest.
    """
    later = certificates.alias()
    is_replaced = exists().where(
        later.c.tenant_id == _EACH.tenant_id,
        later.c.station_id == _EACH.station_id,
        later.c.purpose == _EACH.purpose,
        later.c.state == _EACH.state,
        later.c.issued_at > _EACH.issued_at,
    )
    query = select(_EACH.not_after, _EACH.common_name, _EACH.station_id).where(
        _EACH.tenant_id == tenant_id,
        _EACH.state == "installed",
        _EACH.not_after <= now + _SOON,
        ~is_replaced,
    )
    if sites is not None:
        query = query.where(_EACH.station_id.in_(stations_at(tenant_id, sites)))
    rows = connection.execute(query.order_by(_EACH.not_after).limit(COMING_MAX))
    return [Coming(at, "certificate-expires", name, station) for at, name, station in rows]


def names_of_station(connection: Connection, tenant_id: UUID, station_id: str) -> frozenset[str]:
    """By which a station is known: its identity, and its serial number (A00.FR.405)."""
    mine = stations.c.tenant_id == tenant_id, stations.c.id == station_id
    row = connection.execute(select(stations.c.id, stations.c.serial_number).where(*mine)).first()
    return frozenset(name for name in row or () if name)


def version_of_station(connection: Connection, tenant_id: UUID, station_id: str) -> str | None:
    """What a station spoke last."""
    mine = stations.c.tenant_id == tenant_id, stations.c.id == station_id
    found: str | None = connection.scalar(select(stations.c.ocpp_version).where(*mine))
    return found


def replace_installed(
    connection: Connection,
    tenant_id: UUID,
    station_id: str,
    uses: Iterable[str],
    rows: Iterable[Installed],
) -> None:
    """What a station has listed takes the place of what it has listed before of these uses."""
    each = installed_certificates.c
    mine = each.tenant_id == tenant_id, each.station_id == station_id, each.use.in_(tuple(uses))
    connection.execute(delete(installed_certificates).where(*mine))
    for row in rows:
        insert_new(connection, installed_certificates, row._asdict())


def installed_of(connection: Connection, tenant_id: UUID, station_id: str) -> list[Installed]:
    """What a station has listed last."""
    each = installed_certificates.c
    query = select(*(each[name] for name in Installed._fields)).where(
        each.tenant_id == tenant_id, each.station_id == station_id
    )
    rows = connection.execute(query.order_by(each.use, each.serial_number).limit(INSTALLED_MAX))
    return [Installed(*row) for row in rows]
