"""Tenants: the operators that share one installation, each with rows of its own.

A tenant that is given up is closed: its rows stay, and nobody gets in, neither people and programs
nor stations, until it is opened again. A closed one is removed with all its rows, unless there are
some that must be kept (``schema.KEPT``), or so many that the writer would be busy for long.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, delete, func, select, update

from chargeplane.runtime.store.columns import Moment, Words
from chargeplane.runtime.store.schema import KEPT, SCHEMA
from chargeplane.runtime.store.upserts import insert_new

__all__ = [
    "CONTENT_ROWS_MAX",
    "DEFAULT_TENANT_ID",
    "OPEN",
    "Content",
    "Tenant",
    "after",
    "contents",
    "ensure",
    "exists",
    "find",
    "is_open",
    "known",
    "remove",
    "rename",
    "set_closed",
    "tenants",
]

DEFAULT_TENANT_ID = UUID("00000000-0000-7000-8000-000000000001")
"""The tenant of an installation that has only one."""
CONTENT_ROWS_MAX: Final = 20_000
"""Of one table and one tenant: so far is counted, and no more is removed at once."""

tenants = SCHEMA.table(
    "tenants",
    Column("name", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("closed_at", Moment),
)

OPEN: Final = select(tenants.c.tenant_id).where(tenants.c.closed_at.is_(None))
"""The ids of those that are not closed."""


class Tenant(NamedTuple):
    """A tenant."""

    id: UUID
    name: str
    created_at: datetime
    closed_at: datetime | None
    """Since when nobody gets in; None: it is open."""


class Content(NamedTuple):
    """How many rows of a table a tenant has."""

    table: str
    rows: int
    """``CONTENT_ROWS_MAX`` + 1: more than that."""
    is_kept: bool
    """Whether they stand in the way of removing the tenant."""


_each = tenants.c
_TENANT = select(_each.tenant_id, _each.name, _each.created_at, _each.closed_at)


def ensure(connection: Connection, tenant_id: UUID, name: str, now: datetime) -> bool:
    """Make the tenant unless it exists; True if it is new."""
    values = {"tenant_id": tenant_id, "name": name, "created_at": now}
    return insert_new(connection, tenants, values)


def exists(connection: Connection, tenant_id: UUID) -> bool:
    """Whether there is such a tenant."""
    return find(connection, tenant_id) is not None


def is_open(connection: Connection, tenant_id: UUID) -> bool:
    """Whether there is such a tenant, and it is not closed."""
    return connection.scalar(OPEN.where(_each.tenant_id == tenant_id)) is not None


def find(connection: Connection, tenant_id: UUID) -> Tenant | None:
    """The tenant of an id."""
    return next(iter(after(connection, after=None, only=tenant_id, count_max=1)), None)


def after(
    connection: Connection, *, after: UUID | None, only: UUID | None, count_max: int
) -> list[Tenant]:
    """Tenants in the order of their ids; ``only``: of one."""
    query = _TENANT
    if after is not None:
        query = query.where(_each.tenant_id > after)
    if only is not None:
        query = query.where(_each.tenant_id == only)
    rows = connection.execute(query.order_by(_each.tenant_id).limit(count_max))
    return [Tenant(*row) for row in rows]


def rename(connection: Connection, tenant_id: UUID, name: str) -> Tenant | None:
    """Give a tenant another name; None: there is no such tenant."""
    changed = update(tenants).where(_each.tenant_id == tenant_id).values(name=name)
    connection.execute(changed)
    return find(connection, tenant_id)


def set_closed(connection: Connection, tenant_id: UUID, at: datetime | None) -> Tenant | None:
    """Close a tenant, unless it is closed, or open it (None). None: there is no such tenant."""
    is_other = _each.closed_at.is_(None) if at is not None else _each.closed_at.is_not(None)
    mine = (_each.tenant_id == tenant_id, is_other)
    connection.execute(update(tenants).where(*mine).values(closed_at=at))
    return find(connection, tenant_id)


def contents(connection: Connection, tenant_id: UUID) -> list[Content]:
    """What a tenant has, by table; tables without a row of it are left out."""
    found = []
    for table in SCHEMA.metadata.sorted_tables:
        if table is tenants:
            continue
        mine = select(table.c.tenant_id).where(table.c.tenant_id == tenant_id)
        some = mine.limit(CONTENT_ROWS_MAX + 1).subquery()
        rows = connection.scalar(select(func.count()).select_from(some)) or 0
        if rows:
            found.append(Content(table.name, rows, KEPT.items() <= table.info.items()))
    return found


def remove(connection: Connection, tenant_id: UUID) -> bool:
    """Delete a closed tenant with everything that it has; False: something stands in the way.

    That is: it is not closed, it has rows that must be kept, or too many rows for one step.
    """
    if is_open(connection, tenant_id) or any(
        each.is_kept or each.rows > CONTENT_ROWS_MAX for each in contents(connection, tenant_id)
    ):
        return False
    for table in reversed(SCHEMA.metadata.sorted_tables):
        connection.execute(delete(table).where(table.c.tenant_id == tenant_id))
    return True


def known(connection: Connection) -> list[UUID]:
    """The ids of all tenants, oldest first."""
    return list(connection.scalars(select(_each.tenant_id).order_by(_each.tenant_id)))
