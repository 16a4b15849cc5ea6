"""Reservations as 2.x says them."""

from __future__ import annotations

from functools import partial

from chargeplane.ocpp import v21
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import given
from chargeplane.station.bookings import Reservation
from chargeplane.station.hub import Hub
from chargeplane.station.reservation.service import NO_TRANSACTION, Reservations
from chargeplane.station.tokens_2x import token_of_2x

__all__ = ["install"]

_Cancel = v21.CancelReservationStatusEnumType


def install(hub: Hub) -> None:
    """Answer what 2.x asks of this block."""
    reservations = Reservations(hub, partial(_tell, hub))
    hub.answers(v21.ReserveNowRequest, partial(_reserve, reservations))
    hub.answers(v21.CancelReservationRequest, partial(_cancel, reservations))


def _tell(hub: Hub, reservation_id: int, status: str) -> None:
    if status == NO_TRANSACTION and hub.version is not Version.V2_1:
        return  # 2.0.1 has no word for it
    hub.ask(
        v21.ReservationStatusUpdateRequest(
            reservation_id=reservation_id,
            reservation_update_status=v21.ReservationUpdateStatusEnumType(status),
        )
    )


def _reserve(reservations: Reservations, request: v21.ReserveNowRequest) -> v21.ReserveNowResponse:
    group = request.group_id_token
    new = Reservation(
        request.id,
        token_of_2x(request.id_token),
        request.expiry_date_time,
        group.id_token if group else None,
        given(request.evse_id),
        given(request.connector_type),
    )
    return v21.ReserveNowResponse(status=v21.ReserveNowStatusEnumType(reservations.reserve(new)))


def _cancel(
    reservations: Reservations, request: v21.CancelReservationRequest
) -> v21.CancelReservationResponse:
    done = reservations.cancel(request.reservation_id)
    return v21.CancelReservationResponse(status=_Cancel.ACCEPTED if done else _Cancel.REJECTED)
