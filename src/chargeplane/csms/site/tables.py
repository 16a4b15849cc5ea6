"""The table of sites."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, Float, delete, func, select, update

from chargeplane.csms.inventory import stations
from chargeplane.runtime.store import SCHEMA, Moment, Words, insert_or_get, storable

__all__ = ["HasStations", "Site", "add", "after", "change", "find", "is_at", "remove", "sites"]

SCHEMA.contribute(Path(__file__).parent / "migrations")

sites = SCHEMA.table(
    "sites",
    Column("id", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("address", Words),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("time_zone", Words),
    Column("note", Words),
    Column("created_at", Moment, nullable=False),
    key=["id"],
)


class HasStations(Exception):
    """Stations stand there."""


class Site(NamedTuple):
    """A site."""

    id: str
    name: str
    address: str | None
    latitude: float | None
    longitude: float | None
    time_zone: str | None
    note: str | None
    created_at: datetime
    stations_count: int = 0


_SITE = [sites.c[name] for name in Site._fields if name != "stations_count"]
_COUNT = (
    select(func.count())
    .select_from(stations)
    .where(stations.c.tenant_id == sites.c.tenant_id, stations.c.site_id == sites.c.id)
    .correlate(sites)
    .scalar_subquery()
)


def after(
    connection: Connection,
    tenant_id: UUID,
    *,
    count_max: int,
    key: str | None = None,
    only: frozenset[str] | None = None,
) -> list[Site]:
    """Sites in the order of their ids; ``only``: those that whoever asks is limited to."""
    query = select(*_SITE, _COUNT).where(sites.c.tenant_id == tenant_id)
    if key is not None:
        query = query.where(sites.c.id > key)
    if only is not None:
        query = query.where(sites.c.id.in_(sorted(only)))
    rows = connection.execute(query.order_by(sites.c.id).limit(count_max))
    return [Site._make(row) for row in rows]


def find(connection: Connection, tenant_id: UUID, site_id: str) -> Site | None:
    """One site."""
    mine = sites.c.tenant_id == tenant_id, sites.c.id == storable(site_id)
    row = connection.execute(select(*_SITE, _COUNT).where(*mine)).one_or_none()
    return None if row is None else Site._make(row)


def add(connection: Connection, tenant_id: UUID, values: Mapping[str, Any]) -> Site | None:
    """A new site; None if there is another one of this id."""
    row = {"tenant_id": tenant_id, **_stored(values)}
    there = insert_or_get(connection, sites, row)
    if there is not None and there.created_at != row["created_at"]:
        return None
    return find(connection, tenant_id, row["id"])


def change(
    connection: Connection, tenant_id: UUID, site_id: str, values: Mapping[str, Any]
) -> Site | None:
    """Change some columns; the site as it is now, or None if there is none."""
    if values:
        mine = sites.c.tenant_id == tenant_id, sites.c.id == storable(site_id)
        connection.execute(update(sites).where(*mine).values(_stored(values)))
    return find(connection, tenant_id, site_id)


def remove(connection: Connection, tenant_id: UUID, site_id: str) -> bool:
    """Forget a site; False if there is none.

    Raises:
        HasStations: stations stand there.
    """
    found = find(connection, tenant_id, site_id)
    if found is None:
        return False
    if found.stations_count:
        raise HasStations(found.stations_count)
    mine = sites.c.tenant_id == tenant_id, sites.c.id == found.id
    return connection.execute(delete(sites).where(*mine)).rowcount == 1


def is_at(connection: Connection, tenant_id: UUID, site_id: str, only: frozenset[str]) -> bool:
    """Whether a site is one of these."""
    return site_id in only


def _stored(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: storable(value) if isinstance(value, str) else value for name, value in values.items()
    }
