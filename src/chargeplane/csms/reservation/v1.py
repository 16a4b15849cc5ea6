"""Reservations in 1.x (1.5 and 1.6; 1.2 has none). Connector 0 is any connector."""

from __future__ import annotations

from functools import partial
from typing import Final

from chargeplane.csms.contract import Ask, Station, Translate
from chargeplane.csms.outcomes import outcome_of, reads
from chargeplane.csms.reservation.asking import cannot, unknown
from chargeplane.csms.reservation.keeper import Reservations
from chargeplane.domain.commands import CancelReservation, Reserve, Unsupported
from chargeplane.ocpp import v16
from chargeplane.ocpp.wire import UNSET

__all__ = ["cancel", "reserve"]

ANY_CONNECTOR: Final = 0
TAG_CHARACTERS_MAX: Final = 20


def reserve(reservations: Reservations) -> Translate:
    """ReserveNow (1.6, 5.13)."""

    async def translate(station: Station, command: Reserve) -> Ask | Unsupported:
        if (reason := cannot(station, command)) is not None:
            return reason
        if command.connector_type is not None:
            return Unsupported(reason="1.x reserves a connector by its number, not by its type")
        token = command.id_token
        for text in (token.value, token.group_id or ""):
            if len(text) > TAG_CHARACTERS_MAX:
                return Unsupported(
                    reason=f"a tag of 1.x has at most {TAG_CHARACTERS_MAX} characters"
                )
        made = await reservations.begin(station, command)
        if isinstance(made, Unsupported):
            return made
        request = v16.ReserveNowRequest(
            connector_id=command.evse_id or ANY_CONNECTOR,
            expiry_date=command.expires_at,
            id_tag=token.value,
            parent_id_tag=token.group_id or UNSET,
            reservation_id=made.reservation.wire_id,
        )
        return Ask(
            request,
            lambda response: outcome_of(response, reservation_id=str(made.reservation.id)),
            made.settle,
        )

    return translate


def cancel(reservations: Reservations) -> Translate:
    """CancelReservation (1.6, 5.2)."""

    async def translate(station: Station, command: CancelReservation) -> Ask | Unsupported:
        known = await reservations.of_station(station, command.reservation_id)
        if known is None:
            return unknown(station, command)
        request = v16.CancelReservationRequest(reservation_id=known.wire_id)
        return Ask(request, reads(), partial(reservations.cancelled, known))

    return translate
