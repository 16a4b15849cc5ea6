"""Reservations as 1.x says them (1.5 and 1.6). Connector 0 is any connector."""

from __future__ import annotations

from functools import partial

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v16
from chargeplane.ocpp.wire import given
from chargeplane.station.bookings import Reservation
from chargeplane.station.hub import Hub
from chargeplane.station.reservation.service import Reservations

__all__ = ["install"]

_Cancel = v16.CancelReservationStatus


def install(hub: Hub) -> None:
    """Answer what 1.x asks of this block."""
    reservations = Reservations(hub)
    hub.answers(v16.ReserveNowRequest, partial(_reserve, reservations))
    hub.answers(v16.CancelReservationRequest, partial(_cancel, reservations))


def _reserve(reservations: Reservations, request: v16.ReserveNowRequest) -> v16.ReserveNowResponse:
    new = Reservation(
        request.reservation_id,
        IdToken(request.id_tag),
        request.expiry_date,
        given(request.parent_id_tag),
        request.connector_id or None,
    )
    return v16.ReserveNowResponse(status=v16.ReservationStatus(reservations.reserve(new)))


def _cancel(
    reservations: Reservations, request: v16.CancelReservationRequest
) -> v16.CancelReservationResponse:
    done = reservations.cancel(request.reservation_id)
    return v16.CancelReservationResponse(status=_Cancel.ACCEPTED if done else _Cancel.REJECTED)
