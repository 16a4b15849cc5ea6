"""Tenants: the operators that share one installation, each with rows of its own."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Connection, select, update

from chargeplane.runtime.store.columns import Moment, Words
from chargeplane.runtime.store.schema import SCHEMA
from chargeplane.runtime.store.upserts import insert_new

__all__ = ["DEFAULT_TENANT_ID", "after", "ensure", "exists", "known", "rename", "tenants"]

DEFAULT_TENANT_ID = UUID("00000000-0000-7000-8000-000000000001")
"""The tenant of an installation that has only one."""

tenants = SCHEMA.table(
    "tenants",
    Column("name", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
)


def ensure(connection: Connection, tenant_id: UUID, name: str, now: datetime) -> bool:
    """Make the tenant unless it exists; True if it is new."""
    values = {"tenant_id": tenant_id, "name": name, "created_at": now}
    return insert_new(connection, tenants, values)


def exists(connection: Connection, tenant_id: UUID) -> bool:
    """Whether there is such a tenant."""
    query = select(tenants.c.tenant_id).where(tenants.c.tenant_id == tenant_id)
    return connection.scalar(query) is not None


def after(
    connection: Connection, *, after: UUID | None, only: UUID | None, count_max: int
) -> list[tuple[UUID, str, datetime]]:
    """Id, name and age of tenants, in the order of their ids; ``only``: of one."""
    mine = tenants.c
    query = select(mine.tenant_id, mine.name, mine.created_at)
    if after is not None:
        query = query.where(mine.tenant_id > after)
    if only is not None:
        query = query.where(mine.tenant_id == only)
    rows = connection.execute(query.order_by(mine.tenant_id).limit(count_max))
    return [(row.tenant_id, row.name, row.created_at) for row in rows]


def rename(connection: Connection, tenant_id: UUID, name: str) -> tuple[UUID, str, datetime] | None:
    """Give a tenant another name; None: there is no such tenant."""
    changed = update(tenants).where(tenants.c.tenant_id == tenant_id).values(name=name)
    connection.execute(changed)
    return next(iter(after(connection, after=None, only=tenant_id, count_max=1)), None)


def known(connection: Connection) -> list[UUID]:
    """The ids of all tenants, oldest first."""
    return list(connection.scalars(select(tenants.c.tenant_id).order_by(tenants.c.tenant_id)))
