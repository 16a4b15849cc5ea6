"""Which stations there are, what they consist of, and who tried to connect without being one.

The identity of a station is unique over all tenants, since it is all that a handshake tells.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, Integer, Select, bindparam, select

from chargeplane.csms.contract import Registration
from chargeplane.runtime.store import SCHEMA, Moment, Prepared, Sink, Words, storable, tenants

__all__ = [
    "CONNECTOR_SINK",
    "Known",
    "connectors",
    "find",
    "find_all",
    "is_station",
    "stations",
    "stations_at",
    "unknown_stations",
]

SCHEMA.contribute(Path(__file__).parent / "migrations")

stations = SCHEMA.table(
    "stations",
    Column("id", Words, nullable=False),
    Column("name", Words),
    Column("site_id", Words),
    Column("vendor", Words),
    Column("model", Words),
    Column("serial_number", Words),
    Column("firmware_version", Words),
    Column("ocpp_version", Words),
    Column("transport", Words),
    Column("security_profile", Integer, nullable=False),
    Column("password_hash", Words),
    Column("next_security_profile", Integer),
    Column("next_password_hash", Words),
    Column("registration", Words, nullable=False),
    Column("ping_interval_s", Integer),
    Column("soap_host", Words),
    Column("epoch", Integer, nullable=False),
    Column("last_seen_at", Moment),
    Column("booted_at", Moment),
    Column("created_at", Moment, nullable=False),
    key=["id"],
)

connectors = SCHEMA.table(
    "connectors",
    Column("station_id", Words, nullable=False),
    Column("evse_id", Integer, nullable=False),
    Column("connector_id", Integer, nullable=False),
    Column("status", Words, nullable=False),
    Column("error_code", Words),
    Column("info", Words),
    Column("vendor_error_code", Words),
    Column("reported_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    key=["station_id", "evse_id", "connector_id"],
)
"""EVSE 0, connector 0: the station as a whole."""

unknown_stations = SCHEMA.table(
    "unknown_stations",
    Column("id", Words, nullable=False),
    Column("remote_host", Words, nullable=False),
    Column("subprotocols", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("first_seen_at", Moment, nullable=False),
    Column("last_seen_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    key=["id"],
)

CONNECTOR_SINK: Final = Sink(
    connectors,
    [each.name for each in connectors.columns],
    update=["status", "error_code", "info", "vendor_error_code", "reported_at", "received_at"],
)


class Known(NamedTuple):
    """What admission has to know of a registered station."""

    tenant_id: UUID
    id: str
    security_profile: int
    password_hash: str | None
    registration: Registration
    epoch: int
    ping_interval_s: int | None = None
    """How long it may be silent before it is pinged; 0: it is never pinged; None: as all are."""
    serial_number: str | None = None
    """The name in its certificate may be this one (A00.FR.405)."""
    next_security_profile: int | None = None
    """It may come with this one too, and is pinned to it when it does (A05)."""
    next_password_hash: str | None = None
    """It was given a new password, and has not come with it yet (A01)."""
    is_shut_out: bool = False
    """Its tenant is closed: no column of its own."""


_COLUMNS = [stations.c[name] for name in Known._fields if name != "is_shut_out"]
_FIND: Final = Prepared(
    select(*_COLUMNS, stations.c.tenant_id.not_in(tenants.OPEN)).where(
        stations.c.tenant_id.in_(select(tenants.tenants.c.tenant_id)),
        stations.c.id == bindparam("identity"),
    )
)


def find_all(connection: Connection, identities: Collection[str]) -> dict[str, Known]:
    """The stations of some identities, whichever tenant has them."""
    return {
        identity: known
        for identity in identities
        if (known := find(connection, identity)) is not None
    }


def find(connection: Connection, identity: str) -> Known | None:
    """The station of an identity."""
    for row in _FIND.rows(connection, {"identity": storable(identity)}):
        known = Known(*row)
        registration = Registration(known.registration)
        return known._replace(registration=registration, is_shut_out=bool(known.is_shut_out))
    return None


def is_station(
    connection: Connection, tenant_id: UUID, station_id: str, sites: Collection[str] | None = None
) -> bool:
    """Whether there is such a station, at one of these sites; None: anywhere."""
    known = stations.c
    query = select(known.id).where(known.tenant_id == tenant_id, known.id == storable(station_id))
    if sites is not None:
        query = query.where(known.site_id.in_(sorted(sites)))
    return connection.scalar(query) is not None


def stations_at(tenant_id: UUID, sites: Collection[str]) -> Select[tuple[str]]:
    """The ids of the stations of some sites, as a query."""
    known = stations.c
    return select(known.id).where(known.tenant_id == tenant_id, known.site_id.in_(sorted(sites)))
