"""Who is here, who is not, and what is broken, from the inventory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, bindparam, func, select

from chargeplane.csms.contract import Registration
from chargeplane.csms.inventory import connectors, stations, stations_at, unknown_stations
from chargeplane.domain.status import ConnectorStatus
from chargeplane.runtime.rest import Sites
from chargeplane.runtime.store import Prepared

__all__ = ["SHOWN_MAX", "Fault", "Gone", "Now", "now"]

Condition = ColumnElement[bool]

SHOWN_MAX: Final = 100
"""Of each kind of trouble; there is a count of all."""

_STATIONS: Final = Prepared(
    select(
        stations.c.id,
        stations.c.name,
        stations.c.site_id,
        stations.c.ocpp_version,
        stations.c.registration,
        stations.c.last_seen_at,
    ).where(stations.c.tenant_id == bindparam("of_tenant"))
)


class Gone(NamedTuple):
    """A station that should be here and is not."""

    station_id: str
    name: str | None
    site_id: str | None
    since: datetime | None
    """When it was last heard; None: never."""


class Fault(NamedTuple):
    """A connector, an EVSE or a station that is faulted."""

    station_id: str
    evse_id: int
    connector_id: int
    error_code: str | None
    info: str | None
    since: datetime


class Now(NamedTuple):
    """How things are."""

    total: int
    connected: int
    pending: int
    by_version: dict[str, int]
    """Of those that are connected."""
    by_status: dict[str, int]
    """Of connectors, whether their stations are here or not."""
    offline_count: int
    offline: tuple[Gone, ...]
    """Those that left last come first."""
    faulted_count: int
    """Stations."""
    faulted: tuple[Fault, ...]
    unknown_count: int
    """Nobody knows their sites, so whoever is limited to some is told of none."""
    ids: tuple[str, ...] = ()
    """The stations of the sites, for whoever is limited to some."""


def now(
    connection: Connection,
    tenant_id: UUID,
    is_connected: Callable[[str], bool],
    sites: Sites = None,
) -> Now:
    """How things are at this moment, at some sites."""
    rows = _STATIONS.rows(connection, {"of_tenant": tenant_id})
    if sites is not None:
        rows = [row for row in rows if row[2] in sites]
    here = [row for row in rows if is_connected(row[0])]
    away = [
        Gone(row[0], row[1], row[2], row[5])
        for row in rows
        if row[4] == Registration.ACCEPTED and not is_connected(row[0])
    ]
    away.sort(key=lambda gone: gone.station_id)
    away.sort(key=lambda gone: gone.since.timestamp() if gone.since else 0.0, reverse=True)
    of_connectors = _of_connectors(tenant_id, sites)
    return Now(
        total=len(rows),
        connected=len(here),
        pending=sum(row[4] == Registration.PENDING for row in rows),
        by_version=dict(sorted(Counter(row[3] for row in here if row[3]).items())),
        by_status=_statuses(connection, of_connectors),
        offline_count=len(away),
        offline=tuple(away[:SHOWN_MAX]),
        faulted_count=_faulted_count(connection, of_connectors),
        faulted=_faults(connection, of_connectors),
        unknown_count=0 if sites is not None else _count(connection, unknown_stations, tenant_id),
        ids=() if sites is None else tuple(row[0] for row in rows),
    )


def _of_connectors(tenant_id: UUID, sites: Sites) -> tuple[Condition, ...]:
    of_tenant = connectors.c.tenant_id == tenant_id
    if sites is None:
        return (of_tenant,)
    return of_tenant, connectors.c.station_id.in_(stations_at(tenant_id, sites))


def _faults(connection: Connection, which: tuple[Condition, ...]) -> tuple[Fault, ...]:
    each = connectors.c
    rows = connection.execute(
        select(
            each.station_id,
            each.evse_id,
            each.connector_id,
            each.error_code,
            each.info,
            each.reported_at,
        )
        .where(*which, each.status == ConnectorStatus.FAULTED)
        .order_by(each.reported_at.desc(), each.station_id, each.evse_id, each.connector_id)
        .limit(SHOWN_MAX)
    )
    return tuple(Fault(*row) for row in rows)


def _faulted_count(connection: Connection, which: tuple[Condition, ...]) -> int:
    each = connectors.c
    found = connection.scalar(
        select(func.count(each.station_id.distinct())).where(
            *which, each.status == ConnectorStatus.FAULTED
        )
    )
    return found or 0


def _statuses(connection: Connection, which: tuple[Condition, ...]) -> dict[str, int]:
    each = connectors.c
    rows = connection.execute(
        select(each.status, func.count()).where(*which, each.connector_id > 0).group_by(each.status)
    )
    return dict(sorted((row[0], row[1]) for row in rows))


def _count(connection: Connection, table: Any, tenant_id: UUID) -> int:
    query = select(func.count()).select_from(table).where(table.c.tenant_id == tenant_id)
    return connection.scalar(query) or 0
