"""What becomes of a transaction whose token the central system refuses."""

from __future__ import annotations

from functools import partial

from chargeplane.station.evse import Evse
from chargeplane.station.hub import Hub
from chargeplane.station.signals import Cause, StopWanted, TokenRefused, TransactionEnded
from chargeplane.station.transactions.sessions import Sessions

__all__ = ["Refusals"]

_LITTLE_WH = 0.5
_LITTLE_W = 100.0
_LOOK_AGAIN_S = 60.0
"""While energy is counted out; the power may change."""


class Refusals:
    """Ends it, lets it have some energy, or none (C15.FR.03 to C15.FR.07).

    In 1.6 by StopTransactionOnInvalidId and MaxEnergyOnInvalidId.
    """

    def __init__(self, hub: Hub, sessions: Sessions) -> None:
        self._hub = hub
        self._sessions = sessions
        hub.hears(TokenRefused, self._on_refused)
        hub.hears(TransactionEnded, lambda ended: hub.timers.drop(("refused", ended.evse_id)))

    def _on_refused(self, refused: TokenRefused) -> None:
        evse, settings = self._hub.evses[refused.evse_id], self._hub.variables
        if settings.flag("TxCtrlr", "StopTxOnInvalidId"):
            self._hub.tell(StopWanted(evse.id, Cause.DEAUTHORIZED))
        elif settings.number("TxCtrlr", "MaxEnergyOnInvalidId") > 0:
            self._watch(evse)
        else:
            self._sessions.hold(evse, Cause.DEAUTHORIZED)

    def _watch(self, evse: Evse) -> None:
        """Let a refused token have so much energy and no more."""
        transaction = self._hub.live(evse).transaction
        if transaction is None:
            return
        granted_wh = self._hub.variables.number("TxCtrlr", "MaxEnergyOnInvalidId")
        left_wh = transaction.meter_start_wh + granted_wh - evse.register
        if left_wh <= _LITTLE_WH:
            self._sessions.hold(evse, Cause.DEAUTHORIZED)
            return
        power_w = max(evse.power_w, _LITTLE_W)
        delay_s = max(left_wh / power_w * 3_600, 1.0) / self._hub.speed
        again_s = min(delay_s, _LOOK_AGAIN_S)
        self._hub.after(again_s, ("refused", evse.id), partial(self._watch, evse))
