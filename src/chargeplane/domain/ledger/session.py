"""What the fold makes of a transaction's messages: the row that people see and that is billed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.ledger.remarks import Remark
from chargeplane.domain.tokens import IdToken
from chargeplane.domain.transactions import SessionState, StopReason

__all__ = ["Session"]


class Session(Struct, frozen=True, kw_only=True):
    """One charging session.

    ``key`` names it among the sessions of its station as long as the same messages are known: a
    late start can give an orphan its place in another session. ``is_complete`` is true if start
    and end are there and no sequence number between them is missing. ``frame_ids`` are all entries
    that it was folded from, repetitions included; ``repeats`` says how many of them were
    repetitions.
    """

    tenant_id: str
    station_id: str
    key: str
    family: int
    wire_id: str | None
    evse: EvseAddress | None
    id_token: IdToken | None
    state: SessionState
    started_at: datetime
    ended_at: datetime | None
    meter_start_wh: Decimal | None
    meter_stop_wh: Decimal | None
    energy_wh: Decimal
    stop_reason: StopReason | None
    is_complete: bool
    is_orphan: bool
    remarks: tuple[Remark, ...]
    frame_ids: tuple[str, ...]
    repeats: int
