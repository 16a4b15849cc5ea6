"""The table of the manufacturers' roots that a tenant trusts to sign firmware."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, delete, func, select

from chargeplane.runtime.store import SCHEMA, Moment, Words, insert_new

__all__ = ["ROOTS_MAX", "Root", "add", "remove", "roots", "roots_listed"]

ROOTS_MAX: Final = 100
"""Of a tenant."""

firmware_roots = SCHEMA.table(
    "firmware_roots",
    Column("fingerprint", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("vendor", Words),
    Column("note", Words),
    Column("certificate", Words, nullable=False),
    Column("not_after", Moment, nullable=False),
    Column("added_at", Moment, nullable=False),
    Column("added_by", Words, nullable=False),
    key=["fingerprint"],
)


class Root(NamedTuple):
    """Whom a tenant trusts to say who may sign firmware."""

    tenant_id: UUID
    fingerprint: str
    name: str
    vendor: str | None
    """For images of this vendor alone; None: for all."""
    note: str | None
    certificate: str
    """In PEM."""
    not_after: datetime
    added_at: datetime
    added_by: str


_each = firmware_roots.c
_ROOT: Final = select(*(_each[name] for name in Root._fields))


def add(connection: Connection, root: Root, count_max: int = ROOTS_MAX) -> bool | None:
    """Keep a new root; False if it is there already, None if there are too many."""
    mine = _each.tenant_id == root.tenant_id
    if (connection.scalar(select(func.count()).where(mine)) or 0) >= count_max:
        return None
    return insert_new(connection, firmware_roots, root._asdict())


def remove(connection: Connection, tenant_id: UUID, fingerprint: str) -> bool:
    """Forget a root; False if there is none."""
    mine = _each.tenant_id == tenant_id, _each.fingerprint == fingerprint
    return connection.execute(delete(firmware_roots).where(*mine)).rowcount == 1


def roots(connection: Connection, tenant_id: UUID) -> list[Root]:
    """All roots of a tenant."""
    query = _ROOT.where(_each.tenant_id == tenant_id)
    return [Root(*row) for row in connection.execute(query.order_by(_each.fingerprint))]


def roots_listed(
    connection: Connection, tenant_id: UUID, *, count_max: int, after: str | None = None
) -> list[Root]:
    """Some roots of a tenant, in the order of their fingerprints."""
    query = _ROOT.where(_each.tenant_id == tenant_id)
    if after is not None:
        query = query.where(_each.fingerprint > after)
    rows = connection.execute(query.order_by(_each.fingerprint).limit(count_max))
    return [Root(*row) for row in rows]
