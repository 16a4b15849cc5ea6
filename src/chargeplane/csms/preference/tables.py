"""The table of preferences: a row for each that a tenant has chosen."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, delete, insert, select

from chargeplane.runtime.store import SCHEMA, Moment, Words, tenants

__all__ = ["Choice", "all_of", "forget", "put"]

SCHEMA.contribute(Path(__file__).parent / "migrations")

preferences = SCHEMA.table(
    "preferences",
    Column("name", Words, nullable=False),
    Column("value", Words, nullable=False),
    Column("changed_by", Words, nullable=False),
    Column("changed_at", Moment, nullable=False),
    key=["name"],
)


class Choice(NamedTuple):
    """What somebody has chosen."""

    tenant_id: UUID
    name: str
    value: str
    """As JSON."""
    changed_by: str
    changed_at: datetime


_each = preferences.c


def all_of(connection: Connection) -> list[Choice]:
    """The choices of all tenants."""
    query = select(*(_each[name] for name in Choice._fields))
    known = select(tenants.tenants.c.tenant_id)
    return [Choice(*row) for row in connection.execute(query.where(_each.tenant_id.in_(known)))]


def put(connection: Connection, choice: Choice) -> None:
    """Choose, in place of what was chosen before."""
    forget(connection, choice.tenant_id, choice.name)
    connection.execute(insert(preferences).values(choice._asdict()))


def forget(connection: Connection, tenant_id: UUID, name: str) -> None:
    """Go back to the default."""
    mine = (_each.tenant_id == tenant_id, _each.name == name)
    connection.execute(delete(preferences).where(*mine))
