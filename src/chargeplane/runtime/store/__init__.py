"""The store: SQLite or PostgreSQL, written in shared commits, read beside the writer.

``Store.write`` is durable when it returns. Many units share one commit and one sync of the disk, so
that durability is cheap, and a unit that fails takes no other with it (``writer``). ``Store.read``
never waits for a writer. While the database is away, units wait, nothing is acknowledged, and work
goes on by itself when it is back.

Every row belongs to a tenant (``schema``). Values mean the same on both engines (``columns``), and
text comes in through ``storable``. Blocks add their tables to ``SCHEMA``.

The core's tables and the queries on them have a module each: ``tenants``, ``frames``, ``outbox``,
``idempotency``.
"""

from chargeplane.runtime.store import frames, idempotency, outbox, tenants
from chargeplane.runtime.store.backends import Settings
from chargeplane.runtime.store.backups import backup, restore, verify
from chargeplane.runtime.store.columns import Exact, Id, Moment, Words
from chargeplane.runtime.store.errors import (
    BackupError,
    NewerDatabase,
    OlderDatabase,
    StoreBusy,
    StoreClosed,
    StoreError,
    StoreUnavailable,
)
from chargeplane.runtime.store.ids import id_at, new_id, time_of
from chargeplane.runtime.store.migrating import current, upgrade
from chargeplane.runtime.store.prepared import Prepared
from chargeplane.runtime.store.rows import Change, Removal, Row, Rows, Sink
from chargeplane.runtime.store.schema import KEPT, SCHEMA, Schema
from chargeplane.runtime.store.store import Committed, Health, Store
from chargeplane.runtime.store.text import storable
from chargeplane.runtime.store.units import Function, Statements, Unit
from chargeplane.runtime.store.upserts import insert_new, insert_or_get

__all__ = [
    "KEPT",
    "SCHEMA",
    "BackupError",
    "Change",
    "Committed",
    "Exact",
    "Function",
    "Health",
    "Id",
    "Moment",
    "NewerDatabase",
    "OlderDatabase",
    "Prepared",
    "Removal",
    "Row",
    "Rows",
    "Schema",
    "Settings",
    "Sink",
    "Statements",
    "Store",
    "StoreBusy",
    "StoreClosed",
    "StoreError",
    "StoreUnavailable",
    "Unit",
    "Words",
    "backup",
    "current",
    "frames",
    "id_at",
    "idempotency",
    "insert_new",
    "insert_or_get",
    "new_id",
    "outbox",
    "restore",
    "storable",
    "tenants",
    "time_of",
    "upgrade",
    "verify",
]
