"""Reservations in 2.x."""

from __future__ import annotations

import logging
from functools import partial
from typing import Final

from chargeplane.csms.contract import Ask, Decision, Handler, Heard, Station, Translate
from chargeplane.csms.outcomes import outcome_of, reads
from chargeplane.csms.reservation.asking import cannot, unknown
from chargeplane.csms.reservation.keeper import Reservations
from chargeplane.domain.commands import CancelReservation, Reserve, Unsupported
from chargeplane.domain.reservations import ReservationState
from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET, UnsetType

__all__ = ["cancel", "reserve", "updates"]

_log = logging.getLogger(__name__)

CENTRAL: Final = "Central"
"""The type of every group (C09.FR.13)."""
CARD: Final = "ISO14443"
"""The type of a token of which we know none: somebody will hold it to the station."""
TOKEN_CHARACTERS_MAX: Final = 36
"""Of 2.0.1; 2.1 takes 255."""
_U = v21.ReservationUpdateStatusEnumType
_STATES: Final = {
    _U.EXPIRED: ReservationState.EXPIRED,
    _U.REMOVED: ReservationState.REMOVED,
    _U.NO_TRANSACTION: ReservationState.NO_TRANSACTION,
}
_RESPONSE: Final = v21.ReservationStatusUpdateResponse()


def reserve(reservations: Reservations) -> Translate:
    """ReserveNow (H01)."""

    async def translate(station: Station, command: Reserve) -> Ask | Unsupported:
        if (reason := cannot(station, command)) is not None:
            return reason
        if command.connector_type is not None and command.evse_id is not None:
            return Unsupported(
                reason="either an EVSE is reserved or a type of connector (H01.FR.06)"
            )
        made = await reservations.begin(station, command)
        if isinstance(made, Unsupported):
            return made
        token = command.id_token
        request = v21.ReserveNowRequest(
            id=made.reservation.wire_id,
            expiry_date_time=command.expires_at,
            connector_type=command.connector_type or UNSET,
            id_token=v21.IdTokenType(id_token=token.value, type=token.type or CARD),
            evse_id=command.evse_id or UNSET,
            group_id_token=_group(token.group_id),
        )
        return Ask(
            request,
            lambda response: outcome_of(response, reservation_id=str(made.reservation.id)),
            made.settle,
        )

    return translate


def cancel(reservations: Reservations) -> Translate:
    """CancelReservation (H02)."""

    async def translate(station: Station, command: CancelReservation) -> Ask | Unsupported:
        known = await reservations.of_station(station, command.reservation_id)
        if known is None:
            return unknown(station, command)
        request = v21.CancelReservationRequest(reservation_id=known.wire_id)
        return Ask(request, reads(), partial(reservations.cancelled, known))

    return translate


def updates(reservations: Reservations) -> Handler:
    """ReservationStatusUpdate (H04), also of one that we do not know."""

    async def handle(heard: Heard) -> Decision:
        request: v21.ReservationStatusUpdateRequest = heard.request
        state = _STATES[request.reservation_update_status]
        is_known = await reservations.reported(
            heard.station, request.reservation_id, state, heard.received_at
        )
        if not is_known:
            _log.warning(
                "the station speaks of reservation %d, which it does not have",
                request.reservation_id,
                extra={"station_id": heard.station.id},
            )
        return Decision(_RESPONSE)

    return handle


def _group(group_id: str | None) -> v21.IdTokenType | UnsetType:
    return v21.IdTokenType(id_token=group_id, type=CENTRAL) if group_id else UNSET
