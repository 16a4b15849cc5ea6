"""What controls do to the EVSEs at the voltage and frequency of the grid, and the alarms (R05)."""

from __future__ import annotations

from decimal import Decimal
from math import acos, tan
from typing import NamedTuple

from chargeplane.domain.charging import Points, interpolated
from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET
from chargeplane.station.der.controls import Control, Controls
from chargeplane.station.duty import Duty
from chargeplane.station.evse import Evse
from chargeplane.station.grid import NOMINAL_HZ
from chargeplane.station.hub import Hub
from chargeplane.station.signals import DutyWanted, EvseChanged, GridChanged, LimitWanted

__all__ = ["Acting"]

VAR_SHARE = 0.44
"""Of its power, what an inverter can inject or absorb as reactive power (IEEE 1547, category B)."""
_PERCENT = 100.0
_TIMER = "der trip"
_Type = v21.DERControlEnumType
_Fault = v21.GridEventFaultEnumType
_TRIPS = {
    _Type.HV_MUST_TRIP: (_Fault.OVER_VOLTAGE, 1),
    _Type.LV_MUST_TRIP: (_Fault.UNDER_VOLTAGE, -1),
    _Type.HF_MUST_TRIP: (_Fault.OVER_FREQUENCY, 1),
    _Type.LF_MUST_TRIP: (_Fault.UNDER_FREQUENCY, -1),
}

Force = dict[_Type, Control]


class _Alarm(NamedTuple):
    type: _Type
    fault: _Fault | None


