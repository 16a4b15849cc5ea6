"""The body of a row of the ledger: what an entry says beside what the columns of its row say.

A row is written twice, to the day book and to the ledger, and each time to the log and to its
place: what the columns hold already would be nearly half of it. Bodies that an older program has
written have all of it, and are read alike.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct
from msgspec.json import Decoder, Encoder

from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.ledger import EntryKind, LedgerEntry
from chargeplane.domain.metering import MeterValue
from chargeplane.domain.tokens import IdToken
from chargeplane.domain.transactions import StopReason

__all__ = ["body_of", "entry_of"]


class _Body(Struct, frozen=True, omit_defaults=True):
    """Fields of ``LedgerEntry``."""

    family: Literal[1, 2]
    kind: EntryKind
    reported_at: datetime
    received_at: datetime
    seq_no: int | None = None
    evse: EvseAddress | None = None
    id_token: IdToken | None = None
    meter_values: tuple[MeterValue, ...] = ()
    offline: bool = False
    stop_reason: StopReason | None = None
    reservation_id: str | None = None
    transaction_id: str | None = None
    """Only if it is not that of the column: an id that names no transaction, such as -1."""
    key: str = ""
    """Only if it was worked out from more than transaction and number."""


_encode = Encoder().encode
_decode = Decoder(_Body).decode


def body_of(entry: LedgerEntry, known_id: str | None) -> str:
    """The body of an entry; ``known_id`` is what the column has of its transaction id.

    JSON has no NUL in it, and no half of a surrogate pair: it is storable.
    """
    transaction_id = entry.transaction_id
    return _encode(
        _Body(
            entry.family,
            entry.kind,
            entry.reported_at,
            entry.received_at,
            entry.seq_no,
            entry.evse,
            entry.id_token,
            entry.meter_values,
            entry.offline,
            entry.stop_reason,
            entry.reservation_id,
            None if transaction_id == known_id else transaction_id,
            "" if entry.key.startswith("2/") else entry.key,
        )
    ).decode()


def entry_of(
    tenant_id: UUID, station_id: str, transaction_id: str, frame_id: UUID, body: str
) -> LedgerEntry:
    """The entry of a row; ``transaction_id`` is empty if the station named none it can know."""
    said = _decode(body)
    return LedgerEntry(
        tenant_id=str(tenant_id),
        station_id=station_id,
        family=said.family,
        kind=said.kind,
        reported_at=said.reported_at,
        received_at=said.received_at,
        frame_id=str(frame_id),
        transaction_id=transaction_id or said.transaction_id,
        seq_no=said.seq_no,
        evse=said.evse,
        id_token=said.id_token,
        meter_values=said.meter_values,
        offline=said.offline,
        stop_reason=said.stop_reason,
        reservation_id=said.reservation_id,
        key=said.key,
    )
