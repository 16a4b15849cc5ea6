"""Corrections: what an operator says against the figures of a transaction, with the reason.

They are entries of a ledger of their own, which is only ever added to. The messages of the station
stay as they are, and so does the fold over them; a correction is laid over its result each time it
is shown. So a message that comes late changes what was measured, and never what was decided.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Column, Connection, select

from chargeplane.csms.transactions.tables import Stored
from chargeplane.runtime.store import KEPT, SCHEMA, Id, Moment, Row, Sink, Words, storable

__all__ = ["CORRECTIONS_MAX", "Changes", "Correction", "corrected", "of", "row"]

CORRECTIONS_MAX: Final = 100
"""Of one transaction."""

corrections = SCHEMA.table(
    "transaction_corrections",
    Column("transaction_id", Id, nullable=False),
    Column("id", Id, nullable=False),
    Column("by_id", Id, nullable=False),
    Column("by_name", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("reason", Words, nullable=False),
    Column("changes", Words, nullable=False),
    key=["transaction_id", "id"],
    info=KEPT,
)
_SINK: Final = Sink(corrections, [each.name for each in corrections.columns])


class Changes(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What counts instead; what is not named stays."""

    energy_wh: Decimal | UnsetType = UNSET
    started_at: datetime | UnsetType = UNSET
    ended_at: datetime | UnsetType = UNSET
    id_token: str | UnsetType = UNSET


class Correction(NamedTuple):
    """One entry."""

    tenant_id: UUID
    transaction_id: UUID
    id: UUID
    by_id: UUID
    by_name: str
    at: datetime
    reason: str
    changes: Changes


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Changes).decode


def row(correction: Correction) -> Row:
    """A correction as a row."""
    changes = storable(_encode(correction.changes).decode())
    return _SINK, (*correction[:-1], changes)


def of(
    connection: Connection, tenant_id: UUID, transaction_ids: Collection[UUID]
) -> dict[UUID, list[Correction]]:
    """The corrections of some transactions, in their order."""
    each = corrections.c
    rows = connection.execute(
        select(corrections)
        .where(each.tenant_id == tenant_id, each.transaction_id.in_(transaction_ids))
        .order_by(each.transaction_id, each.id)
    )
    found: dict[UUID, list[Correction]] = {}
    for stored in rows:
        correction = Correction(*stored)
        read = correction._replace(changes=_decode(stored.changes))
        found.setdefault(read.transaction_id, []).append(read)
    return found


def corrected(stored: Stored, entries: Iterable[Correction]) -> Stored:
    """What counts; ``measured_energy_wh`` is what the station's messages say."""
    result = dict(stored, measured_energy_wh=stored["energy_wh"], corrections_count=0)
    for each in entries:
        changes = {name: getattr(each.changes, name) for name in Changes.__struct_fields__}
        result |= {name: value for name, value in changes.items() if value is not UNSET}
        result["corrections_count"] += 1
    return result
