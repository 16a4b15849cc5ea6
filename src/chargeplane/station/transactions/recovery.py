"""What becomes of transactions when the station stops under them (2.1 B13 and E17; 1.6 4.10).

After a reset that asks for it they go on in any case. After a loss of power, a crash or the end of
the program they go on in 2.1 if it was short enough (``TxCtrlr.ResumptionTimeout``); otherwise
they end when the station is back, with the meter as it stands.
"""

from __future__ import annotations

from datetime import datetime

from chargeplane.ocpp.versions import Version
from chargeplane.station.evse import Evse
from chargeplane.station.hub import Hub
from chargeplane.station.remembering import seen_at
from chargeplane.station.signals import (
    Cause,
    Connected,
    NotReached,
    PowerLost,
    ResetWanted,
    Restarting,
    TransactionEnded,
)
from chargeplane.station.transactions.records import Records
from chargeplane.station.transactions.sessions import Sessions

__all__ = ["Recovery"]

EVSE_RESET_S = 2.0
"""How long the reset of one EVSE takes."""


class Recovery:
    """Interrupts transactions, and brings them back or ends them."""

    def __init__(self, hub: Hub, records: Records, sessions: Sessions) -> None:
        """Take up what an earlier program left behind."""
        self._hub = hub
        self._sessions = sessions
        self._lost: tuple[datetime, Cause] | None = None
        self._paused: set[int] = set()
        """EVSEs with transactions that a reset interrupts."""
        _, last = seen_at(hub)
        for transaction in list(records.open()):
            evse = hub.evses.get(transaction.evse_id)
            if evse is None:  # the station was rebuilt without it
                transaction.has_ended = True
                continue
            evse.transaction, evse.held = transaction, True
            self._lost = (last or transaction.started_at, Cause.POWER_LOST)
        records.tidy()
        hub.hears(PowerLost, self._on_power_lost)
        hub.hears(ResetWanted, self._on_reset)
        hub.hears(TransactionEnded, lambda ended: self._paused.discard(ended.evse_id))
        hub.hears(Restarting, lambda _: self._open_all())
        hub.hears(Connected, lambda _: self._come_back())
        hub.hears(NotReached, lambda _: self._come_back())

    def _on_power_lost(self, lost: PowerLost) -> None:
        for evse in self._hub.transactions():
            self._hub.live(evse).held = True
            self._sessions.watch_battery(evse)
        self._lost = (self._hub.time(), lost.cause)

    def _on_reset(self, wanted: ResetWanted) -> None:
        evse = self._hub.live(self._hub.evses[wanted.evse_id])
        self._paused.add(evse.id)
        self._sessions.hold(evse, Cause.RESET_AND_RESUME)
        if not wanted.with_station:
            self._hub.after(EVSE_RESET_S, ("evse reset", evse.id), lambda: self._resume(evse))

    def _open_all(self) -> None:
        """No power flows while the station is away, whatever is remembered."""
        for evse in self._hub.transactions():
            self._hub.live(evse).held = True

    def _come_back(self) -> None:
        paused, self._paused = self._paused, set()
        lost, self._lost = self._lost, None
        for evse in list(self._hub.transactions()):
            if evse.id in paused:
                self._resume(evse)
            elif lost is not None:
                self._decide(evse, *lost)

    def _decide(self, evse: Evse, since: datetime, cause: Cause) -> None:
        if self._hub.version is Version.V2_1:
            timeout_s = self._hub.variables.number("TxCtrlr", "ResumptionTimeout")
            if timeout_s > 0 and (self._hub.time() - since).total_seconds() <= timeout_s:
                range_s = self._hub.variables.number(
                    "TxCtrlr", "EnergyTransferResumptionRandomRange"
                )
                self._resume(evse, self._hub.rng.uniform(0, range_s) if range_s else 0.0)
                return
        evse.held = False
        self._sessions.end(evse, cause)

    def _resume(self, evse: Evse, delay_s: float = 0.0) -> None:
        self._paused.discard(evse.id)
        if evse.transaction is None:
            return
        allowed = self._hub.variables.flag("TxCtrlr", "AllowEnergyTransferResumption")
        evse.held = not allowed or delay_s > 0
        self._sessions.resume(evse)
        if allowed and delay_s > 0:
            self._hub.after(delay_s, ("resume", evse.id), lambda: self._sessions.release(evse))
