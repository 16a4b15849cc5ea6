"""Transactions as people look for them, once and live."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta, Struct, field
from sqlalchemy import Connection

from chargeplane.csms.transactions import corrections, finding, listing
from chargeplane.csms.transactions.finding import Sort, Sorted, Wanted
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
from chargeplane.runtime.rest import KeyOf, PageQuery, Problem, Sites, View
from chargeplane.runtime.store import Store

__all__ = [
    "SEARCH_CHARACTERS_MAX",
    "OneTransaction",
    "TransactionPage",
    "TransactionQuery",
    "Transactions",
]

SEARCH_CHARACTERS_MAX = 100

Text = Annotated[str, Meta(max_length=255)]
Time = Annotated[datetime, Meta(tz=True)]


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


class TransactionQuery(PageQuery, frozen=True, kw_only=True):
    """Which transactions, in which order; ``from`` and ``to`` are about their starts."""

    search: Annotated[str, Meta(min_length=1, max_length=SEARCH_CHARACTERS_MAX)] | None = None
    station_id: Text | None = None
    active: bool | None = None
    state: SessionState | None = None
    remarks: bool | None = None
    id_token: Text | None = None
    starts_at: Time | None = field(default=None, name="from")
    ends_at: Time | None = field(default=None, name="to")
    sort: Sort = "-id"
    count: bool = False

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


class OneTransaction(Struct, frozen=True, forbid_unknown_fields=True):
    """Which transaction."""

    id: UUID


class Transactions:
    """Shows transactions as they count."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(
        self, tenant_id: UUID, query: TransactionQuery, sites: Sites = None
    ) -> TransactionPage:
        """A page of them; ``sites``: those that whoever asks is limited to."""
        wanted = query.wanted._replace(sites=sites)

        def look(connection: Connection) -> tuple[list[Sorted], int | None]:
            found = finding.page_of(connection, tenant_id, wanted, query.sort, query.page)
            shown = _corrected(connection, tenant_id, [each.stored for each in found])
            rows = [each._replace(stored=row) for each, row in zip(found, shown, strict=True)]
            total = finding.count(connection, tenant_id, wanted) if query.count else None
            return rows, total

        rows, total = await self._store.read(look)
        page = query.page.of(
            rows, lambda row: view(row.stored), key=lambda row: (row.key, row.stored["id"])
        )
        return TransactionPage(items=page.items, next=page.next, total=total)

    async def rows(
        self, tenant_id: UUID, keys: Collection[str], sites: Sites = None
    ) -> Mapping[str, TransactionView]:
        """Some of them, by their ids."""
        ids = [UUID(key) for key in keys]
        found = await self._store.read(partial(_some, tenant_id=tenant_id, ids=ids, sites=sites))
        return {str(row["id"]): view(row) for row in found}

    async def one(
        self, tenant_id: UUID, query: OneTransaction, sites: Sites = None
    ) -> TransactionView:
        """One of them."""
        look = partial(_some, tenant_id=tenant_id, ids=[query.id], sites=sites)
        found = await self._store.read(look)
        if not found:
            raise Problem.not_found("transaction", str(query.id))
        return view(found[0])

    @property
    def views(self) -> tuple[View, ...]:
        """The list, and one transaction."""
        return (
            View(
                name="transactions",
                permission="transactions:read",
                parameters=TransactionQuery,
                read=self.page,
                is_sited=True,
                key=lambda transaction: str(transaction.id),
                keys=_KEYS,
                rows=self.rows,
                reshapes=_RESHAPES,
                is_volatile=lambda query: bool(query.is_volatile),
                pause_s=2.0,
            ),
            View(
                name="transaction",
                permission="transactions:read",
                parameters=OneTransaction,
                read=self.one,
                is_sited=True,
                subject=lambda query: str(query.id),
                keys=_KEYS,
                pause_s=0.25,
            ),
        )


def _some(
    connection: Connection, tenant_id: UUID, ids: Collection[UUID], sites: Sites
) -> list[Stored]:
    return _corrected(connection, tenant_id, listing.some(connection, tenant_id, ids, sites))


def _corrected(connection: Connection, tenant_id: UUID, rows: list[Stored]) -> list[Stored]:
    found = corrections.of(connection, tenant_id, [row["id"] for row in rows])
    return [corrections.corrected(row, found.get(row["id"], ())) for row in rows]
