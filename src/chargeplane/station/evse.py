"""One EVSE as a thing: cable, vehicle, contactor and meter. It knows no protocol."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import StrEnum
from math import floor
from random import Random
from typing import Final, NamedTuple

from chargeplane.domain.tokens import IdToken
from chargeplane.station.duty import Duty
from chargeplane.station.grid import Grid
from chargeplane.station.inventory import EvseSpec
from chargeplane.station.transaction import Transaction
from chargeplane.station.vehicle import Ev

__all__ = ["ChargingState", "Evse", "Reading", "Status"]

_VOLTAGE_SPREAD = 0.01
_PHASES = ("L1", "L2", "L3")


class ChargingState(StrEnum):
    """In the words of 2.x, which 1.6 shares for the last three."""

    IDLE = "Idle"
    EV_CONNECTED = "EVConnected"
    CHARGING = "Charging"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"


class Status(StrEnum):
    """What a connector shows, in the words of 1.6, the finest of all versions."""

    AVAILABLE = "Available"
    PREPARING = "Preparing"
    CHARGING = "Charging"
    SUSPENDED_EVSE = "SuspendedEVSE"
    SUSPENDED_EV = "SuspendedEV"
    FINISHING = "Finishing"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


class Reading(NamedTuple):
    """One measured value in a base unit, in the words that both families share."""

    measurand: str
    value: float
    unit: str
    phase: str | None = None
    location: str = "Outlet"


@dataclass(slots=True)
class Evse:
    """The state of one EVSE. ``at_s`` is charging time: seconds that the vehicle lived through."""

    id: int
    spec: EvseSpec
    register: float = 0.0
    """The meter in Wh, with the fraction that it does not show."""
    exported: float = 0.0
    """The other register of the meter: what vehicles gave back, in Wh."""
    ev: Ev | None = None
    connector_id: int = 1
    """The connector in use."""
    token: IdToken | None = None
    """Who is allowed to charge now."""
    transaction: Transaction | None = None
    is_operative: bool = True
    operative_later: bool | None = None
    """A change of availability that waits for the end of the transaction."""
    fault: str = ""
    """A 1.6 error code; empty if there is none."""
    closed: bool = False
    """Whether the contactor lets power through."""
    limit_w: float | None = None
    """A limit from outside, below what the hardware can."""
    profile_w: float | None = None
    """What charging profiles allow."""
    profile_phases: int | None = None
    setpoint_w: float | None = None
    """What charging profiles want to flow, negative to give back; None: as much as is offered."""
    duty: Duty = field(default_factory=Duty)
    grid: Grid = field(default_factory=Grid)
    is_reserved: bool = False
    """Whether reservations hold it; kept by ``bookings``."""
    reservation_id: int | None = None
    """The reservation that was used, until a transaction has taken it over."""
    held: bool = False
    """Whether a transaction was interrupted by a reset and must not take power (yet)."""
    capped: bool = False
    """Whether a limit of the transaction is reached (2.1 E16)."""
    served: bool = False
    """Whether the vehicle that stands here has charged, so that it is finishing."""
    conditions: frozenset[str] = field(default_factory=frozenset)
    """The points of TxStartPoint that hold; kept by the block transactions."""
    _at_s: float = 0.0

    @property
    def is_plugged(self) -> bool:
        return self.ev is not None

    @property
    def is_free(self) -> bool:
        """Whether it could be reserved: nobody is there, and it works."""
        busy = self.ev is not None or self.token is not None or self.transaction is not None
        return not busy and self.is_operative and not self.fault

    @property
    def phases_used(self) -> int:
        """Phases that carry current; 0 for direct current."""
        if self.spec.is_dc or self.ev is None:
            return 0
        return min(self.spec.phases, self.ev.phases, self.profile_phases or self.spec.phases)

    @property
    def _share_used(self) -> float:
        """The share of its phases that carry current; with direct current there are none."""
        is_shared = self.ev is not None and not self.spec.is_dc
        return self.phases_used / self.spec.phases if is_shared else 1.0

    @property
    def offered_w(self) -> float:
        """The power that the vehicle may take."""
        if self.held or self.capped:
            return 0.0
        power_w = self.spec.power_w_max * self._share_used
        for limit_w in (self.limit_w, self.profile_w, self.duty.charge_w_max):
            if limit_w is not None and limit_w < power_w:
                power_w = limit_w
        return power_w

    @property
    def given_w_max(self) -> float:
        """The power that the vehicle may give back, as a positive number."""
        if self.held or self.capped or self.setpoint_w is None:
            return 0.0  # without a setpoint a profile allows charging only
        limits_w = (self.spec.discharge_w_max * self._share_used, self.duty.discharge_w_max)
        return min(each for each in limits_w if each is not None)

    @property
    def aim_w(self) -> float:
        """The power that is aimed at, negative to give back; the vehicle may fall behind it."""
        if self.duty.tripped:
            return 0.0
        offered_w = self.offered_w
        wanted_w = offered_w if self.setpoint_w is None else self.setpoint_w
        return max(min(wanted_w + self.duty.shift_w, offered_w), -self.given_w_max)

    @property
    def power_w(self) -> float:
        """The power that flows; negative while the vehicle gives back."""
        if self.ev is None or not self.closed:
            return 0.0
        aim_w = self.aim_w
        return self.ev.power_w(aim_w) if aim_w >= 0 else -self.ev.given_w(-aim_w)

    @property
    def register_wh(self) -> int:
        """What the meter shows. Every message takes it from here, so that all agree."""
        return floor(self.register + 1e-6)

    @property
    def export_wh(self) -> int:
        """What its export register shows."""
        return floor(self.exported + 1e-6)

    @property
    def charging_state(self) -> ChargingState:
        """What a transaction on this EVSE is doing."""
        if self.ev is None:
            return ChargingState.IDLE
        if not self.closed:
            return ChargingState.EV_CONNECTED
        if self.power_w != 0:
            return ChargingState.CHARGING
        stopped_by_us = self.aim_w == 0
        return ChargingState.SUSPENDED_EVSE if stopped_by_us else ChargingState.SUSPENDED_EV

    def status(self, station_operative: bool = True) -> Status:
        """What its connector shows."""
        if self.fault:
            return Status.FAULTED
        if self.transaction is not None and self.closed:
            return Status(self.charging_state.value)
        if self.transaction is None and not (self.is_operative and station_operative):
            return Status.UNAVAILABLE
        if self.ev is not None and self.served and self.token is None:
            return Status.FINISHING
        if self.ev is not None or self.token is not None:
            return Status.PREPARING
        return Status.RESERVED if self.is_reserved else Status.AVAILABLE

    def advance(self, at_s: float) -> None:
        """Let the vehicle charge up to a moment of charging time."""
        if self.ev is not None and self.closed:
            aim_w, duration_s = self.aim_w, at_s - self._at_s
            if aim_w >= 0:
                self.register += self.ev.charge(aim_w, duration_s)
            else:
                self.exported += self.ev.discharge(-aim_w, duration_s)
        self._at_s = at_s

    def full_at_s(self) -> float | None:
        """The charging time when the vehicle will stop of itself; None if nothing flows."""
        if self.ev is None or self.power_w == 0:
            return None
        aim_w = self.aim_w
        return self._at_s + (self.ev.full_in_s(aim_w) if aim_w > 0 else self.ev.empty_in_s(-aim_w))

    def readings(self, measurands: Collection[str], rng: Random) -> list[Reading]:
        """The values of these measurands; one that this EVSE cannot measure is left out."""
        by_phase = self._by_phase(rng)
        found: list[Reading] = []
        for measurand in measurands:
            if measurand in by_phase:
                values, unit, phases = by_phase[measurand]
                found += _each(measurand, values, unit, phases)
            elif measurand in _MEASURED:
                unit, value_of = _MEASURED[measurand]
                if (value := value_of(self)) is not None:
                    location = "EV" if measurand == "SoC" else "Outlet"
                    found.append(Reading(measurand, value, unit, location=location))
        return found

    def _by_phase(self, rng: Random) -> dict[str, tuple[list[float], str, Collection[str]]]:
        """Currents and voltages: the values, their unit, and the phases they belong to."""
        lines = _PHASES[: self.phases_used or self.spec.phases]
        spread = [1 + rng.uniform(-_VOLTAGE_SPREAD, _VOLTAGE_SPREAD) for _ in lines or (0,)]
        nominal_v = self.spec.voltage_v * (1.0 if self.spec.is_dc else self.grid.voltage_share)
        volts = [round(nominal_v * each, 1) for each in spread]
        amperes = round(abs(self.power_w) / sum(volts), 2) if sum(volts) else 0.0
        taken_a, given_a = (amperes, 0.0) if self.power_w >= 0 else (0.0, amperes)
        return {
            "Current.Import": ([taken_a] * len(volts), "A", lines),
            "Current.Export": ([given_a] * len(volts), "A", lines),
            "Voltage": (volts, "V", [f"{line}-N" for line in lines]),
        }


def _power(sign: int) -> Callable[[Evse], float]:
    """What flows into the vehicle (1), or out of it (-1), in W."""
    return lambda evse: round(max(sign * evse.power_w, 0.0), 1)


def _reactive(sign: int) -> Callable[[Evse], float]:
    return lambda evse: round(max(sign * evse.duty.reactive_var, 0.0), 1)


def _setpoint(evse: Evse) -> float | None:
    return None if evse.setpoint_w is None else round(evse.setpoint_w, 1)


def _soc(evse: Evse) -> float | None:
    return None if evse.ev is None else round(evse.ev.soc * 100, 1)


_MEASURED: Final[dict[str, tuple[str, Callable[[Evse], float | None]]]] = {
    "Energy.Active.Import.Register": ("Wh", lambda evse: evse.register_wh),
    "Energy.Active.Export.Register": ("Wh", lambda evse: evse.export_wh),
    "Power.Active.Import": ("W", _power(1)),
    "Power.Active.Export": ("W", _power(-1)),
    "Power.Active.Setpoint": ("W", _setpoint),
    "Power.Reactive.Export": ("var", _reactive(1)),
    "Power.Reactive.Import": ("var", _reactive(-1)),
    "Power.Offered": ("W", lambda evse: round(evse.offered_w, 1)),
    "Frequency": ("Hz", lambda evse: round(evse.grid.frequency_hz, 3)),
    "SoC": ("Percent", _soc),
}
"""Measurands with one value for the whole EVSE: the unit, and the value; None: it has none."""


def _each(measurand: str, values: list[float], unit: str, phases: Collection[str]) -> list[Reading]:
    """One reading for each phase, or one for direct current."""
    names: list[str | None] = [*phases] or [None]
    return [
        Reading(measurand, value, unit, name) for value, name in zip(values, names, strict=True)
    ]
