"""Transactions and their ledger, as the REST interface shows them."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct, UnsetType

from chargeplane.csms.meter_value_view import MeterValueView, number_of, value_view
from chargeplane.csms.transactions.corrections import Correction
from chargeplane.csms.transactions.tables import Stored
from chargeplane.domain.ledger import LedgerEntry, Remark

__all__ = ["LedgerView", "TransactionView", "correction_view", "ledger_view", "view"]

T = TypeVar("T")

_remarks = msgspec.json.Decoder(list[Remark]).decode


class TransactionView(Struct, frozen=True, kw_only=True):
    """A charging session."""

    id: UUID
    station_id: str
    wire_id: str | None
    """What the station calls it."""
    evse_id: int | None
    connector_id: int | None
    id_token: str | None
    state: str
    """``active``, ``ended``, or ``repaired``: ended, and a figure had to be worked out."""
    charging_state: str | None
    started_at: datetime
    ended_at: datetime | None
    meter_start_wh: float | None
    meter_stop_wh: float | None
    energy_wh: float
    stop_reason: str | None
    cost: float | None
    currency: str | None
    remote_start_id: str | None
    """Of the remote start that caused it."""
    measured_energy_wh: float
    """What the station's messages say; ``energy_wh`` is what counts."""
    corrections_count: int
    """How often an operator has corrected it; the ledger shows them."""
    remarks: list[Remark]


class CorrectionView(Struct, frozen=True, kw_only=True):
    """What an operator says against the figures; what was not corrected is null."""

    by_name: str
    reason: str
    energy_wh: float | None
    started_at: datetime | None
    ended_at: datetime | None
    id_token: str | None


class LedgerView(Struct, frozen=True, kw_only=True):
    """One transaction message as it was received, or a correction by an operator."""

    frame_id: str
    """Of the frame; of a correction its own id."""
    kind: str
    reported_at: datetime
    received_at: datetime
    seq_no: int | None
    evse_id: int | None
    connector_id: int | None
    id_token: str | None
    offline: bool
    stop_reason: str | None
    meter_values: list[MeterValueView]
    correction: CorrectionView | None = None


def view(row: Stored) -> TransactionView:
    """A row as people see it."""
    return TransactionView(
        id=row["id"],
        station_id=row["station_id"],
        wire_id=row["wire_id"],
        evse_id=row["evse_id"],
        connector_id=row["connector_id"],
        id_token=row["id_token"],
        state=row["state"],
        charging_state=row["charging_state"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        meter_start_wh=number_of(row["meter_start_wh"]),
        meter_stop_wh=number_of(row["meter_stop_wh"]),
        energy_wh=float(row["energy_wh"]),
        stop_reason=row["stop_reason"],
        cost=None,
        currency=None,
        remote_start_id=row["remote_start_id"],
        measured_energy_wh=float(
            row["measured_energy_wh" if "measured_energy_wh" in row else "energy_wh"]
        ),
        corrections_count=row.get("corrections_count", 0),
        remarks=_remarks(row["remarks"]),
    )


def ledger_view(entry: LedgerEntry) -> LedgerView:
    """A message as an entry of the ledger."""
    return LedgerView(
        frame_id=entry.frame_id,
        kind=entry.kind,
        reported_at=entry.reported_at,
        received_at=entry.received_at,
        seq_no=entry.seq_no,
        evse_id=entry.evse.evse_id if entry.evse else None,
        connector_id=entry.evse.connector_id if entry.evse else None,
        id_token=entry.id_token.value if entry.id_token else None,
        offline=entry.offline,
        stop_reason=entry.stop_reason,
        meter_values=[value_view(each) for each in entry.meter_values],
    )


def correction_view(correction: Correction) -> LedgerView:
    """A correction as an entry of the ledger."""
    changes = correction.changes
    energy_wh = _known(changes.energy_wh)
    return LedgerView(
        frame_id=str(correction.id),
        kind="corrected",
        reported_at=correction.at,
        received_at=correction.at,
        seq_no=None,
        evse_id=None,
        connector_id=None,
        id_token=_known(changes.id_token),
        offline=False,
        stop_reason=None,
        meter_values=[],
        correction=CorrectionView(
            by_name=correction.by_name,
            reason=correction.reason,
            energy_wh=None if energy_wh is None else float(energy_wh),
            started_at=_known(changes.started_at),
            ended_at=_known(changes.ended_at),
            id_token=_known(changes.id_token),
        ),
    )


def _known(value: T | UnsetType) -> T | None:
    return None if isinstance(value, UnsetType) else value
