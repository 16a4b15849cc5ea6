"""Looking at what is monitored, and telling of events."""

from __future__ import annotations

from functools import partial
from typing import Any

from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET
from chargeplane.station.device_model.reports import component_of, variable_of
from chargeplane.station.device_model.variables import Mutability, Place, Variable, place_of
from chargeplane.station.hub import Hub
from chargeplane.station.monitoring.monitors import (
    DELTA,
    NUMERIC,
    PERIODIC,
    THRESHOLDS,
    UPPER,
    Monitor,
    Monitors,
)
from chargeplane.station.monitoring.streams import Streams
from chargeplane.station.signals import (
    AlertWanted,
    EvseChanged,
    FaultChanged,
    Online,
    SampleDue,
    SettingChanged,
    TransactionEnded,
)

__all__ = ["Watching"]

LOOK_S = 5.0
"""How often numbers are looked at, in charging time."""
EVENTS_MAX = 500
"""Events that wait for a connection; the oldest go first."""
EVENTS_PER_MESSAGE_MAX = 20
_LOOK, _DRAWER, _DAY_S = "monitors", "events", 86_400
_Trigger = v21.EventTriggerEnumType


class Watching:
    """Evaluates the monitors."""

    def __init__(self, hub: Hub, monitors: Monitors, streams: Streams) -> None:
        """Begin to watch."""
        self._streams = streams
        self._hub = hub
        self._monitors = monitors
        self._is_looking = False
        waiting = hub.memory.take_all(_DRAWER, v21.EventDataType)
        self._waiting = {int(key): each for key, each in waiting.items()}
        self._last_event = hub.memory.take("station", "last event", int) or 0
        for kind in (SettingChanged, EvseChanged, FaultChanged, SampleDue, TransactionEnded):
            hub.hears(kind, lambda _: self.look())
        hub.hears(AlertWanted, self._on_alert)
        hub.hears(Online, lambda _: self._on_online())
        self.arm()

    def arm(self) -> None:
        """Keep time for the monitors that there are now."""
        wanted = {each.id: each for each in self._monitors if each.type in PERIODIC}
        for monitor in wanted.values():
            if ("monitor", monitor.id) not in self._hub.timers:
                self._arm_period(monitor)
        if any(self._moves(each) for each in self._monitors):
            self._hub.after(LOOK_S / self._hub.speed, _LOOK, self._look_again)
        else:
            self._hub.timers.drop(_LOOK)

    def look(self) -> None:
        """Tell of everything that has changed since the last look."""
        if self._is_looking or not self._hub.variables.flag("MonitoringCtrlr", "Enabled"):
            return
        self._is_looking = True
        events = []
        for monitor in self._monitors:
            variable = self._monitors.variable(monitor)
            if variable is not None and monitor.type not in PERIODIC and self._is_on(monitor):
                event = self._changed(monitor, variable)
                if event is not None:
                    events.append(event)
        self._is_looking = False
        self._tell(events)

    def rearm(self, monitor: Monitor) -> None:
        """Count a period from now on: the monitor was set."""
        self._hub.timers.drop(("monitor", monitor.id))
        self.arm()

    def _moves(self, monitor: Monitor) -> bool:
        """Whether its value may change without anything having happened."""
        variable = self._monitors.variable(monitor)
        return (
            variable is not None
            and monitor.type not in PERIODIC
            and variable.kind in NUMERIC
            and variable.read is not None
        )

    def _look_again(self) -> None:
        self.look()
        self.arm()

    def _is_on(self, monitor: Monitor) -> bool:
        """What nobody would be told of is looked at later, so that a lasting change is told."""
        if not self._hub.is_online and not self._is_queued(monitor.severity):
            return False
        if not monitor.in_transaction:
            return True
        evse_id = place_of(monitor.place).evse_id
        return any(evse_id in {None, evse.id} for evse in self._hub.transactions())

    # What it sees.

    def _changed(self, monitor: Monitor, variable: Variable) -> v21.EventDataType | None:
        value = variable.actual
        if monitor.type in THRESHOLDS:
            return self._crossed(monitor, variable, value)
        if not _differs(monitor, variable, value):
            return None
        monitor.seen = value
        self._monitors.keep(monitor)
        return self._event(monitor, variable, _Trigger.DELTA)

    def _crossed(
        self, monitor: Monitor, variable: Variable, value: str
    ) -> v21.EventDataType | None:
        """N07.FR.16, N07.FR.17; and back again, N07.FR.02."""
        number = _number(value)
        if number is None:
            return None
        beyond = number > monitor.value if monitor.type == UPPER else number < monitor.value
        if beyond == monitor.is_alerting:
            return None
        monitor.is_alerting = beyond
        self._monitors.keep(monitor)
        return self._event(monitor, variable, _Trigger.ALERTING, cleared=not beyond)

    def _arm_period(self, monitor: Monitor) -> None:
        """N08.FR.06, N08.FR.07."""
        delay_s = monitor.value
        if monitor.type != "Periodic":
            delay_s -= (self._hub.time().timestamp() % _DAY_S) % monitor.value
        self._hub.after(delay_s, ("monitor", monitor.id), partial(self._on_period, monitor.id))

    def _on_period(self, monitor_id: int) -> None:
        monitor = self._monitors.find(monitor_id)
        if monitor is None or monitor.type not in PERIODIC:
            return
        self._arm_period(monitor)
        variable = self._monitors.variable(monitor)
        enabled = self._hub.variables.flag("MonitoringCtrlr", "Enabled")
        if variable is None or not enabled:
            return
        if monitor.stream is not None:
            self._streams.add(monitor, variable.actual)
        elif self._is_on(monitor):
            self._tell([self._event(monitor, variable, _Trigger.PERIODIC)])

    # What it tells.

    def _event(
        self,
        monitor: Monitor,
        variable: Variable,
        trigger: v21.EventTriggerEnumType,
        *,
        cleared: bool = False,
    ) -> v21.EventDataType:
        self._last_event += 1
        self._hub.memory.put("station", "last event", self._last_event)
        secret = variable.mutability is Mutability.WRITE_ONLY  # N07.FR.10
        return v21.EventDataType(
            event_id=self._last_event,
            timestamp=self._hub.time(),
            trigger=trigger,
            actual_value="" if secret else variable.actual,
            cleared=True if cleared else UNSET,
            component=component_of(variable.place),
            variable=variable_of(variable.place),
            variable_monitoring_id=monitor.id,
            event_notification_type=v21.EventNotificationEnumType(monitor.kind),
            severity=monitor.severity,
            transaction_id=self._transaction_id(variable),
        )

    def _on_alert(self, alert: AlertWanted) -> None:
        """What is told without a monitor, where none tells it (I08.FR.31, I08.FR.36)."""
        place = Place(alert.component, alert.variable)
        told = any(each.type == DELTA and place_of(each.place) == place for each in self._monitors)
        if told:
            return
        self._last_event += 1
        self._hub.memory.put("station", "last event", self._last_event)
        event = v21.EventDataType(
            event_id=self._last_event,
            timestamp=self._hub.time(),
            trigger=_Trigger.ALERTING,
            actual_value=self._hub.variables.text(alert.component, alert.variable),
            tech_code=alert.tech_code or UNSET,
            component=component_of(place),
            variable=variable_of(place),
            event_notification_type=v21.EventNotificationEnumType.HARD_WIRED_NOTIFICATION,
        )
        self._tell([event])

    def _transaction_id(self, variable: Variable) -> Any:
        evse = self._hub.evses.get(variable.place.evse_id or 0)
        return evse.transaction.id if evse and evse.transaction else UNSET

    def _tell(self, events: list[v21.EventDataType]) -> None:
        level = self._hub.variables.number("MonitoringCtrlr", "ActiveMonitoringLevel")
        events = [each for each in events if (each.severity or 0) <= level]  # N07.FR.15
        if self._hub.is_online:
            self._send(events)
            return
        for each in events:
            self._waiting[each.event_id] = each
            self._hub.memory.put(_DRAWER, f"{each.event_id:012}", each)
        while len(self._waiting) > EVENTS_MAX:
            self._drop(next(iter(self._waiting)))

    def _is_queued(self, severity: int) -> bool:
        """Whether an event waits for a connection (N07.FR.04, N08.FR.03)."""
        queued = self._hub.variables.number("MonitoringCtrlr", "OfflineQueuingSeverity")
        return severity <= queued

    def _on_online(self) -> None:
        waiting = list(self._waiting.values())
        for event in waiting:
            self._drop(event.event_id)
        self._send(waiting)
        self.look()

    def _drop(self, event_id: int) -> None:
        del self._waiting[event_id]
        self._hub.memory.drop(_DRAWER, f"{event_id:012}")

    def _send(self, events: list[v21.EventDataType]) -> None:
        for start in range(0, len(events), EVENTS_PER_MESSAGE_MAX):
            request = v21.NotifyEventRequest(
                generated_at=self._hub.time(),
                seq_no=0,
                event_data=events[start : start + EVENTS_PER_MESSAGE_MAX],
            )
            self._hub.ask(request)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _differs(monitor: Monitor, variable: Variable, value: str) -> bool:
    """N07.FR.18, N07.FR.19."""
    if monitor.type != DELTA or value == monitor.seen:
        return False
    now, before = _number(value), _number(monitor.seen or "")
    if variable.kind not in NUMERIC or now is None or before is None:
        return True
    return abs(now - before) > monitor.value
