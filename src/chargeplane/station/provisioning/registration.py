"""BootNotification until it is accepted."""

from __future__ import annotations

from collections.abc import Callable

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.wire import Request
from chargeplane.station.conversation import Outcome
from chargeplane.station.hub import Hub
from chargeplane.station.signals import (
    BootWanted,
    Connected,
    Disconnected,
    Online,
    Registered,
    Restarting,
)

__all__ = ["Registration"]

BOOT_RETRY_S = 30.0
"""Until the next BootNotification where the central system names no time, or answers an error."""
_BOOT = "boot"


class Registration:
    """Registers, and says when the station is online."""

    def __init__(self, hub: Hub, boot: Callable[[Hub], Request]) -> None:
        """Args: the hub, and how the family says BootNotification."""
        self._hub = hub
        self._boot = boot
        self._attempt = 0
        hub.hears(Connected, self._on_connected)
        hub.hears(Disconnected, self._on_disconnected)
        hub.hears(Restarting, self._on_restarting)
        hub.hears(BootWanted, lambda _: self._ask())

    def _on_connected(self, _: Connected) -> None:
        if self._hub.registration == "Accepted":
            self._hub.tell(Online())
        else:
            self._ask()

    def _on_disconnected(self, _: Disconnected) -> None:
        self._hub.timers.drop(_BOOT)

    def _on_restarting(self, signal: Restarting) -> None:
        self._hub.registration = ""
        self._hub.boot_reason = signal.reason

    def _ask(self) -> None:
        self._attempt += 1
        attempt = self._attempt
        self._hub.timers.drop(_BOOT)
        self._hub.ask(self._boot(self._hub), lambda end: self._done(end, attempt), early=True)

    def _done(self, outcome: Outcome, attempt: int) -> None:
        hub = self._hub
        if not hub.conversation.is_open or attempt != self._attempt:
            return
        if not isinstance(outcome, v16.BootNotificationResponse | v21.BootNotificationResponse):
            hub.after(BOOT_RETRY_S, _BOOT, self._ask)
            return
        was_online = hub.is_online
        hub.registration = outcome.status.value
        hub.set_time(outcome.current_time)
        hub.tell(Registered(outcome.status.value, outcome.interval))
        if hub.is_online:
            if outcome.interval > 0:
                hub.variables.preset({"HeartbeatInterval": str(outcome.interval)})
            if not was_online:
                hub.tell(Online())
        else:
            hub.after(outcome.interval if outcome.interval > 0 else BOOT_RETRY_S, _BOOT, self._ask)
