"""The table of which station has which root of ours."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Connection, and_, delete, func, select

from chargeplane.csms.inventory import stations
from chargeplane.runtime.store import SCHEMA, Moment, Words, insert_new

__all__ = ["ROUND_MAX", "keep", "waiting", "waiting_count"]

ROUND_MAX: Final = 500
"""Stations that are asked in one round."""
_TLS_FROM: Final = 2
"""The lowest security profile with a root."""

root_deliveries = SCHEMA.table(
    "root_deliveries",
    Column("station_id", Words, nullable=False),
    Column("fingerprint", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("asked_at", Moment, nullable=False),
    key=["station_id"],
)
"""``state``: installed, or the word of the station or of us why not."""

_EACH: Final = root_deliveries.c


def _lacks(tenant_id: UUID, fingerprint: str, made_at: datetime) -> ColumnElement[bool]:
    has = (
        select(_EACH.station_id)
        .where(
            _EACH.tenant_id == tenant_id,
            _EACH.station_id == stations.c.id,
            _EACH.fingerprint == fingerprint,
            _EACH.state == "installed",
        )
        .exists()
    )
    return and_(
        stations.c.tenant_id == tenant_id,
        stations.c.security_profile >= _TLS_FROM,
        stations.c.created_at < made_at,
        ~has,
    )


def waiting(
    connection: Connection,
    tenant_id: UUID,
    fingerprint: str,
    made_at: datetime,
    asked_before: datetime,
) -> list[str]:
    """Stations that do not have a root, and were not asked lately; the last seen first."""
    lately = (
        select(_EACH.station_id)
        .where(
            _EACH.tenant_id == tenant_id,
            _EACH.station_id == stations.c.id,
            _EACH.fingerprint == fingerprint,
            _EACH.asked_at >= asked_before,
        )
        .exists()
    )
    query = select(stations.c.id).where(_lacks(tenant_id, fingerprint, made_at), ~lately)
    seen_last = stations.c.last_seen_at.desc(), stations.c.id
    return list(connection.scalars(query.order_by(*seen_last).limit(ROUND_MAX)))


def waiting_count(
    connection: Connection, tenant_id: UUID, fingerprint: str, made_at: datetime
) -> int:
    """How many stations do not have a root."""
    query = select(func.count()).select_from(stations)
    found: int | None = connection.scalar(query.where(_lacks(tenant_id, fingerprint, made_at)))
    return found or 0


def keep(connection: Connection, tenant_id: UUID, station_id: str, **values: Any) -> None:
    """Note what a station said to a root."""
    mine = _EACH.tenant_id == tenant_id, _EACH.station_id == station_id
    connection.execute(delete(root_deliveries).where(*mine))
    now = values.pop("now")
    row = {"tenant_id": tenant_id, "station_id": station_id, "asked_at": now, **values}
    insert_new(connection, root_deliveries, row)
