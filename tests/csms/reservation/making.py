"""Reservations for the tests of the block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from chargeplane.csms.reservation import Reservations
from chargeplane.csms.reservation.service import Reservation
from chargeplane.domain.commands import Reserve
from chargeplane.domain.events import Event
from chargeplane.domain.tokens import IdToken
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import Function, Store
from tests.csms.making import NOW, TENANT_ID

__all__ = ["ANNA", "HOUR", "Scene", "booked", "wish"]

HOUR = timedelta(hours=1)
ANNA = IdToken("ANNA", "ISO14443", "fleet")


def wish(**more: Any) -> Reserve:
    return Reserve(**{"id_token": ANNA, "expires_at": NOW + HOUR, "evse_id": 1, **more})


def booked(**more: Any) -> Reservation:
    """One that was asked for at ``NOW``, for an hour."""
    facts: dict[str, Any] = {
        "tenant_id": TENANT_ID,
        "id": UUID(int=7),
        "wire_id": 17,
        "station_id": "CP1",
        "family": 1,
        "evse_id": 1,
        "connector_type": None,
        "id_token": "ANNA",
        "id_token_key": "anna",
        "id_token_type": "",
        "group_id": None,
        "expires_at": NOW + HOUR,
        "requested_at": NOW,
    }
    return Reservation(**facts | more)


class Scene:
    """Reservations over a store, and the events that they tell."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = SimulatedClock(NOW)
        self.events: list[Event] = []
        self._numbers = count(1)
        self.reservations = Reservations(
            store, self.clock, self.tell_of, lambda: next(self._numbers)
        )

    async def tell_of(
        self, tenant_id: UUID, work: Callable[[Connection], Sequence[Event]]
    ) -> Sequence[Event]:
        assert tenant_id == TENANT_ID
        told = await self.store.write(Function(work))
        self.events += told
        return told

    async def now(self, known: Reservation) -> Reservation:
        """As it is stored."""
        found = await self.reservations.find(known.tenant_id, known.id)
        assert found is not None
        return found

    async def hears(self, event: Event) -> None:
        """What the bus tells, and all that follows from it."""
        waiting = self.reservations.hear(event)
        if waiting is not None:
            await waiting
