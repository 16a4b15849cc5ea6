"""The outbox: events are written in the transaction of the rows they tell about, and told after.

It is a log in the order of ids. A reader remembers how far it has come, in ``outbox_readers``, and
not for each event: that would cost a second write of every row. An id is made a little before its
commit, so that an entry may appear behind one that was read already; a reader therefore stays
``LAG_S`` behind (``settled``). After a crash it reads what it has not confirmed again, and whoever
is told drops an id that it has seen.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, delete, select, update

from chargeplane.runtime.store.columns import Id, Moment, Words
from chargeplane.runtime.store.ids import id_at
from chargeplane.runtime.store.rows import Sink
from chargeplane.runtime.store.schema import RISES, SCHEMA
from chargeplane.runtime.store.tenants import tenants
from chargeplane.runtime.store.upserts import insert_new

__all__ = [
    "LAG_S",
    "SINK",
    "Entry",
    "after",
    "append",
    "confirm",
    "confirmed",
    "newest",
    "outbox",
    "prune",
    "settled",
]

LAG_S: Final = 60
"""No unit is committed so long after its ids were made: its callers have given up by then."""
_START: Final = UUID(int=0)

outbox = SCHEMA.table(
    "outbox",
    Column("id", Id, nullable=False, info=RISES),
    Column("topic", Words, nullable=False),
    Column("payload", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    key=["id"],
)

readers = SCHEMA.table(
    "outbox_readers",
    Column("reader", Words, nullable=False),
    Column("position", Id, nullable=False),
    key=["reader"],
)


class Entry(NamedTuple):
    """One event on its way to the bus."""

    tenant_id: UUID
    id: UUID
    topic: str
    payload: str
    created_at: datetime


_ENTRY = [outbox.c[name] for name in Entry._fields]
SINK = Sink(outbox, Entry._fields)
"""Takes entries as rows."""


def append(connection: Connection, entry: Entry) -> None:
    """Add an event; an id that is there already changes nothing."""
    insert_new(connection, outbox, entry._asdict())


def after(
    connection: Connection, tenant_ids: Collection[UUID], position: UUID, count_max: int
) -> list[Entry]:
    """The entries behind a position, the oldest first."""
    found = connection.execute(
        select(*_ENTRY)
        .where(outbox.c.tenant_id.in_(tenant_ids), outbox.c.id > position)
        .order_by(outbox.c.id)
        .limit(count_max)
    )
    return [Entry(*row) for row in found]


def settled(now: datetime) -> UUID:
    """Everything before this position was committed or never will be."""
    return id_at(now - timedelta(seconds=LAG_S))


def confirmed(connection: Connection, tenant_id: UUID, reader: str) -> UUID:
    """How far a reader has come."""
    position: UUID | None = connection.scalar(
        select(readers.c.position).where(
            readers.c.tenant_id == tenant_id, readers.c.reader == reader
        )
    )
    return position or _START


def confirm(connection: Connection, tenant_id: UUID, reader: str, position: UUID) -> None:
    """A reader has come so far; never back."""
    row = {"tenant_id": tenant_id, "reader": reader, "position": position}
    if not insert_new(connection, readers, row):
        connection.execute(
            update(readers)
            .where(
                readers.c.tenant_id == tenant_id,
                readers.c.reader == reader,
                readers.c.position < position,
            )
            .values(position=position)
        )


def prune(connection: Connection, tenant_id: UUID, *, before: datetime, step_max: int) -> int:
    """Delete the oldest entries that are older and that every reader has behind it; how many.

    Repeat while it is ``step_max``. Where nobody reads, nothing is deleted.
    """
    slowest = (
        select(readers.c.position)
        .where(readers.c.tenant_id == tenant_id)
        .order_by(readers.c.position)
        .limit(1)
        .scalar_subquery()
    )
    old = (
        select(outbox.c.id)
        .where(outbox.c.tenant_id == tenant_id, outbox.c.id < id_at(before), outbox.c.id <= slowest)
        .order_by(outbox.c.id)
        .limit(step_max)
    )
    return connection.execute(
        delete(outbox).where(outbox.c.tenant_id == tenant_id, outbox.c.id.in_(old))
    ).rowcount


def newest(connection: Connection, ids: Column[UUID] = outbox.c.id) -> UUID | None:
    """The greatest id of any tenant, or None. One step down the index for each tenant.

    ``ids``: of a table whose key they are.
    """
    of_tenant = (
        select(ids)
        .where(ids.table.c.tenant_id == tenants.c.tenant_id)
        .order_by(ids.desc())
        .limit(1)
        .scalar_subquery()
    )
    found = connection.scalars(select(of_tenant).select_from(tenants))
    return max(filter(None, found), default=None)
