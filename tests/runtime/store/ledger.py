"""A block's table as a block would add it, and what the tests do with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    Connection,
    ForeignKeyConstraint,
    Integer,
    Table,
    func,
    select,
    text,
)

from chargeplane.runtime.store import (
    Exact,
    Id,
    Moment,
    Schema,
    Words,
    frames,
    idempotency,
    insert_new,
    new_id,
    outbox,
    tenants,
)
from chargeplane.runtime.store.schema import TENANT

TENANT_ID = tenants.DEFAULT_TENANT_ID
NOW = datetime(2026, 11, 21, 12, 30, 15, 123456, tzinfo=UTC)

# What the store has of its own, whatever blocks other tests have imported.
CORE = Schema()
for _module in (tenants, frames, outbox, idempotency):
    for _table in vars(_module).values():
        if isinstance(_table, Table) and _table.name not in CORE.metadata.tables:
            _table.to_metadata(CORE.metadata)

WITH_LEDGER = CORE.copy()
WITH_LEDGER.contribute(Path(__file__).parent / "migrations")
ledger = WITH_LEDGER.table(
    "ledger",
    Column("station_id", Words, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("follows", Integer),
    Column("amount", Exact),
    Column("at", Moment),
    Column("note", Words),
    Column("event_id", Id),
    ForeignKeyConstraint(
        [TENANT, "station_id", "follows"],
        ["ledger.tenant_id", "ledger.station_id", "ledger.seq"],
        deferrable=True,
        initially="DEFERRED",
    ),
    key=["station_id", "seq"],
    unique=[["event_id"]],
)


AS_OF_A_NEWER_PROGRAM = text(
    "UPDATE alembic_version SET version_num = 'core_9999' WHERE version_num = 'core_0004'"
)


def make_tenant(connection: Connection, tenant_id: UUID = TENANT_ID) -> None:
    tenants.ensure(connection, tenant_id, "the only one", NOW)


@dataclass
class Entry:
    """A unit: one row, and one event if the row is new. True if it was."""

    station_id: str
    seq: int
    note: str | None = None
    amount: Decimal | None = None
    follows: int | None = None

    def __post_init__(self) -> None:
        self._event = outbox.Entry(
            TENANT_ID, new_id(), "ledger", f"{self.station_id} {self.seq}", NOW
        )

    def apply(self, connection: Connection) -> bool:
        created = insert_new(
            connection,
            ledger,
            {
                TENANT: TENANT_ID,
                "station_id": self.station_id,
                "seq": self.seq,
                "note": self.note,
                "amount": self.amount,
                "follows": self.follows,
                "at": NOW,
            },
        )
        if created:
            outbox.append(connection, self._event)
        return created


@dataclass(frozen=True)
class Plain:
    """A unit that does not look whether its row is there: a second one breaks the key."""

    seq: int
    values: tuple[tuple[str, Any], ...] = ()

    def apply(self, connection: Connection) -> int:
        row = {TENANT: TENANT_ID, "station_id": "plain", "seq": self.seq, **dict(self.values)}
        connection.execute(ledger.insert(), row)
        return self.seq


def entries(connection: Connection) -> list[tuple[str, int]]:
    """What is in the table, sorted."""
    rows = connection.execute(
        select(ledger.c.station_id, ledger.c.seq).order_by(ledger.c.station_id, ledger.c.seq)
    )
    return [(row.station_id, row.seq) for row in rows]


def events(connection: Connection) -> list[str]:
    """The payloads of the outbox, in the order of ids."""
    return [entry.payload for entry in outbox.after(connection, [TENANT_ID], UUID(int=0), 100_000)]


def count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(ledger)).scalar_one()
