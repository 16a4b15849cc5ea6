"""Reserving for people and programs: their wishes, and the answers."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from chargeplane.csms.contract import NotConnected, Send
from chargeplane.csms.inventory import is_station
from chargeplane.csms.reservation.keeper import Reservations
from chargeplane.csms.reservation.live import ReservationView, view_of
from chargeplane.csms.reservation.service import Reservation
from chargeplane.domain.commands import CancelReservation, Command, Outcome, Reserve
from chargeplane.domain.tokens import IdToken
from chargeplane.runtime.rest import Principal, Problem
from chargeplane.runtime.store import Store, new_id

__all__ = ["Booking", "NewReservation", "ReservationAnswer", "ReservationChanges"]

Text = Annotated[str, Meta(min_length=1, max_length=255)]
Time = Annotated[datetime, Meta(tz=True)]


class NewReservation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall be kept free, for whom, and until when."""

    station_id: Text
    id_token: Text
    expires_at: Time
    evse_id: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    """Null: any EVSE of the station, if it can do that."""
    connector_type: Annotated[str, Meta(min_length=1, max_length=20)] | None = None
    """In the words of 2.x, such as ``cCCS2``; instead of an EVSE."""
    id_token_type: Annotated[str, Meta(max_length=20)] = ""
    """The word of 2.x; empty: a card, ``ISO14443``."""
    group_id: Text | None = None
    """Tokens of this group may use it as well."""


class ReservationChanges(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall be another."""

    expires_at: Time


class ReservationAnswer(Struct, frozen=True, kw_only=True):
    """What came of asking a station."""

    outcome: str
    """accepted, refused, unsupported or no_answer."""
    status: str | None
    """The station's own word; null if it has not answered."""
    reason: str | None
    response: dict[str, Any]
    """The station's answer as it was on the wire, and what we have to add to it."""
    reservation: ReservationView | None
    """As it is now; null: the station was not asked."""


class Booking:
    """Asks stations for reservations, and to give them up."""

    def __init__(self, reservations: Reservations, store: Store, send: Send) -> None:
        self._reservations = reservations
        self._store = store
        self._send = send

    async def reserve(self, principal: Principal, new: NewReservation) -> ReservationAnswer:
        """Ask for a reservation.

        Raises:
            Problem: there is no such station at these sites, or it is not connected.
        """
        tenant_id = principal.tenant_id
        look = partial(
            is_station, tenant_id=tenant_id, station_id=new.station_id, sites=principal.sites
        )
        if not await self._store.read(look):
            raise Problem.not_found("station", new.station_id)
        id_ = new_id()
        command = Reserve(
            id_token=IdToken(new.id_token, new.id_token_type, new.group_id),
            expires_at=new.expires_at,
            evse_id=new.evse_id,
            connector_type=new.connector_type,
            reservation_id=str(id_),
        )
        return await self._carry_out(tenant_id, new.station_id, id_, command)

    async def prolong(
        self, principal: Principal, id_: UUID, expires_at: datetime
    ) -> ReservationAnswer:
        """Ask a station to hold one until another time.

        Raises:
            Problem: there is no such reservation, it is over, or its station is not connected.
        """
        known = await self._open(principal, id_)
        command = Reserve(
            id_token=known.token,
            expires_at=expires_at,
            evse_id=known.evse_id,
            connector_type=known.connector_type,
            reservation_id=str(id_),
        )
        return await self._carry_out(principal.tenant_id, known.station_id, id_, command)

    async def cancel(self, principal: Principal, id_: UUID) -> ReservationAnswer:
        """Ask a station to give one up.

        Raises:
            Problem: there is no such reservation, it is over, or its station is not connected.
        """
        known = await self._open(principal, id_)
        command = CancelReservation(reservation_id=str(id_))
        return await self._carry_out(principal.tenant_id, known.station_id, id_, command)

    async def _open(self, principal: Principal, id_: UUID) -> Reservation:
        known = await self._reservations.find(principal.tenant_id, id_)
        if known is None:
            raise Problem.not_found("reservation", id_)
        if not known.state.is_open:
            raise Problem.conflict("reservation-over", f"it is {known.state} already")
        return known

    async def _carry_out(
        self, tenant_id: UUID, station_id: str, id_: UUID, command: Command
    ) -> ReservationAnswer:
        try:
            outcome = await self._send(tenant_id, station_id, command)
        except NotConnected as error:
            raise Problem.conflict(
                "not-connected", f"station {station_id} is not connected"
            ) from error
        found = await self._reservations.find(tenant_id, id_)
        return _answer(outcome, None if found is None else view_of(found))


def _answer(outcome: Outcome, reservation: ReservationView | None) -> ReservationAnswer:
    told = msgspec.to_builtins(outcome)
    return ReservationAnswer(
        outcome=told["outcome"],
        status=told.get("status"),
        reason=told.get("reason"),
        response=told.get("response", {}),
        reservation=reservation,
    )
