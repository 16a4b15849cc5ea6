"""The table of grants, each with the file that it is for."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Column, Connection, Integer, func, select

from chargeplane.csms.records import Records
from chargeplane.runtime.store import SCHEMA, Id, Moment, Words

__all__ = [
    "Grant",
    "forget_heavy",
    "forget_old",
    "give_back",
    "grants",
    "listed",
    "named",
    "prune",
    "received",
    "take",
]

GRANTS_MAX: Final = 1_000
"""Of a station; the oldest go first, with their files."""

SCHEMA.contribute(Path(__file__).parent / "migrations")

file_grants = SCHEMA.table(
    "file_grants",
    Column("id", Id, nullable=False),
    Column("station_id", Words, nullable=False),
    Column("direction", Words, nullable=False),
    Column("purpose", Words, nullable=False),
    Column("token_hash", Words, nullable=False),
    Column("uses_left", Integer, nullable=False),
    Column("size_bytes_max", BigInteger, nullable=False),
    Column("size_bytes", BigInteger),
    Column("sha256", Words),
    Column("remote_host", Words),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("done_at", Moment),
    Column("kept", Words),
    key=["id"],
    indexes=[["station_id", "id"]],
)


class Grant(NamedTuple):
    """A one-time address, and what became of it."""

    tenant_id: UUID
    id: UUID
    station_id: str
    direction: str
    purpose: str
    token_hash: str
    uses_left: int
    size_bytes_max: int
    size_bytes: int | None
    """Of the file; None: it is not there yet."""
    sha256: str | None
    remote_host: str | None
    created_at: datetime
    expires_at: datetime
    done_at: datetime | None
    kept: str | None = None
    """The name of a kept file, which is fetched by many; None: a file of its own."""


grants: Final = Records(file_grants, Grant)
_each = file_grants.c


def listed(
    connection: Connection,
    tenant_id: UUID,
    station_id: str,
    *,
    count_max: int,
    before: UUID | None = None,
) -> list[Grant]:
    """The grants of a station, the latest first."""
    mine = [_each.station_id == station_id]
    return grants.latest(connection, tenant_id, only=mine, count_max=count_max, before=before)


def take(connection: Connection, tenant_id: UUID, id_: UUID, now: datetime) -> bool:
    """Take a use of a grant, if one is left: of two at the same moment, one gets it."""
    counts = _each.uses_left > 0, _each.expires_at > now
    return grants.change(connection, tenant_id, id_, only=counts, uses_left=_each.uses_left - 1)


def give_back(connection: Connection, tenant_id: UUID, id_: UUID) -> None:
    """A transfer has broken off."""
    grants.change(connection, tenant_id, id_, uses_left=_each.uses_left + 1)


def prune(
    connection: Connection, tenant_id: UUID, station_id: str, keep_max: int = GRANTS_MAX
) -> list[UUID]:
    """Delete the oldest grants of a station beyond the bound; whose files are to go."""
    return grants.prune(connection, tenant_id, station_id, keep_max)


def named(connection: Connection, tenant_id: UUID, names: list[str]) -> set[str]:
    """Which of some names of files are those of a tenant's grants."""
    ids = {id_ for name in names if (id_ := _id_in(name)) is not None}
    query = select(_each.id).where(_each.tenant_id == tenant_id, _each.id.in_(ids))
    return {str(id_) for id_ in connection.scalars(query)}


def _id_in(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:  # the beginning of a file, whose end never came
        return None


def received(connection: Connection, tenant_id: UUID, ids: Collection[UUID]) -> list[Grant]:
    """Those of some grants whose files have come."""
    have_come = _each.id.in_(ids), _each.size_bytes.is_not(None)
    return grants.found(connection, grants.of(tenant_id, have_come))


def forget_old(
    connection: Connection, tenant_id: UUID, before: datetime, step_max: int
) -> list[UUID]:
    """Delete grants that ended before a time; whose files are to go."""
    query = select(_each.id).where(
        _each.tenant_id == tenant_id, _each.created_at < before, _each.expires_at < before
    )
    return grants.remove(connection, tenant_id, list(connection.scalars(query.limit(step_max))))


def forget_heavy(
    connection: Connection, tenant_id: UUID, bytes_max: int, step_max: int
) -> list[UUID]:
    """Delete the oldest files of each station whose files are more than a bound together."""
    size = func.sum(_each.size_bytes)
    own = _each.tenant_id == tenant_id, _each.kept.is_(None), _each.size_bytes.is_not(None)
    query = select(_each.station_id).where(*own).group_by(_each.station_id)
    ids: list[UUID] = []
    for station_id in list(connection.scalars(query.having(size > bytes_max).limit(step_max))):
        mine = select(_each.id, _each.size_bytes).where(*own, _each.station_id == station_id)
        total = 0
        for id_, size_bytes in connection.execute(mine.order_by(_each.id.desc())):
            total += size_bytes
            if total > bytes_max:
                ids.append(id_)
    return grants.remove(connection, tenant_id, ids[:step_max])
