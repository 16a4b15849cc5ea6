"""Tenants: the operators that share one installation, each with rows of its own."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Connection, select

from chargeplane.runtime.store.columns import Moment, Words
from chargeplane.runtime.store.schema import SCHEMA
from chargeplane.runtime.store.upserts import insert_new

__all__ = ["DEFAULT_TENANT_ID", "ensure", "known", "tenants"]

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


def known(connection: Connection) -> list[UUID]:
    """The ids of all tenants, oldest first."""
    return list(connection.scalars(select(tenants.c.tenant_id).order_by(tenants.c.tenant_id)))
