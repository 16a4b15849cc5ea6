"""The reservations of a station: which EVSEs they hold, and for whom.

A reservation is for one EVSE, for any EVSE with a connector of a type, or for any EVSE. The last
two hold no EVSE as long as more are free than are reserved (H01.FR.07, H01.FR.09); then they hold
all that are left (H01.FR.20, H01.FR.24).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec import Struct

from chargeplane.domain.tokens import IdToken
from chargeplane.station.evse import Evse
from chargeplane.station.memory import Memory

__all__ = ["Bookings", "Reservation"]

_DRAWER = "reservations"


class Reservation(Struct, frozen=True, omit_defaults=True):
    """One reservation."""

    id: int
    token: IdToken
    expires_at: datetime
    group_id: str | None = None
    evse_id: int | None = None
    """None: any EVSE."""
    connector_type: str | None = None
    """Only an EVSE with such a connector."""

    def is_for(self, token: IdToken, group_id: str | None) -> bool:
        """Whether a token, or one of its group, may use it (H03.FR.01 to H03.FR.06)."""
        if self.token.same_as(token):
            return True
        return bool(self.group_id and group_id and self.group_id.casefold() == group_id.casefold())

    def fits(self, evse: Evse) -> bool:
        """Whether it can be used at an EVSE."""
        if self.evse_id is not None and self.evse_id != evse.id:
            return False
        return self.connector_type is None or self.connector_type in evse.spec.connector_types


class Bookings:
    """All reservations, kept in the memory. There are at most as many as EVSEs."""

    def __init__(self, memory: Memory, evses: Mapping[int, Evse]) -> None:
        self._memory = memory
        self._evses = evses
        recalled = memory.take_all(_DRAWER, Reservation)
        self._all = {int(key): each for key, each in recalled.items()}
        self.refresh()

    def __iter__(self) -> Iterator[Reservation]:
        return iter(list(self._all.values()))

    def __len__(self) -> int:
        return len(self._all)

    def __contains__(self, reservation_id: int) -> bool:
        return reservation_id in self._all

    def put(self, reservation: Reservation) -> None:
        """Add one; the one with its id is replaced (H01.FR.02)."""
        self._all[reservation.id] = reservation
        self._memory.put(_DRAWER, str(reservation.id), reservation)
        self.refresh()

    def remove(self, reservation_id: int) -> Reservation | None:
        """Take one away; None: there is none."""
        found = self._all.pop(reservation_id, None)
        if found is not None:
            self._memory.drop(_DRAWER, str(reservation_id))
            self.refresh()
        return found

    def find(self, evse: Evse, token: IdToken, group_id: str | None) -> Reservation | None:
        """The reservation that a token may use at an EVSE, the narrowest first."""
        mine = [each for each in self if each.fits(evse) and each.is_for(token, group_id)]
        mine.sort(key=lambda each: (each.evse_id is None, each.connector_type is None))
        return mine[0] if mine else None

    def admits(self, evse: Evse, token: IdToken, group_id: str | None) -> bool:
        """Whether a token may start at an EVSE."""
        return not evse.is_reserved or self.find(evse, token, group_id) is not None

    def may_admit(self, evse: Evse, token: IdToken) -> bool:
        """The same while the group of the token is not known."""
        return self.admits(evse, token, None) or any(
            each.group_id for each in self if each.fits(evse)
        )

    def refresh(self) -> bool:
        """Mark the EVSEs that are held now; whether any mark has changed."""
        held = self.held_without(None)
        before = {each.id for each in self._evses.values() if each.is_reserved}
        for evse in self._evses.values():
            evse.is_reserved = evse.id in held
        return before != held

    def held_without(self, reservation_id: int | None) -> set[int]:
        """The EVSEs that are held by the others of a reservation; None: by all."""
        others = [each for each in self if each.id != reservation_id]
        held = {each.evse_id for each in others if each.evse_id is not None}
        free = [each for each in self._evses.values() if each.is_free and each.id not in held]
        roaming = [each for each in others if each.evse_id is None]
        if roaming and len(roaming) >= len(free):
            held |= {each.id for each in free}
        for type_ in {each.connector_type for each in roaming} - {None}:
            fitting = [each.id for each in free if type_ in each.spec.connector_types]
            if sum(each.connector_type == type_ for each in roaming) >= len(fitting):
                held |= set(fitting)
        return held
