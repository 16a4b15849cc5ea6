"""Transactions as people look for them, once and live."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta, Struct, field
from sqlalchemy import Connection

from chargeplane.csms.transactions import corrections, listing
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
from chargeplane.runtime.rest import KeyOf, Page, PageQuery, Problem, View
from chargeplane.runtime.store import Store

__all__ = ["OneTransaction", "TransactionQuery", "Transactions"]

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


class TransactionQuery(PageQuery, frozen=True, kw_only=True):
    """Which transactions; ``from`` and ``to`` are about their starts."""

    station_id: Text | None = None
    active: bool | None = None
    id_token: Text | None = None
    starts_at: Time | None = field(default=None, name="from")
    ends_at: Time | None = field(default=None, name="to")


class OneTransaction(Struct, frozen=True, forbid_unknown_fields=True):
    """Which transaction."""

    id: UUID


class Transactions:
    """Shows transactions as they count."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(
        self, tenant_id: UUID, query: TransactionQuery, sites: frozenset[str] | None = None
    ) -> Page[TransactionView]:
        """The newest first; ``sites``: those that whoever asks is limited to."""
        page = query.page
        before = page.after(UUID)
        wanted = listing.Wanted(
            station_id=query.station_id,
            is_active=query.active,
            id_token_key=None if query.id_token is None else query.id_token.casefold(),
            start=query.starts_at,
            end=query.ends_at,
            sites=sites,
        )

        def look(connection: Connection) -> list[Stored]:
            rows = listing.newest(connection, tenant_id, wanted, before, page.fetch_max)
            return _corrected(connection, tenant_id, rows)

        rows = await self._store.read(look)
        return page.of(rows, view, key=lambda row: row["id"])

    async def rows(self, tenant_id: UUID, keys: Collection[str]) -> Mapping[str, TransactionView]:
        """Some of them, by their ids."""
        ids = [UUID(key) for key in keys]
        found = await self._store.read(partial(_some, tenant_id=tenant_id, ids=ids))
        return {str(row["id"]): view(row) for row in found}

    async def one(self, tenant_id: UUID, query: OneTransaction) -> TransactionView:
        """One of them."""
        found = await self._store.read(partial(_some, tenant_id=tenant_id, ids=[query.id]))
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
                key=lambda transaction: str(transaction.id),
                keys=_KEYS,
                rows=self.rows,
                reshapes=_RESHAPES,
            ),
            View(
                name="transaction",
                permission="transactions:read",
                parameters=OneTransaction,
                read=self.one,
                subject=lambda query: str(query.id),
                keys=_KEYS,
                pause_s=0.25,
            ),
        )


def _some(connection: Connection, tenant_id: UUID, ids: Collection[UUID]) -> list[Stored]:
    return _corrected(connection, tenant_id, listing.some(connection, tenant_id, ids))


def _corrected(connection: Connection, tenant_id: UUID, rows: list[Stored]) -> list[Stored]:
    found = corrections.of(connection, tenant_id, [row["id"] for row in rows])
    return [corrections.corrected(row, found.get(row["id"], ())) for row in rows]
