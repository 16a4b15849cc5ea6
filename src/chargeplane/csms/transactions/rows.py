"""From sessions to rows of ``transactions``, and from a change of rows to events."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from chargeplane.csms.contract import Heard
from chargeplane.csms.transactions.book import Live
from chargeplane.csms.transactions.tables import COLUMNS, GOING_ON, TRANSACTION_SINK, Stored
from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.events import (
    Event,
    MeterSampled,
    TransactionEnded,
    TransactionRepaired,
    TransactionStarted,
    TransactionUpdated,
)
from chargeplane.domain.ledger import LedgerEntry, Remark, Session
from chargeplane.domain.transactions import ChargingState, SessionState, StopReason
from chargeplane.runtime.store import Row, storable

__all__ = [
    "changed",
    "events_of",
    "facts_of",
    "going_on_row",
    "live_row",
    "sampled",
    "session_row",
    "values_of",
]

_NO_REMARKS = "[]"
_remarks = msgspec.json.Decoder(tuple[Remark, ...]).decode


def values_of(
    session: Session, heard: Heard, id_: UUID, remote_start_id: str | None, state: str | None
) -> Stored:
    """A session as a row, by column."""
    token = session.id_token
    return {
        "tenant_id": heard.station.tenant_id,
        "station_id": session.station_id,
        "session_key": storable(session.key),
        "id": id_,
        "family": session.family,
        "wire_id": session.wire_id and storable(session.wire_id),
        "evse_id": session.evse.evse_id if session.evse else None,
        "connector_id": session.evse.connector_id if session.evse else None,
        "id_token": storable(token.value) if token else None,
        "id_token_key": storable(token.key) if token else None,
        "id_token_type": storable(token.type) if token else None,
        "state": str(session.state),
        "charging_state": state if session.state is SessionState.ACTIVE else None,
        "started_at": session.started_at,
        "ended_at": session.ended_at,
        "meter_start_wh": session.meter_start_wh,
        "meter_stop_wh": session.meter_stop_wh,
        "energy_wh": session.energy_wh,
        "stop_reason": session.stop_reason and str(session.stop_reason),
        "is_complete": session.is_complete,
        "is_orphan": session.is_orphan,
        "remarks": storable(msgspec.json.encode(session.remarks).decode()),
        "remote_start_id": remote_start_id,
        "updated_at": heard.received_at,
    }


def session_row(values: Stored) -> Row:
    """The row to write."""
    return TRANSACTION_SINK, tuple(values[name] for name in COLUMNS)


def going_on_row(live: Live, heard: Heard, energy_wh: Decimal) -> Row:
    """The row of an ordinary transaction that is there already: only what was measured changes."""
    return GOING_ON, (
        heard.station.tenant_id,
        heard.station.id,
        live.session_key,
        live.charging_state,
        energy_wh,
        heard.received_at,
    )


def live_row(live: Live, heard: Heard) -> Row:
    """The row of an ordinary transaction: the same as of its session, without the detour."""
    running = live.running
    evse, ended_at = running.evse, running.ended_at
    return TRANSACTION_SINK, (
        heard.station.tenant_id,
        heard.station.id,
        live.session_key,
        live.id,
        running.family,
        running.wire_id,
        evse.evse_id,
        evse.connector_id,
        *live.token_columns,
        "active" if ended_at is None else "ended",
        live.charging_state if ended_at is None else None,
        running.started_at,
        ended_at,
        running.meter_start_wh,
        running.meter_stop_wh,
        running.energy_wh,
        running.stop_reason and str(running.stop_reason),
        ended_at is not None,
        False,
        _NO_REMARKS,
        live.remote_start_id,
        heard.received_at,
    )


def changed(stored: Stored | None, values: Stored) -> bool:
    """Whether a session says anything new."""
    return stored is None or any(
        stored[name] != values[name] for name in COLUMNS if name != "updated_at"
    )


def events_of(
    stored: Stored | None, values: Stored, entry: LedgerEntry, heard: Heard
) -> Iterator[Event]:
    """What a change of a session tells."""
    facts = facts_of(entry, heard, str(values["id"]))
    was_active = stored is not None and stored["state"] == SessionState.ACTIVE
    is_active = values["state"] == SessionState.ACTIVE
    if stored is None:
        yield TransactionStarted(
            **facts,
            wire_id=values["wire_id"],
            evse=entry.evse,
            id_token=entry.id_token,
            meter_start_wh=values["meter_start_wh"],
            offline=entry.offline,
            remote_start_id=values["remote_start_id"],
            reservation_id=entry.reservation_id,
        )
    elif is_active and (
        entry.id_token is not None
        or entry.reservation_id is not None
        or stored["charging_state"] != values["charging_state"]
        or stored["remote_start_id"] != values["remote_start_id"]
    ):
        caused_by = values["remote_start_id"] if stored["remote_start_id"] is None else None
        told = values["id"], values["charging_state"], values["energy_wh"]
        yield updated(entry, heard, *told, caused_by)
    if not is_active and (stored is None or was_active):
        reason = values["stop_reason"]
        yield TransactionEnded(
            **facts,
            energy_wh=values["energy_wh"],
            stop_reason=reason and StopReason(reason),
            meter_stop_wh=values["meter_stop_wh"],
            offline=entry.offline,
        )
    if not is_active and (values["remarks"] != _NO_REMARKS or not (stored is None or was_active)):
        yield TransactionRepaired(
            **facts,
            energy_wh=values["energy_wh"],
            previous_energy_wh=stored["energy_wh"] if stored else None,
            remarks=_remarks(values["remarks"]),
        )


def updated(
    entry: LedgerEntry,
    heard: Heard,
    id_: UUID,
    charging_state: str | None,
    energy_wh: Decimal,
    remote_start_id: str | None = None,
) -> TransactionUpdated:
    """Something changed in an active transaction."""
    return TransactionUpdated(
        **facts_of(entry, heard, str(id_)),
        charging_state=ChargingState(charging_state) if charging_state else None,
        id_token=entry.id_token,
        energy_wh=energy_wh,
        offline=entry.offline,
        reservation_id=entry.reservation_id,
        remote_start_id=remote_start_id,
    )


def sampled(
    entry: LedgerEntry,
    evse: EvseAddress | None,
    id_: UUID | str | None,
    energy_wh: Decimal | None,
) -> MeterSampled | None:
    """The meter values of an entry, if it has some; ``evse`` is that of its transaction."""
    where = entry.evse or evse
    if not entry.meter_values or where is None:
        return None
    return MeterSampled(
        tenant_id=entry.tenant_id,
        station_id=entry.station_id,
        reported_at=entry.reported_at,
        received_at=entry.received_at,
        frame_id=entry.frame_id,
        evse=where,
        meter_values=entry.meter_values,
        transaction_id=None if id_ is None else str(id_),
        energy_wh=energy_wh,
    )


def facts_of(entry: LedgerEntry, heard: Heard, id_: str) -> dict[str, Any]:
    """What all events of a transaction carry."""
    return {
        "tenant_id": entry.tenant_id,
        "station_id": entry.station_id,
        "reported_at": entry.reported_at,
        "received_at": heard.received_at,
        "frame_id": entry.frame_id,
        "transaction_id": id_,
    }
