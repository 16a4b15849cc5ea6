"""Going down and coming up again."""

from __future__ import annotations

from chargeplane.station.hub import Hub
from chargeplane.station.signals import Cause, Restarting, StopWanted, TransactionEnded

__all__ = ["Restarts"]

GRACE_S = 1.0
"""Time for the last messages, before the station goes down."""
_RESTART = "restart"


class Restarts:
    """Restarts the station at once, or when it is idle."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._when_idle = ""
        hub.hears(TransactionEnded, self._on_transaction_ended)

    def now(self, cause: Cause, reason: str) -> None:
        """End all transactions for this cause, then restart with this boot reason of 2.x."""
        hub = self._hub
        for evse in list(hub.transactions()):
            hub.tell(StopWanted(evse.id, cause))
        hub.after(GRACE_S, _RESTART, lambda: hub.tell(Restarting(reason)))

    def when_idle(self, reason: str) -> None:
        """Restart when the last transaction has ended."""
        self._when_idle = reason

    def _on_transaction_ended(self, _: TransactionEnded) -> None:
        if self._when_idle and not self._hub.is_busy:
            reason, self._when_idle = self._when_idle, ""
            self.now(Cause.RESET_SOFT, reason)
