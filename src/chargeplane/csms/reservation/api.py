"""REST: reservations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from chargeplane.csms.contract import Send
from chargeplane.csms.reservation import tables
from chargeplane.csms.reservation.booking import (
    Booking,
    NewReservation,
    ReservationAnswer,
    ReservationChanges,
)
from chargeplane.csms.reservation.finding import Sort
from chargeplane.csms.reservation.keeper import Reservations
from chargeplane.csms.reservation.live import (
    ReservationPage,
    ReservationQuery,
    ReservationView,
    ShownReservations,
)
from chargeplane.domain.reservations import ReservationState
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest import (
    SITED,
    SORT_AS_THEY_CAME,
    AnyCase,
    Injected,
    OneById,
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
    "/reservations",
    guards=[requires("reservations:read")],
    opt=SITED,
    summary="List reservations",
)
async def list_reservations(
    shown_reservations: Injected[ShownReservations],
    principal: Injected[Principal],
    page: Injected[PageRequest],
    span: Injected[Span],
    search: Annotated[str | None, search_in("In the station or the id token.")] = None,
    station_id: FromQuery[str | None] = None,
    reservation_state: Annotated[ReservationState | None, QueryParameter(name="state")] = None,
    is_open: Annotated[
        bool | None,
        QueryParameter(name="open", description="Whether it may still be used."),
    ] = None,
    id_token: AnyCase = None,
    sort: Annotated[Sort, SORT_AS_THEY_CAME] = "-id",
    count: Annotated[
        bool, QueryParameter(description="Count those of each state, up to 10,000, as `by_state`.")
    ] = False,
) -> ReservationPage:
    """Reservations that all parameters fit; ``from`` and ``to`` are about when they expire."""
    query = ReservationQuery(
        items_max=page.items_max,
        cursor=page.cursor,
        search=search,
        station_id=station_id,
        state=reservation_state,
        open=is_open,
        id_token=id_token,
        starts_at=span.start,
        ends_at=span.end,
        sort=sort,
        count=count,
    )
    return await shown_reservations.page(principal.tenant_id, query, principal.sites)


@post(
    "/reservations",
    guards=[requires("stations:command")],
    opt=SITED,
    status_code=200,
    summary="Reserve an EVSE",
)
async def reserve(
    data: JSONBody[NewReservation],
    booking: Injected[Booking],
    clock: Injected[Clock],
    principal: Injected[Principal],
) -> ReservationAnswer:
    """Ask a station to keep an EVSE free, and wait for its answer."""
    _check_time(data.expires_at, clock)
    if data.evse_id is not None and data.connector_type is not None:
        raise Problem.of_field("connector_type", "either an EVSE or a type of connector")
    return await booking.reserve(principal, data)


@get(
    "/reservations/{reservation_id:uuid}",
    guards=[requires("reservations:read")],
    summary="Show a reservation",
)
async def show_reservation(
    reservation_id: FromPath[UUID],
    shown_reservations: Injected[ShownReservations],
    principal: Injected[Principal],
) -> ReservationView:
    """One reservation."""
    query = OneById(reservation_id)
    return await shown_reservations.each.one(principal.tenant_id, query, principal.sites)


@patch(
    "/reservations/{reservation_id:uuid}",
    guards=[requires("stations:command")],
    summary="Change the time of a reservation",
)
async def prolong_reservation(
    reservation_id: FromPath[UUID],
    data: JSONBody[ReservationChanges],
    booking: Injected[Booking],
    clock: Injected[Clock],
    principal: Injected[Principal],
) -> ReservationAnswer:
    """Ask the station to hold it until another time. If it refuses, the old time stands."""
    _check_time(data.expires_at, clock)
    return await booking.prolong(principal, reservation_id, data.expires_at)


@delete(
    "/reservations/{reservation_id:uuid}",
    guards=[requires("stations:command")],
    status_code=200,
    summary="Cancel a reservation",
)
async def cancel_reservation(
    reservation_id: FromPath[UUID],
    booking: Injected[Booking],
    principal: Injected[Principal],
) -> ReservationAnswer:
    """Ask the station to give it up, and wait for its answer. The reservation stays in the list."""
    return await booking.cancel(principal, reservation_id)


def routes(reservations: Reservations, store: Store, send: Send) -> Routes:
    """The routes of the block."""
    shown = ShownReservations(store)
    return Routes(
        "Reservations",
        (list_reservations, reserve, show_reservation, prolong_reservation, cancel_reservation),
        {"shown_reservations": shown, "booking": Booking(reservations, store, send)},
        shown.views,
        places={"reservation_id": tables.is_at},
    )


def _check_time(expires_at: datetime, clock: Clock) -> None:
    if expires_at <= clock.now():
        raise Problem.of_field("expires_at", "is over already")
