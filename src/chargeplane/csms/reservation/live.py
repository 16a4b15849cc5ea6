"""Reservations as people look for them, once and live."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from chargeplane.csms.reservation import finding
from chargeplane.csms.reservation.finding import Sort, Wanted
from chargeplane.csms.reservation.service import Reservation
from chargeplane.domain.events import ReservationChanged
from chargeplane.domain.reservations import ReservationState
from chargeplane.runtime.rest import ListQuery, Shown, Sites, View
from chargeplane.runtime.store import Store

__all__ = [
    "ReservationPage",
    "ReservationQuery",
    "ReservationView",
    "ShownReservations",
    "view_of",
]


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


class ReservationQuery(ListQuery, frozen=True, kw_only=True):
    """Which reservations, in which order; ``from`` and ``to`` are about when they expire."""

    state: ReservationState | None = None
    open: bool | None = None
    sort: Sort = "-id"

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


def _reservation_of(event: ReservationChanged) -> str:
    return event.reservation_id


class ShownReservations:
    """Shows reservations."""

    def __init__(self, store: Store) -> None:
        self.each = Shown(
            store=store,
            noun="reservation",
            listing=finding.LISTING,
            view=view_of,
            at=lambda sites: Wanted(sites=sites),
        )

    async def page(
        self, tenant_id: UUID, query: ReservationQuery, sites: Sites = None
    ) -> ReservationPage:
        """A page of them; ``sites``: those that whoever asks is limited to."""
        wanted, counts = query.wanted._replace(sites=sites), finding.counts
        page, by_state = await self.each.page(
            tenant_id, wanted, query.sort, query.page, counts if query.count else None
        )
        return ReservationPage(items=page.items, next=page.next, by_state=by_state)

    @property
    def views(self) -> tuple[View, ...]:
        """The list, and one reservation."""
        return self.each.views(
            ReservationQuery,
            self.page,
            {ReservationChanged: _reservation_of},
            reshapes=frozenset({ReservationChanged}),
            pause_s=0.5,
        )


def view_of(reservation: Reservation) -> ReservationView:
    """A reservation as people see it."""
    facts = reservation._asdict()
    for name in ("tenant_id", "family", "id_token_key"):
        del facts[name]
    return ReservationView(**facts)
