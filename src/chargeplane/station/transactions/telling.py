"""What a family must be able to tell of transactions."""

from __future__ import annotations

from typing import Protocol

from chargeplane.domain.tokens import IdToken
from chargeplane.station.evse import Evse
from chargeplane.station.signals import Cause
from chargeplane.station.transaction import Transaction

__all__ = ["Teller"]


class Teller(Protocol):
    """Puts the messages of a transaction into the outbox."""

    start_points: frozenset[str] | None
    """Where transactions start, if the family leaves no choice."""
    stop_points: frozenset[str] | None

    def started(self, evse: Evse, transaction: Transaction, cause: Cause) -> None:
        """It has started; the EVSE is as it was when it did."""

    def updated(
        self, evse: Evse, transaction: Transaction, cause: Cause, *, sampled: bool = False
    ) -> None:
        """Something about it changed, or meter values are due."""

    def ended(
        self, evse: Evse, transaction: Transaction, cause: Cause, token: IdToken | None
    ) -> None:
        """It has ended; ``token`` ended it, if one did."""
