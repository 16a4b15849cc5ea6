"""Transactions as people look for them, once and live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Connection

from chargeplane.csms.transactions import corrections
from chargeplane.csms.transactions.finding import LISTING, Sort, Wanted
from chargeplane.csms.transactions.tables import Stored
from chargeplane.csms.transactions.views import TransactionView, view
from chargeplane.domain.events import (
    Event,
    MeterSampled,
    TransactionEnded,
    TransactionRepaired,
    TransactionStarted,
    TransactionUpdated,
)
from chargeplane.domain.transactions import SessionState
from chargeplane.runtime.rest import KeyOf, ListQuery, Shown, Sites, View
from chargeplane.runtime.store import Store

__all__ = ["TransactionPage", "TransactionQuery", "Transactions"]


def _transaction_of(
    event: TransactionStarted | TransactionUpdated | TransactionEnded | TransactionRepaired,
) -> str:
    return event.transaction_id


def _sampled_of(event: MeterSampled) -> str:
    return event.transaction_id or ""


_KEYS: Final[Mapping[type[Event], KeyOf]] = {
    TransactionStarted: _transaction_of,
    TransactionUpdated: _transaction_of,
    TransactionEnded: _transaction_of,
    TransactionRepaired: _transaction_of,
    MeterSampled: _sampled_of,
}
_RESHAPES: Final[frozenset[type[Event]]] = frozenset(
    {TransactionStarted, TransactionEnded, TransactionRepaired}
)


class TransactionPage(Struct, frozen=True, kw_only=True):
    """One page of transactions."""

    items: list[TransactionView]
    next: str | None
    """The cursor of the page after it; null at the end of the list."""
    total: int | None = None
    """On all pages, if it was asked for with ``count``; null if there are more than 10,000."""


class TransactionQuery(ListQuery, frozen=True, kw_only=True):
    """Which transactions, in which order; ``from`` and ``to`` are about their starts."""

    active: bool | None = None
    state: SessionState | None = None
    remarks: bool | None = None
    sort: Sort = "-id"

    @property
    def wanted(self) -> Wanted:
        """Without page and order."""
        return Wanted(
            search=self.search,
            station_id=self.station_id,
            is_active=self.active,
            state=self.state,
            has_remarks=self.remarks,
            id_token_key=None if self.id_token is None else self.id_token.casefold(),
            start=self.starts_at,
            end=self.ends_at,
        )

    @property
    def is_volatile(self) -> bool:
        """Whether what is measured changes which transactions are on a page."""
        return "energy_wh" in self.sort


class Transactions:
    """Shows transactions as they count."""

    def __init__(self, store: Store) -> None:
        self.each = Shown(
            store=store,
            noun="transaction",
            listing=LISTING,
            view=view,
            at=lambda sites: Wanted(sites=sites),
            complete=_corrected,
        )

    async def page(
        self, tenant_id: UUID, query: TransactionQuery, sites: Sites = None
    ) -> TransactionPage:
        """A page of them; ``sites``: those that whoever asks is limited to."""
        wanted, count = query.wanted._replace(sites=sites), LISTING.count
        page, total = await self.each.page(
            tenant_id, wanted, query.sort, query.page, count if query.count else None
        )
        return TransactionPage(items=page.items, next=page.next, total=total)

    @property
    def views(self) -> tuple[View, ...]:
        """The list, and one transaction."""
        return self.each.views(
            TransactionQuery,
            self.page,
            _KEYS,
            reshapes=_RESHAPES,
            is_volatile=lambda query: bool(query.is_volatile),
            pause_s=2.0,
        )


def _corrected(connection: Connection, tenant_id: UUID, rows: list[Stored]) -> list[Stored]:
    found = corrections.of(connection, tenant_id, [row["id"] for row in rows])
    return [corrections.corrected(row, found.get(row["id"], ())) for row in rows]
