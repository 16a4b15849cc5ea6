"""Heartbeats at the interval that the central system named."""

from __future__ import annotations

from collections.abc import Callable

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.wire import Request
from chargeplane.station.conversation import Outcome
from chargeplane.station.hub import Hub
from chargeplane.station.signals import Disconnected, HeartbeatWanted, Online, SettingChanged

__all__ = ["Heartbeat"]

_HEARTBEAT = "heartbeat"
_RESPONSES = (v16.HeartbeatResponse, v21.HeartbeatResponse)


class Heartbeat:
    """Shows that the station lives, and keeps its clock right."""

    def __init__(self, hub: Hub, message: Callable[[], Request]) -> None:
        self._hub = hub
        self._message = message
        hub.hears(Online, lambda _: self._arm())
        hub.hears(Disconnected, lambda _: hub.timers.drop(_HEARTBEAT))
        hub.hears(HeartbeatWanted, lambda _: self._ask(early=True))
        hub.hears(SettingChanged, self._on_setting)

    def _on_setting(self, changed: SettingChanged) -> None:
        if changed.variable == "HeartbeatInterval" and self._hub.is_online:
            self._arm()

    def _arm(self) -> None:
        interval_s = self._hub.variables.number("OCPPCommCtrlr", "HeartbeatInterval")
        self._hub.after(interval_s, _HEARTBEAT, self._beat)

    def _beat(self) -> None:
        if not self._hub.is_behind:
            self._ask(early=False)
        self._arm()

    def _ask(self, *, early: bool) -> None:
        self._hub.ask(self._message(), self._done, early=early)

    def _done(self, outcome: Outcome) -> None:
        if isinstance(outcome, _RESPONSES):
            self._hub.set_time(outcome.current_time)
