"""One EVSE as a thing: cable, vehicle, contactor and meter. It knows no protocol."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from math import floor
from random import Random

from chargeplane.domain.tokens import IdToken
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


@dataclass(frozen=True, slots=True)
class Reading:
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
    served: bool = False
    """Whether the vehicle that stands here has charged, so that it is finishing."""
    conditions: frozenset[str] = field(default_factory=frozenset)
    """The points of TxStartPoint that hold; kept by the block transactions."""
    _at_s: float = 0.0

    @property
    def is_plugged(self) -> bool:
        return self.ev is not None

    @property
    def phases_used(self) -> int:
        """Phases that carry current; 0 for direct current."""
        if self.spec.is_dc or self.ev is None:
            return 0
        return min(self.spec.phases, self.ev.phases, self.profile_phases or self.spec.phases)

    @property
    def offered_w(self) -> float:
        """The power that the vehicle may take."""
        power_w = self.spec.power_w_max
        if self.ev is not None and not self.spec.is_dc:
            power_w *= self.phases_used / self.spec.phases
        limits_w = (power_w, self.limit_w, self.profile_w)
        return min(each for each in limits_w if each is not None)

    @property
    def power_w(self) -> float:
        """The power that flows."""
        if self.ev is None or not self.closed:
            return 0.0
        return self.ev.power_w(self.offered_w)

    @property
    def register_wh(self) -> int:
        """What the meter shows. Every message takes it from here, so that all agree."""
        return floor(self.register + 1e-6)

    @property
    def charging_state(self) -> ChargingState:
        """What a transaction on this EVSE is doing."""
        if self.ev is None:
            return ChargingState.IDLE
        if not self.closed:
            return ChargingState.EV_CONNECTED
        if self.power_w > 0:
            return ChargingState.CHARGING
        stopped_by_us = self.offered_w <= 0
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
        return Status.AVAILABLE

    def advance(self, at_s: float) -> None:
        """Let the vehicle charge up to a moment of charging time."""
        if self.ev is not None and self.closed:
            self.register += self.ev.charge(self.offered_w, at_s - self._at_s)
        self._at_s = at_s

    def full_at_s(self) -> float | None:
        """The charging time when the vehicle will stop of itself; None if nothing flows."""
        if self.ev is None or self.power_w <= 0:
            return None
        return self._at_s + self.ev.full_in_s(self.offered_w)

    def readings(self, measurands: Collection[str], rng: Random) -> list[Reading]:
        """The values of these measurands; one that this EVSE cannot measure is left out."""
        power_w, lines = self.power_w, _PHASES[: self.phases_used or self.spec.phases]
        spread = [1 + rng.uniform(-_VOLTAGE_SPREAD, _VOLTAGE_SPREAD) for _ in lines or (0,)]
        volts = [round(self.spec.voltage_v * each, 1) for each in spread]
        amperes = round(power_w / sum(volts), 2)
        found: list[Reading] = []
        for measurand in measurands:
            match measurand:
                case "Energy.Active.Import.Register":
                    found.append(Reading(measurand, self.register_wh, "Wh"))
                case "Power.Active.Import":
                    found.append(Reading(measurand, round(power_w, 1), "W"))
                case "Power.Offered":
                    found.append(Reading(measurand, round(self.offered_w, 1), "W"))
                case "Current.Import":
                    found += _each(measurand, [amperes] * len(volts), "A", lines)
                case "Voltage":
                    found += _each(measurand, volts, "V", [f"{line}-N" for line in lines])
                case "SoC" if self.ev is not None:
                    found.append(
                        Reading(measurand, round(self.ev.soc * 100, 1), "Percent", location="EV")
                    )
        return found


def _each(measurand: str, values: list[float], unit: str, phases: Collection[str]) -> list[Reading]:
    """One reading for each phase, or one for direct current."""
    names: list[str | None] = [*phases] or [None]
    return [
        Reading(measurand, value, unit, name) for value, name in zip(values, names, strict=True)
    ]
