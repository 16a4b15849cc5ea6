"""The monitors of a station, and the rules of setting them."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from chargeplane.station.device_model.variables import Kind, Place, Variable, place_of
from chargeplane.station.hub import Hub
from chargeplane.station.remembering import keep_variable

__all__ = [
    "CUSTOM",
    "NUMERIC",
    "PERIODIC",
    "PRECONFIGURED",
    "THRESHOLDS",
    "Monitor",
    "Monitors",
    "Stream",
]

MONITORS_MAX = 200
SEVERITY_MAX = 9
"""N01: from 0, danger, to 9, debugging."""
PERIOD_S_MAX = 10 * 365 * 86_400
_DRAWER = "monitors"

CUSTOM, PRECONFIGURED, HARD_WIRED = "CustomMonitor", "PreconfiguredMonitor", "HardWiredMonitor"
UPPER, LOWER, DELTA = "UpperThreshold", "LowerThreshold", "Delta"
THRESHOLDS = frozenset({UPPER, LOWER})
PERIODIC = frozenset({"Periodic", "PeriodicClockAligned"})
_TYPES = THRESHOLDS | PERIODIC | {DELTA}
NUMERIC = frozenset({Kind.INTEGER, Kind.DECIMAL})


class Stream(Struct):
    """How the values of a stream are put together; what is None does not count."""

    interval_s: int | None = None
    """The longest that a value waits."""
    values: int | None = None
    """Most values of one message."""


class Monitor(Struct):
    """One monitor, with what it saw last."""

    id: int
    place: str
    """The text of a ``Place``."""
    type: str
    """A word of 2.x."""
    value: float
    severity: int
    in_transaction: bool = False
    """Whether it watches only during transactions."""
    kind: str = CUSTOM
    seen: str | None = None
    """Delta: the value that differences are counted from."""
    is_alerting: bool = False
    """Thresholds: whether the last event was that the value is beyond it."""
    stream: Stream | None = None
    """Periodic: its values go into a stream of their own, and not into events (N11)."""

    def same_aim(self, other: Monitor) -> bool:
        """Whether both would tell the same (N04.FR.10)."""
        return (self.place.casefold(), self.type, self.severity) == (
            other.place.casefold(),
            other.type,
            other.severity,
        )


def _factory() -> tuple[Monitor, ...]:
    """What every station watches unless it is told otherwise."""
    return (Monitor(1, "ChargingStation.Problem", DELTA, 1, 3, kind=PRECONFIGURED),)


class Monitors:
    """By id."""

    def __init__(self, hub: Hub) -> None:
        """Recall them; a new station has those of the factory."""
        self._hub = hub
        self._variables: dict[str, Variable | None] = {}
        recalled = hub.memory.take_all(_DRAWER, Monitor)
        self._all = {int(key): each for key, each in recalled.items()}
        self._last_id = hub.memory.take("station", "last monitor", int) or 0
        if not self._last_id:
            self._restore()

    def __iter__(self) -> Iterator[Monitor]:
        return iter(list(self._all.values()))

    def find(self, monitor_id: int) -> Monitor | None:
        """The monitor with an id."""
        return self._all.get(monitor_id)

    def variable(self, monitor: Monitor) -> Variable | None:
        """What it watches; None: the station has it no more."""
        if monitor.place not in self._variables:
            self._variables[monitor.place] = self._hub.variables.find(place_of(monitor.place))
        return self._variables[monitor.place]

    def keep(self, monitor: Monitor) -> None:
        """Remember it as it is now."""
        self._hub.memory.put(_DRAWER, str(monitor.id), monitor)

    def set(self, wanted: Monitor, *, is_new: bool) -> str:
        """Add a monitor, or replace the one with its id; the status, a word of 2.x.

        Args:
            wanted: with the id that it shall have; any id for a new one, which gets its own.
            is_new: whether the central system gave no id.
        """
        status = self._reason_against(wanted, is_new=is_new)
        if status is not None:
            return status
        before = self._all.get(wanted.id)
        if is_new:
            wanted.id = self._next_id()
        variable = self.variable(wanted)
        wanted.seen = variable.actual if variable and wanted.type == DELTA else None
        wanted.is_alerting = before is not None and before.is_alerting  # N07.FR.11
        self._all[wanted.id] = wanted
        self.keep(wanted)
        return "Accepted"

    def clear(self, monitor_id: int) -> str:
        """Take a monitor away; the status, a word of 2.x (N06)."""
        found = self._all.get(monitor_id)
        if found is None:
            return "NotFound"
        if found.kind == HARD_WIRED:
            return "Rejected"
        self._drop(found)
        return "Accepted"

    def set_base(self, base: str) -> None:
        """Choose which monitors there are, a word of 2.x (N03)."""
        keeps = {"All": {CUSTOM, PRECONFIGURED, HARD_WIRED}}.get(base, {HARD_WIRED})
        for each in self:
            if each.kind not in keeps:
                self._drop(each)
        if base != "HardWiredOnly":
            self._restore()
        active = self._hub.variables.at(Place("MonitoringCtrlr", "ActiveMonitoringBase"))
        active.value = base
        keep_variable(self._hub, active)

    def set_level(self, severity: int) -> bool:
        """Tell only of what is at least so severe; False: there is no such level (N05)."""
        if not 0 <= severity <= SEVERITY_MAX:
            return False
        level = self._hub.variables.at(Place("MonitoringCtrlr", "ActiveMonitoringLevel"))
        level.value = str(severity)
        keep_variable(self._hub, level)
        return True

    def _reason_against(self, wanted: Monitor, *, is_new: bool) -> str | None:
        place = place_of(wanted.place)
        variable = self._hub.variables.find(place)
        if variable is None:
            known = self._hub.variables.has_component(place)
            return "UnknownVariable" if known else "UnknownComponent"
        if wanted.type not in _TYPES or (
            wanted.type in THRESHOLDS and variable.kind not in NUMERIC
        ):
            return "UnsupportedMonitorType"  # N04.FR.05
        if not self._hub.variables.flag("MonitoringCtrlr", "Enabled"):
            return "Rejected"
        before = None if is_new else self._all.get(wanted.id)
        if not is_new and (before is None or before.kind == HARD_WIRED):
            return "Rejected"  # N04.FR.13, N04.FR.18
        if before is not None and place_of(before.place).folded() != place.folded():
            return "Rejected"  # N04.FR.16
        if not _is_possible(wanted, variable) or (is_new and len(self._all) >= MONITORS_MAX):
            return "Rejected"
        others = (each for each in self if is_new or each.id != wanted.id)
        return "Duplicate" if any(each.same_aim(wanted) for each in others) else None

    def _next_id(self) -> int:
        self._last_id += 1
        self._hub.memory.put("station", "last monitor", self._last_id)
        return self._last_id

    def _restore(self) -> None:
        for each in _factory():
            if each.id not in self._all:
                variable = self.variable(each)
                each.seen = variable.actual if variable else None
                self._all[each.id] = each
                self.keep(each)
        self._last_id = max(self._last_id, *self._all)
        self._hub.memory.put("station", "last monitor", self._last_id)

    def _drop(self, monitor: Monitor) -> None:
        del self._all[monitor.id]
        self._variables.pop(monitor.place, None)
        self._hub.memory.drop(_DRAWER, str(monitor.id))


def _is_possible(wanted: Monitor, variable: Variable) -> bool:
    """Severity and value within what can ever happen (N04.FR.06, N04.FR.14)."""
    if not 0 <= wanted.severity <= SEVERITY_MAX:
        return False
    if wanted.type in PERIODIC:
        return 1 <= wanted.value <= PERIOD_S_MAX
    if wanted.type == DELTA:
        return wanted.value >= 0
    low, high = variable.minimum, variable.maximum
    return (low is None or wanted.value >= low) and (high is None or wanted.value <= high)