class Acting:
    """Keeps each inverter at what the controls want, and tells when they take over."""

    def __init__(self, hub: Hub, controls: Controls) -> None:
        self._hub = hub
        self._controls = controls
        self._since_s: dict[tuple[str, int], float] = {}
        """By control and point of its curve: when the grid went beyond it."""
        self._tripped: _Alarm | None = None
        self._good_since_s: float | None = None
        self._alarms: set[_Alarm] = set()
        self._is_acting = False
        hub.hears(GridChanged, lambda _: self.apply())
        hub.hears(EvseChanged, lambda _: self.apply())
        hub.hears(LimitWanted, lambda _: self.apply())

    def apply(self) -> None:
        """Let the controls act on the grid as it is now."""
        if self._is_acting or not (len(self._controls) or self._alarms):
            return
        self._is_acting = True
        force = self._controls.in_force()
        self._trip(force)
        alarms = {self._tripped} if self._tripped else set[_Alarm]()
        for evse in self._hub.evses.values():
            if evse.spec.discharge_w_max > 0:
                duty, found = self._duty(self._hub.live(evse), force)
                alarms |= found
                if duty != evse.duty:
                    self._hub.tell(DutyWanted(evse.id, duty))
        self._tell(alarms)
        self._is_acting = False

    # Trips.

    def _trip(self, force: Force) -> None:
        """Leave the grid after a point of a curve was passed for its time, and come back."""
        waits = list[float]()
        now_s, beyond = self._hub.now_s, set[tuple[str, int]]()
        for kind, (fault, side) in _TRIPS.items():
            control = force.get(kind)
            curve = control.body if control else None
            if control is None or not isinstance(curve, v21.DERCurveType):
                continue
            value = self._value(kind)
            for number, point in enumerate(curve.curve_data):
                if (value - point.y) * side < 0:
                    continue
                key = (control.id, number)
                beyond.add(key)
                left_s = self._since_s.setdefault(key, now_s) + point.x - now_s
                if left_s <= 0:
                    self._tripped = self._tripped or _Alarm(kind, fault)
                else:
                    waits.append(left_s)
        self._since_s = {key: since for key, since in self._since_s.items() if key in beyond}
        if self._tripped is not None:
            wait_s = self._come_back(force, is_bad=bool(beyond))
            waits += [wait_s] if wait_s is not None else []
        if waits:
            self._hub.after(min(waits), _TIMER, self.apply)

    def _come_back(self, force: Force, *, is_bad: bool) -> float | None:
        """Enter service when the grid was good for long enough; how long that still takes."""
        control = force.get(_Type.ENTER_SERVICE)
        body, delay_s = (control.body if control else None), 0.0
        if isinstance(body, v21.EnterServiceType):
            volts, hertz = self._value(_Type.VOLT_WATT), self._hub.grid.frequency_hz
            good_v = body.low_voltage <= volts <= body.high_voltage
            is_bad = is_bad or not good_v or not body.low_freq <= hertz <= body.high_freq
            delay_s = body.delay or 0.0
        if is_bad:
            self._good_since_s = None
            return None
        if self._good_since_s is None:
            self._good_since_s = self._hub.now_s
        left_s = self._good_since_s + delay_s - self._hub.now_s
        if left_s > 0:
            return left_s
        self._tripped = self._good_since_s = None
        return None

    def _value(self, kind: _Type) -> float:
        """Voltage in percent of the nominal one, or hertz."""
        grid = self._hub.grid
        by_frequency = kind in {_Type.HF_MUST_TRIP, _Type.LF_MUST_TRIP, _Type.FREQ_WATT}
        return grid.frequency_hz if by_frequency else grid.voltage_share * _PERCENT

    # Curves.

    def _duty(self, evse: Evse, force: Force) -> tuple[Duty, set[_Alarm]]:
        """What an inverter has to do, and what takes over from its charging profile."""
        if self._tripped is not None:
            return Duty(tripped=True), set()
        alarms, most_w = set[_Alarm](), evse.spec.discharge_w_max
        wanted_w = evse.offered_w if evse.setpoint_w is None else evse.setpoint_w
        caps_w = list[float]()
        for kind in (_Type.LIMIT_MAX_DISCHARGE, _Type.VOLT_WATT, _Type.FREQ_WATT):
            cap_w = self._cap_w(force.get(kind), kind, most_w)
            if cap_w is not None:
                caps_w.append(cap_w)
                if evse.closed and -wanted_w > cap_w:
                    alarms.add(_Alarm(kind, self._fault(kind)))
        shift_w = self._shift_w(force.get(_Type.FREQ_DROOP), most_w)
        if shift_w and evse.closed:
            alarms.add(_Alarm(_Type.FREQ_DROOP, self._fault(_Type.FREQ_DROOP)))
        var = self._var(force, evse, most_w)
        duty = Duty(
            discharge_w_max=min(caps_w) if caps_w else None, shift_w=shift_w, reactive_var=var
        )
        return duty, alarms

    def _cap_w(self, control: Control | None, kind: _Type, most_w: float) -> float | None:
        body = control.body if control else None
        if isinstance(body, v21.LimitMaxDischargeType):
            percent = body.pct_max_discharge_power
            return None if percent is UNSET else most_w * percent / _PERCENT
        if isinstance(body, v21.DERCurveType):
            return max(_at(body, self._value(kind)), 0.0) / _PERCENT * most_w
        return None

    def _shift_w(self, control: Control | None, most_w: float) -> float:
        """More taken at high frequency, less at low; the droop is in parts of one."""
        body = control.body if control else None
        if not isinstance(body, v21.FreqDroopType):
            return 0.0
        hertz = self._hub.grid.frequency_hz
        if hertz > body.over_freq and body.over_droop > 0:
            return (hertz - body.over_freq) / (NOMINAL_HZ * body.over_droop) * most_w
        if hertz < body.under_freq and body.under_droop > 0:
            return (hertz - body.under_freq) / (NOMINAL_HZ * body.under_droop) * most_w
        return 0.0

    def _var(self, force: Force, evse: Evse, most_w: float) -> float:
        """Reactive power that is injected; the most important control decides."""
        kinds = (
            _Type.VOLT_VAR,
            _Type.FIXED_VAR,
            _Type.WATT_VAR,
            _Type.WATT_PF,
            _Type.FIXED_PF_INJECT if evse.power_w < 0 else _Type.FIXED_PF_ABSORB,
        )
        found = sorted((force[kind] for kind in kinds if kind in force), key=lambda c: c.priority)
        if not found or not evse.closed:
            return 0.0
        control, most_var, power_w = found[0], VAR_SHARE * most_w, abs(evse.power_w)
        body, share = control.body, -evse.power_w / most_w * _PERCENT
        if isinstance(body, v21.FixedVarType):
            var = body.setpoint / _PERCENT * most_var
        elif isinstance(body, v21.FixedPFType):
            var = _of_factor(power_w, body.displacement) * (1 if body.excitation else -1)
        elif isinstance(body, v21.DERCurveType) and control.type is _Type.WATT_PF:
            factor = _at(body, share)
            var = _of_factor(power_w, abs(factor)) * (1 if factor >= 0 else -1)
        elif isinstance(body, v21.DERCurveType):
            place = self._value(_Type.VOLT_VAR) if control.type is _Type.VOLT_VAR else share
            var = _at(body, place) / _PERCENT * most_var
        else:
            return 0.0
        return max(min(var, most_var), -most_var)

    # Alarms.

    def _fault(self, kind: _Type) -> _Fault | None:
        grid = self._hub.grid
        if kind is _Type.VOLT_WATT:
            return _Fault.OVER_VOLTAGE if grid.voltage_share > 1 else _Fault.UNDER_VOLTAGE
        if kind is _Type.LIMIT_MAX_DISCHARGE:
            return None
        over = grid.frequency_hz > NOMINAL_HZ
        return _Fault.OVER_FREQUENCY if over else _Fault.UNDER_FREQUENCY

    def _tell(self, alarms: set[_Alarm]) -> None:
        """Once when a control takes over, and once when none does any more (R05)."""
        before, self._alarms = self._alarms, alarms
        taken_over = bool(alarms - before)
        for ended, changed in ((False, alarms - before), (True, before - alarms)):
            if ended and taken_over:
                continue  # R05.FR.04: the next control has taken over
            for each in sorted(changed, key=lambda alarm: alarm.type.value):
                self._hub.ask(
                    v21.NotifyDERAlarmRequest(
                        control_type=each.type,
                        grid_event_fault=each.fault or UNSET,
                        alarm_ended=True if ended else UNSET,
                        timestamp=self._hub.time(),
                    )
                )


def _at(curve: v21.DERCurveType, place: float) -> float:
    points: Points = tuple(
        sorted((Decimal(repr(each.x)), Decimal(repr(each.y))) for each in curve.curve_data)
    )
    return float(interpolated(points, Decimal(repr(place))))


def _of_factor(power_w: float, factor: float) -> float:
    return power_w * tan(acos(min(max(factor, 0.0), 1.0))) if factor else 0.0
