"""Reservations as people look for them, once and live."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta, Struct, field
from sqlalchemy import Connection

from chargeplane.csms.reservation import finding
from chargeplane.csms.reservation.finding import Sort, Sorted, Wanted
from chargeplane.csms.reservation.service import Reservation
from chargeplane.domain.events import Event, ReservationChanged
from chargeplane.domain.reservations import ReservationState
from chargeplane.runtime.rest import KeyOf, PageQuery, Problem, Sites, View
from chargeplane.runtime.store import Store

__all__ = [
    "SEARCH_CHARACTERS_MAX",
    "OneReservation",
    "ReservationPage",
    "ReservationQuery",
    "ReservationView",
    "Shown",
    "view_of",
]

SEARCH_CHARACTERS_MAX = 100

Text = Annotated[str, Meta(max_length=255)]
Time = Annotated[datetime, Meta(tz=True)]


class ReservationView(Struct, frozen=True, kw_only=True):
    """A reservation."""

    id: UUID
    station_id: str
    wire_id: int
    """What the station calls it."""
    evse_id: int | None
    """Null: any EVSE of the station."""
    connector_type: str | None
    id_token: str
    id_token_type: str
    group_id: str | None
    """Of the tokens that may use it as well."""
    state: ReservationState
    status: str | None
    """The station's own word when it was asked; null: it has not answered."""
    reason: str | None
    """Why it is so, as far as that was told."""
    requested_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    transaction_id: UUID | None
    """Of the transaction that has used it."""


class ReservationPage(Struct, frozen=True, kw_only=True):
    """One page of reservations."""

    items: list[ReservationView]
    next: str | None
    """The cursor of the page after it; null at the end of the list."""
    by_state: dict[str, int] | None = None
    """Of each state, if it was asked for with ``count``; null if there are more than 10,000."""


class ReservationQuery(PageQuery, frozen=True, kw_only=True):
    """Which reservations, in which order; ``from`` and ``to`` are about when they expire."""

    search: Annotated[str, Meta(min_length=1, max_length=SEARCH_CHARACTERS_MAX)] | None = None
    station_id: Text | None = None
    state: ReservationState | None = None
    open: bool | None = None
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
            state=self.state,
            is_open=self.open,
            id_token=self.id_token,
            start=self.starts_at,
            end=self.ends_at,
        )


class OneReservation(Struct, frozen=True, forbid_unknown_fields=True):
    """Which reservation."""

    id: UUID


def _reservation_of(event: ReservationChanged) -> str:
    return event.reservation_id


_KEYS: Final[Mapping[type[Event], KeyOf]] = {ReservationChanged: _reservation_of}


class Shown:
    """Shows reservations."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(
        self, tenant_id: UUID, query: ReservationQuery, sites: Sites = None
    ) -> ReservationPage:
        """A page of them; ``sites``: those that whoever asks is limited to."""
        wanted = query.wanted._replace(sites=sites)

        def look(connection: Connection) -> tuple[list[Sorted], dict[str, int] | None]:
            rows = finding.page_of(connection, tenant_id, wanted, query.sort, query.page)
            return rows, finding.counts(connection, tenant_id, wanted) if query.count else None

        rows, by_state = await self._store.read(look)
        page = query.page.of(
            rows,
            lambda row: view_of(row.reservation),
            key=lambda row: (row.key, row.reservation.id),
        )
        return ReservationPage(items=page.items, next=page.next, by_state=by_state)

    async def rows(
        self, tenant_id: UUID, keys: Collection[str], sites: Sites = None
    ) -> Mapping[str, ReservationView]:
        """Some of them, by their ids."""
        ids = [UUID(key) for key in keys]
        look = partial(finding.some, tenant_id=tenant_id, ids=ids, sites=sites)
        return {str(each.id): view_of(each) for each in await self._store.read(look)}

    async def one(
        self, tenant_id: UUID, query: OneReservation, sites: Sites = None
    ) -> ReservationView:
        """One of them.

        Raises:
            Problem: there is no such reservation at these sites.
        """
        look = partial(finding.some, tenant_id=tenant_id, ids=[query.id], sites=sites)
        for each in await self._store.read(look):
            return view_of(each)
        raise Problem.not_found("reservation", str(query.id))

    @property
    def views(self) -> tuple[View, ...]:
        """The list, and one reservation."""
        return (
            View(
                name="reservations",
                permission="reservations:read",
                parameters=ReservationQuery,
                read=self.page,
                is_sited=True,
                key=lambda reservation: str(reservation.id),
                keys=_KEYS,
                rows=self.rows,
                reshapes=frozenset({ReservationChanged}),
                pause_s=0.5,
            ),
            View(
                name="reservation",
                permission="reservations:read",
                parameters=OneReservation,
                read=self.one,
                is_sited=True,
                subject=lambda query: str(query.id),
                keys=_KEYS,
                pause_s=0.25,
            ),
        )


def view_of(reservation: Reservation) -> ReservationView:
    """A reservation as people see it."""
    facts = reservation._asdict()
    for name in ("tenant_id", "family", "id_token_key"):
        del facts[name]
    return ReservationView(**facts)
