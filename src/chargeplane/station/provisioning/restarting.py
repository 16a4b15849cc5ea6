"""Going down and coming up again."""

from __future__ import annotations

from chargeplane.station.hub import Hub
from chargeplane.station.signals import (
    Cause,
    ResetWanted,
    Restarting,
    StopWanted,
    TransactionEnded,
)

__all__ = ["Restarts"]

GRACE_S = 1.0
"""Time for the last messages, before the station goes down."""
_RESTART = "restart"


class Restarts:
    """Restarts the station at once, or when it is idle."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._when_idle = ""
        self._evses_when_idle: set[int] = set()
        hub.hears(TransactionEnded, self._on_transaction_ended)

    def now(self, cause: Cause, reason: str) -> None:
        """End all transactions for this cause, then restart with this boot reason of 2.x."""
        hub = self._hub
        for evse in list(hub.transactions()):
            hub.tell(StopWanted(evse.id, cause))
        hub.after(GRACE_S, _RESTART, lambda: hub.tell(Restarting(reason)))

    def and_resume(self, evse_id: int | None) -> None:
        """Interrupt transactions, restart the station or one EVSE, and go on (2.1 B13)."""
        hub = self._hub
        for evse in list(hub.transactions()):
            if evse_id in {None, evse.id}:
                hub.tell(ResetWanted(evse.id, with_station=evse_id is None))
        if evse_id is None:
            hub.after(GRACE_S, _RESTART, lambda: hub.tell(Restarting("RemoteReset")))

    def evse_now(self, evse_id: int) -> None:
        """End the transaction of an EVSE, and restart it alone (B11.FR.08, B12.FR.08)."""
        self._evses_when_idle.discard(evse_id)
        if self._hub.evses[evse_id].transaction:
            self._hub.tell(StopWanted(evse_id, Cause.RESET_HARD))

    def evse_when_idle(self, evse_id: int) -> None:
        """Restart an EVSE when its transaction has ended (B12.FR.07)."""
        self._evses_when_idle.add(evse_id)

    def when_idle(self, reason: str) -> None:
        """Restart when the last transaction has ended."""
        self._when_idle = reason

    def _on_transaction_ended(self, ended: TransactionEnded) -> None:
        if ended.evse_id in self._evses_when_idle:
            self.evse_now(ended.evse_id)
        if self._when_idle and not self._hub.is_busy:
            reason, self._when_idle = self._when_idle, ""
            self.now(Cause.RESET_SOFT, reason)
