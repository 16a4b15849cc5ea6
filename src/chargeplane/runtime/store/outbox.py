"""The outbox: events are written in the transaction of the rows they tell about, and relayed after.

The relay reads what is unsent in the order of ids, publishes it, and marks it sent once the bus has
it. If it dies in between, it publishes again; so consumers drop an id that they have seen. An entry
gets its id when it is made, before its unit is submitted: a unit that runs twice appends it once.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, Index, bindparam, delete, select, text, update

from chargeplane.runtime.store.columns import Id, Moment, Words
from chargeplane.runtime.store.schema import SCHEMA, TENANT
from chargeplane.runtime.store.tenants import tenants
from chargeplane.runtime.store.upserts import insert_new

__all__ = ["Entry", "append", "mark_sent", "newest", "outbox", "prune", "unsent"]

_UNSENT = text("sent_at IS NULL")

outbox = SCHEMA.table(
    "outbox",
    Column("id", Id, nullable=False),
    Column("topic", Words, nullable=False),
    Column("payload", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Index("ix_outbox_unsent", TENANT, "id", sqlite_where=_UNSENT, postgresql_where=_UNSENT),
    key=["id"],
)


class Entry(NamedTuple):
    """One event on its way to the bus."""

    tenant_id: UUID
    id: UUID
    topic: str
    payload: str
    created_at: datetime


_ENTRY = [outbox.c[name] for name in Entry._fields]


def append(connection: Connection, entry: Entry) -> None:
    """Add an event; an id that is there already changes nothing."""
    insert_new(connection, outbox, entry._asdict())


def unsent(connection: Connection, tenant_ids: Collection[UUID], count_max: int) -> list[Entry]:
    """The oldest entries that nobody has marked yet."""
    found = connection.execute(
        select(*_ENTRY)
        .where(outbox.c.tenant_id.in_(tenant_ids), outbox.c.sent_at.is_(None))
        .order_by(outbox.c.id)
        .limit(count_max)
    )
    return [Entry(*row) for row in found]


def mark_sent(connection: Connection, entries: Collection[Entry], now: datetime) -> int:
    """Mark what the bus has confirmed; how many were not marked before."""
    if not entries:
        return 0
    marking = (
        update(outbox)
        .where(
            outbox.c.tenant_id == bindparam("of_tenant"),
            outbox.c.id == bindparam("of_id"),
            outbox.c.sent_at.is_(None),
        )
        .values(sent_at=now)
    )
    marked = [{"of_tenant": entry.tenant_id, "of_id": entry.id} for entry in entries]
    return connection.execute(marking, marked).rowcount


def prune(connection: Connection, tenant_id: UUID, *, before: datetime, step_max: int) -> int:
    """Delete the oldest entries sent before; how many. Repeat while it is ``step_max``."""
    old = (
        select(outbox.c.id)
        .where(outbox.c.tenant_id == tenant_id, outbox.c.sent_at < before)
        .order_by(outbox.c.id)
        .limit(step_max)
    )
    return connection.execute(
        delete(outbox).where(outbox.c.tenant_id == tenant_id, outbox.c.id.in_(old))
    ).rowcount


def newest(connection: Connection) -> UUID | None:
    """The greatest id of any tenant, or None. One step down the index for each tenant."""
    of_tenant = (
        select(outbox.c.id)
        .where(outbox.c.tenant_id == tenants.c.tenant_id)
        .order_by(outbox.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    ids = connection.scalars(select(of_tenant).select_from(tenants))
    return max((each for each in ids if each is not None), default=None)
