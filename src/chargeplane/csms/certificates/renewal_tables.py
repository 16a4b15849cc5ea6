"""The table of stations that may come with a certificate that only serves to get another one."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, delete, func, insert, select

from chargeplane.csms.inventory import stations
from chargeplane.runtime.store import SCHEMA, Moment, Words

__all__ = ["ALLOWED_MAX", "Allowance", "allow", "allowances", "forget"]

ALLOWED_MAX: Final = 1_000
"""Stations of a tenant at a time."""

renewal_allowances = SCHEMA.table(
    "renewal_allowances",
    Column("station_id", Words, nullable=False),
    Column("until", Moment, nullable=False),
    Column("serial_number", Words),
    Column("allowed_by", Words, nullable=False),
    key=["station_id"],
)


class Allowance(NamedTuple):
    """A station that may come so, until a moment."""

    tenant_id: UUID
    station_id: str
    until: datetime
    serial_number: str | None
    """The name in its certificate, where it has not reported that itself."""
    allowed_by: str


_each = renewal_allowances.c
_ALLOWANCE: Final = select(*(_each[name] for name in Allowance._fields))


def allow(
    connection: Connection, allowance: Allowance, now: datetime, count_max: int = ALLOWED_MAX
) -> bool | None:
    """Keep an allowance in place of another one; what is over goes.

    False if the tenant has no such station, None if there are too many.
    """
    tenant_id, known = allowance.tenant_id, stations.c
    mine = known.tenant_id == tenant_id, known.id == allowance.station_id
    if connection.scalar(select(known.id).where(*mine)) is None:
        return False
    connection.execute(
        delete(renewal_allowances).where(
            _each.tenant_id == tenant_id,
            (_each.until <= now) | (_each.station_id == allowance.station_id),
        )
    )
    count = select(func.count()).where(_each.tenant_id == tenant_id)
    if (connection.scalar(count) or 0) >= count_max:
        return None
    connection.execute(insert(renewal_allowances).values(allowance._asdict()))
    return True


def forget(connection: Connection, tenant_id: UUID, station_id: str) -> bool:
    """Take an allowance back; False if there is none."""
    mine = _each.tenant_id == tenant_id, _each.station_id == station_id
    return connection.execute(delete(renewal_allowances).where(*mine)).rowcount == 1


def allowances(connection: Connection, tenant_id: UUID, now: datetime) -> list[Allowance]:
    """Those of a tenant that are not over."""
    query = _ALLOWANCE.where(_each.tenant_id == tenant_id, _each.until > now)
    return [Allowance(*row) for row in connection.execute(query.order_by(_each.station_id))]
