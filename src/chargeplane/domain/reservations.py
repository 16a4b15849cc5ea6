"""Reservations: what may become of one."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ReservationState"]


class ReservationState(StrEnum):
    """A reservation is requested, then held by the station, and then over in one of six ways."""

    REQUESTED = "requested"
    """The station was asked, and nobody knows its answer yet."""
    HELD = "held"
    EXPIRED = "expired"
    """Nobody came in time."""
    REMOVED = "removed"
    """The station has dropped it, as when its EVSE is faulted, or does not know of it."""
    REFUSED = "refused"
    CANCELLED = "cancelled"
    NO_TRANSACTION = "no_transaction"
    """Somebody came, and did not charge (2.1)."""
    USED = "used"
    """A transaction has begun with it."""

    @property
    def is_open(self) -> bool:
        """Whether it may still be used."""
        return self in _OPEN


_OPEN = frozenset({ReservationState.REQUESTED, ReservationState.HELD})
