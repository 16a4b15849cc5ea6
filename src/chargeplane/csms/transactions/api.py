"""REST: transactions, what was measured in them, and the ledger that they are folded from."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import Struct
from sqlalchemy import Connection

from chargeplane.csms.meter_value_view import MeterValueView, number_of, value_view
from chargeplane.csms.transactions import listing
from chargeplane.csms.transactions.tables import Stored
from chargeplane.domain.ledger import LedgerEntry, Remark
from chargeplane.runtime.rest import (
    Injected,
    Page,
    PageRequest,
    Principal,
    Problem,
    Routes,
    Span,
    requires,
)
from chargeplane.runtime.store import Store

__all__ = ["routes"]

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
    remarks: list[Remark]


class LedgerView(Struct, frozen=True, kw_only=True):
    """One transaction message as it was received."""

    frame_id: str
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


@get("/transactions", guards=[requires("transactions:read")], summary="List transactions")
async def list_transactions(
    store: Injected[Store],
    principal: Injected[Principal],
    page: Injected[PageRequest],
    span: Injected[Span],
    station_id: FromQuery[str | None] = None,
    active: FromQuery[bool | None] = None,
    id_token: Annotated[
        str | None, QueryParameter(description="Upper and lower case are the same.")
    ] = None,
) -> Page[TransactionView]:
    """Transactions, the newest first; ``from`` and ``to`` are about their starts."""
    wanted = listing.Wanted(
        station_id=station_id,
        is_active=active,
        id_token_key=None if id_token is None else id_token.casefold(),
        start=span.start,
        end=span.end,
    )
    rows = await store.read(
        partial(
            listing.newest,
            tenant_id=principal.tenant_id,
            wanted=wanted,
            before=page.after(UUID),
            count_max=page.fetch_max,
        )
    )
    return page.of(rows, view, key=lambda row: row["id"])


@get(
    "/transactions/{transaction_id:uuid}",
    guards=[requires("transactions:read")],
    summary="Show a transaction",
)
async def show_transaction(
    transaction_id: FromPath[UUID], store: Injected[Store], principal: Injected[Principal]
) -> TransactionView:
    """One transaction."""
    return view(await _one(store, principal, transaction_id))


@get(
    "/transactions/{transaction_id:uuid}/ledger",
    guards=[requires("transactions:read")],
    summary="Show the ledger of a transaction",
)
async def show_ledger(
    transaction_id: FromPath[UUID],
    store: Injected[Store],
    principal: Injected[Principal],
    page: Injected[PageRequest],
) -> Page[LedgerView]:
    """Every message about it, in the order of arrival. ``frame_id`` leads to the frame."""
    entries = await _entries(store, principal, transaction_id, page)
    return page.of(entries, _ledger_view, key=lambda entry: UUID(entry.frame_id))


@get(
    "/transactions/{transaction_id:uuid}/meter-values",
    guards=[requires("transactions:read")],
    summary="List the meter values of a transaction",
)
async def list_meter_values(
    transaction_id: FromPath[UUID],
    store: Injected[Store],
    principal: Injected[Principal],
    page: Injected[PageRequest],
) -> Page[list[MeterValueView]]:
    """What was measured, message by message in the order of arrival."""
    entries = await _entries(store, principal, transaction_id, page)
    return page.of(
        entries,
        lambda entry: [value_view(each) for each in entry.meter_values],
        key=lambda entry: UUID(entry.frame_id),
    )


def routes() -> Routes:
    """The routes of the block."""
    return Routes(
        "Transactions", (list_transactions, show_transaction, show_ledger, list_meter_values)
    )


async def _one(store: Store, principal: Principal, transaction_id: UUID) -> Stored:
    row = await store.read(
        partial(listing.one, tenant_id=principal.tenant_id, transaction_id=transaction_id)
    )
    if row is None:
        raise Problem.not_found("transaction", str(transaction_id))
    return row


async def _entries(
    store: Store, principal: Principal, transaction_id: UUID, page: PageRequest
) -> list[LedgerEntry]:
    def look(connection: Connection) -> list[LedgerEntry] | None:
        row = listing.one(connection, principal.tenant_id, transaction_id)
        if row is None:
            return None
        return listing.entries(connection, row, after=page.after(UUID), count_max=page.fetch_max)

    entries = await store.read(look)
    if entries is None:
        raise Problem.not_found("transaction", str(transaction_id))
    return entries


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
        remarks=_remarks(row["remarks"]),
    )


def _ledger_view(entry: LedgerEntry) -> LedgerView:
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
