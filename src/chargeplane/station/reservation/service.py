"""The rules of reservations, the same for both families."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chargeplane.station.bookings import Reservation
from chargeplane.station.evse import Evse, Status
from chargeplane.station.hub import Hub
from chargeplane.station.signals import EvseChanged, ReservationUsed, TransactionStarted

__all__ = ["ACCEPTED", "EXPIRED", "NO_TRANSACTION", "REJECTED", "REMOVED", "Reservations"]

ACCEPTED, REJECTED = "Accepted", "Rejected"
EXPIRED, REMOVED, NO_TRANSACTION = "Expired", "Removed", "NoTransaction"

Tell = Callable[[int, str], None]


class Reservations:
    """Makes reservations, and notices when they end."""

    def __init__(self, hub: Hub, tell: Tell = lambda _id, _status: None) -> None:
        """Take up those of earlier.

        Args:
            hub: the station.
            tell: how the family says that a reservation ended otherwise than by its use, or was
                used in vain; 1.x does not.
        """
        self._hub = hub
        self._tell = tell
        hub.hears(EvseChanged, lambda _: self._on_changed())
        hub.hears(ReservationUsed, self._on_used)
        hub.hears(TransactionStarted, lambda started: self._drop_wait(started.evse_id))
        for each in hub.bookings:
            self._watch(each)

    def reserve(self, new: Reservation) -> str:
        """Make a reservation; the status to answer, a word of both families (H01)."""
        hub = self._hub
        targets = [evse for evse in hub.evses.values() if new.fits(evse)]
        if not targets or not self._may_be(new):
            return REJECTED
        status = self._status(targets, new)
        if status == ACCEPTED:
            hub.bookings.put(new)
            self._watch(new)
            hub.afterwards(lambda: hub.tell(EvseChanged(new.evse_id or 0)))
        return status

    def cancel(self, reservation_id: int) -> bool:
        """Take a reservation away; False: there is none (H02)."""
        if reservation_id not in self._hub.bookings:
            return False
        self._hub.afterwards(partial(self._end, reservation_id, ""))
        return True

    def _may_be(self, new: Reservation) -> bool:
        settings = self._hub.variables
        if not settings.flag("ReservationCtrlr", "Enabled"):  # H01.FR.01
            return False
        if new.evse_id is None and not settings.flag("ReservationCtrlr", "NonEvseSpecific"):
            return False  # H01.FR.19
        return new.expires_at > self._hub.time()

    def _status(self, targets: list[Evse], new: Reservation) -> str:
        """What stands against it at all of its EVSEs; one that is free is enough."""
        hub = self._hub
        held = hub.bookings.held_without(new.id)
        found = [self._state(evse, held) for evse in targets]
        free = [evse for evse, state in zip(targets, found, strict=True) if state == ACCEPTED]
        if free:
            return ACCEPTED
        for state in ("Occupied", Status.FAULTED.value):  # H01.FR.11, FR.12
            if state in found:
                return state
        return Status.UNAVAILABLE.value  # H01.FR.14

    def _state(self, evse: Evse, held: set[int]) -> str:
        if evse.fault:
            return Status.FAULTED.value
        if not (evse.is_operative and self._hub.takes_sessions):
            return Status.UNAVAILABLE.value
        return ACCEPTED if evse.is_free and evse.id not in held else "Occupied"

    def _watch(self, reservation: Reservation) -> None:
        left_s = (reservation.expires_at - self._hub.time()).total_seconds()
        act = partial(self._expire, reservation.id)
        self._hub.after(max(left_s, 0.0), ("reservation", reservation.id), act)

    def _expire(self, reservation_id: int) -> None:
        """H04; the clock may have been set meanwhile."""
        found = next((each for each in self._hub.bookings if each.id == reservation_id), None)
        if found is not None and found.expires_at > self._hub.time():
            self._watch(found)
        else:
            self._end(reservation_id, EXPIRED)

    def _end(self, reservation_id: int, status: str) -> None:
        found = self._hub.bookings.remove(reservation_id)
        self._hub.timers.drop(("reservation", reservation_id))
        if found is None:
            return
        if status:
            self._tell(reservation_id, status)
        self._hub.tell(EvseChanged(found.evse_id or 0))

    def _on_changed(self) -> None:
        hub = self._hub
        if not hub.bookings:
            return
        for each in hub.bookings:
            evse = hub.evses.get(each.evse_id or 0)
            if evse is not None and (evse.fault or not (evse.is_operative and hub.is_operative)):
                self._end(each.id, REMOVED)  # H01.FR.16, H01.FR.17
        hub.bookings.refresh()

    def _on_used(self, used: ReservationUsed) -> None:
        hub = self._hub
        hub.timers.drop(("reservation", used.reservation_id))
        if hub.evses[used.evse_id].transaction is None:
            timeout_s = hub.variables.number("TxCtrlr", "EVConnectionTimeOut")
            act = partial(self._tell, used.reservation_id, NO_TRANSACTION)  # H03.FR.11
            hub.after(timeout_s, ("reservation used", used.evse_id), act)

    def _drop_wait(self, evse_id: int) -> None:
        self._hub.timers.drop(("reservation used", evse_id))
