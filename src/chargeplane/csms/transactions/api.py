"""REST: transactions, what was measured in them, and the ledger that they are folded from."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import get
from litestar.params import FromPath, FromQuery, QueryParameter
from sqlalchemy import Connection

from chargeplane.csms.meter_value_view import MeterValueView, value_view
from chargeplane.csms.transactions import corrections, listing
from chargeplane.csms.transactions.correcting import Corrector, correct_transaction
from chargeplane.csms.transactions.finding import Sort
from chargeplane.csms.transactions.live import TransactionPage, TransactionQuery, Transactions
from chargeplane.csms.transactions.views import (
    LedgerView,
    TransactionView,
    correction_view,
    ledger_view,
)
from chargeplane.domain.ledger import LedgerEntry
from chargeplane.domain.transactions import SessionState
from chargeplane.runtime.rest import (
    SITED,
    SORT_AS_THEY_CAME,
    AnyCase,
    CountAll,
    Injected,
    OneById,
    Page,
    PageRequest,
    Principal,
    Problem,
    Routes,
    Span,
    requires,
    search_in,
)
from chargeplane.runtime.store import Store

__all__ = ["routes"]


@get(
    "/transactions",
    guards=[requires("transactions:read")],
    opt=SITED,
    summary="List transactions",
)
async def list_transactions(
    shown_transactions: Injected[Transactions],
    principal: Injected[Principal],
    page: Injected[PageRequest],
    span: Injected[Span],
    search: Annotated[
        str | None, search_in("In the station, the id token or the wire id; or it is the id.")
    ] = None,
    station_id: FromQuery[str | None] = None,
    active: FromQuery[bool | None] = None,
    session_state: Annotated[SessionState | None, QueryParameter(name="state")] = None,
    remarks: Annotated[
        bool | None, QueryParameter(description="Whether something about it was unusual.")
    ] = None,
    id_token: AnyCase = None,
    sort: Annotated[Sort, SORT_AS_THEY_CAME] = "-id",
    count: CountAll = False,
) -> TransactionPage:
    """Transactions that all parameters fit; ``from`` and ``to`` are about their starts."""
    query = TransactionQuery(
        items_max=page.items_max,
        cursor=page.cursor,
        search=search,
        station_id=station_id,
        active=active,
        state=session_state,
        remarks=remarks,
        id_token=id_token,
        starts_at=span.start,
        ends_at=span.end,
        sort=sort,
        count=count,
    )
    return await shown_transactions.page(principal.tenant_id, query, principal.sites)


@get(
    "/transactions/{transaction_id:uuid}",
    guards=[requires("transactions:read")],
    summary="Show a transaction",
)
async def show_transaction(
    transaction_id: FromPath[UUID],
    shown_transactions: Injected[Transactions],
    principal: Injected[Principal],
) -> TransactionView:
    """One transaction."""
    return await shown_transactions.each.one(principal.tenant_id, OneById(transaction_id))


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
    """Every message about it and every correction, in the order of arrival.

    ``frame_id`` leads to the frame.
    """
    entries = await _entries(store, principal, transaction_id, page)

    def look(connection: Connection) -> list[LedgerView]:
        found = corrections.of(connection, principal.tenant_id, [transaction_id])
        after = page.after(UUID)
        return [
            correction_view(each)
            for each in found.get(transaction_id, ())
            if after is None or each.id > after
        ]

    shown = [*map(ledger_view, entries), *await store.read(look)]
    shown.sort(key=lambda entry: UUID(entry.frame_id))
    return page.of(shown, lambda entry: entry, key=lambda entry: UUID(entry.frame_id))


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


def routes(transactions: Transactions, corrector: Corrector) -> Routes:
    """The routes of the block."""
    handlers = (
        list_transactions, show_transaction, show_ledger, list_meter_values, correct_transaction,
    )  # fmt: skip
    return Routes(
        "Transactions",
        handlers,
        {"shown_transactions": transactions, "corrector": corrector},
        transactions.views,
        places={"transaction_id": listing.is_at},
    )


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
