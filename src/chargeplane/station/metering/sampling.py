"""When meter values are due: during a transaction at an interval; at round times of the clock."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chargeplane.station.evse import Evse
from chargeplane.station.hub import Hub
from chargeplane.station.signals import (
    Cause,
    Online,
    SampleDue,
    SettingChanged,
    TransactionEnded,
    TransactionResumed,
    TransactionStarted,
)

__all__ = ["Sampling"]

_CLOCK = "clock-aligned"
_DAY_S = 86_400

Tell = Callable[[Hub, Evse, Cause], None]


class Sampling:
    """Keeps the intervals. They are of charging time: ``speed`` shortens them."""

    def __init__(self, hub: Hub, tell: Tell) -> None:
        self._hub = hub
        self._tell = tell
        hub.hears(TransactionStarted, lambda started: self._arm(started.evse_id))
        hub.hears(TransactionResumed, lambda resumed: self._arm(resumed.evse_id))
        hub.hears(TransactionEnded, lambda ended: hub.timers.drop(("sample", ended.evse_id)))
        hub.hears(SampleDue, self._on_due)
        hub.hears(SettingChanged, self._on_setting)
        hub.hears(Online, lambda _: self._align())

    def _arm(self, evse_id: int) -> None:
        interval_s = self._hub.variables.number("SampledDataCtrlr", "TxUpdatedInterval")
        if interval_s > 0:
            act = partial(self._sample, evse_id)
            self._hub.after(interval_s / self._hub.speed, ("sample", evse_id), act)
        else:
            self._hub.timers.drop(("sample", evse_id))

    def _sample(self, evse_id: int) -> None:
        self._arm(evse_id)
        if not self._hub.is_behind:
            self._hub.tell(SampleDue(evse_id, Cause.PERIODIC))

    def _align(self) -> None:
        """Wait for the next round time (J01.FR.14: counted from midnight)."""
        hub = self._hub
        interval_s = hub.variables.number("AlignedDataCtrlr", "Interval")
        if interval_s <= 0:
            hub.timers.drop(_CLOCK)
            return
        now = hub.time()
        since_midnight_s = now.timestamp() % _DAY_S
        hub.after(interval_s - since_midnight_s % interval_s, _CLOCK, self._on_clock)

    def _on_clock(self) -> None:
        self._align()
        for evse in () if self._hub.is_behind else self._hub.evses.values():
            self._hub.tell(SampleDue(evse.id, Cause.CLOCK))

    def _on_setting(self, changed: SettingChanged) -> None:
        match changed.component, changed.variable:
            case "SampledDataCtrlr", "TxUpdatedInterval":
                for evse in self._hub.transactions():
                    self._arm(evse.id)
            case "AlignedDataCtrlr", "Interval":
                self._align()

    def _on_due(self, due: SampleDue) -> None:
        evse = self._hub.evses[due.evse_id]
        if evse.transaction is None or not due.in_transaction:
            self._tell(self._hub, self._hub.live(evse), due.cause)
