"""Charging profiles as values, with the words that the families share."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

__all__ = [
    "ChargingProfile",
    "ChargingSchedule",
    "Kind",
    "Mode",
    "Period",
    "Points",
    "Purpose",
    "RateUnit",
    "Recurrence",
    "SocCap",
]


class Purpose(StrEnum):
    """What a profile is for, in the words of 2.x; ChargePointMaxProfile is the 1.6 station one."""

    EXTERNAL_CONSTRAINTS = "ChargingStationExternalConstraints"
    STATION_MAX = "ChargingStationMaxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"
    PRIORITY = "PriorityCharging"
    """2.1: instead of TxProfile and TxDefaultProfile, while it is asked for (K21, K22)."""
    LOCAL_GENERATION = "LocalGeneration"
    """2.1: capacity on top of what all others allow (K27)."""


class Kind(StrEnum):
    """What the times of a schedule count from."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"
    DYNAMIC = "Dynamic"
    """2.1: one period, from its last update on (K28)."""


class Recurrence(StrEnum):
    """How often a recurring schedule begins again."""

    DAILY = "Daily"
    WEEKLY = "Weekly"

    @property
    def every(self) -> timedelta:
        """The time between two beginnings, on the clock on the wall."""
        return timedelta(days=1 if self is Recurrence.DAILY else 7)


class RateUnit(StrEnum):
    """What rates are measured in: watts of all phases together, or amperes of each phase."""

    W = "W"
    A = "A"


class Mode(StrEnum):
    """How a period steers a vehicle (2.1, block Q)."""

    IDLE = "Idle"
    """No power in either direction (Q10)."""
    CHARGING_ONLY = "ChargingOnly"
    CENTRAL_SETPOINT = "CentralSetpoint"
    EXTERNAL_SETPOINT = "ExternalSetpoint"
    EXTERNAL_LIMITS = "ExternalLimits"
    CENTRAL_FREQUENCY = "CentralFrequency"
    LOCAL_FREQUENCY = "LocalFrequency"
    """The setpoint follows the frequency of the grid (Q08)."""
    LOCAL_LOAD_BALANCING = "LocalLoadBalancing"
    """The setpoint follows the load behind the same meter (Q09)."""

    @property
    def is_bidirectional(self) -> bool:
        """Whether a vehicle may give energy back."""
        return self not in {Mode.IDLE, Mode.CHARGING_ONLY}


Points = tuple[tuple[Decimal, Decimal], ...]
"""A curve: places and values, in the order of the places."""


class Period(Struct, frozen=True):
    """A rate that holds until the next period begins, or the schedule ends (K01.FR.12)."""

    start_s: int
    """Since the schedule began."""
    rate: Decimal | None
    """At most this, in the unit of the schedule; never negative. None: other modes say no limit."""
    phases: int | None = None
    """At most so many on alternating current; None: 3 (K01.FR.49)."""
    mode: Mode = Mode.CHARGING_ONLY
    discharge_rate: Decimal | None = None
    """Never below this; zero or negative, in the unit of the schedule."""
    setpoint: Decimal | None = None
    """To be followed; negative to give energy back. In the unit of the schedule."""
    baseline_w: Decimal | None = None
    """LocalFrequency: the setpoint at the nominal frequency."""
    frequency_curve: Points = ()
    """LocalFrequency: hertz, and watts on top of the baseline."""
    signal_curve: Points = ()
    """LocalFrequency: signals of aFRR, and watts on top of that."""


class SocCap(Struct, frozen=True):
    """From a state of charge on, a lower limit holds (K01.FR.100)."""

    soc_percent: int
    rate: Decimal
    """In the unit of the schedule."""


class ChargingSchedule(Struct, frozen=True, kw_only=True):
    """Periods, in order, the first one at 0 (K01.FR.31, K01.FR.35)."""

    rate_unit: RateUnit
    periods: tuple[Period, ...]
    start: datetime | None = None
    """Aware; None where it counts from the start of the transaction."""
    duration_s: int | None = None
    """None: the last period never ends, except that a recurring schedule begins again."""
    least_rate: Decimal | None = None
    """Below this rate charging is not efficient; in the unit of the schedule."""
    is_local: bool = False
    """Whether ``start`` is what the clock on the wall shows, whatever its zone (K01.FR.90)."""
    soc_cap: SocCap | None = None


class ChargingProfile(Struct, frozen=True, kw_only=True):
    """A schedule with its place among others. EVSEs are not its business."""

    id: int
    purpose: Purpose
    stack_level: int
    kind: Kind
    schedule: ChargingSchedule
    recurrence: Recurrence | None = None
    """Of a recurring profile."""
    valid_from: datetime | None = None
    """From this moment on (K01.FR.36)."""
    valid_to: datetime | None = None
    """Until just before this moment (K01.FR.37)."""
    transaction_id: str | None = None
    """Of a TxProfile."""
    updated_at: datetime | None = None
    """Dynamic: when its values came last (K28.FR.05, K28.FR.09)."""
    offline_s_max: int | None = None
    """Not valid while the station is offline for longer (K01.FR.101)."""
    ends_offline: bool = False
    """Whether it does not become valid again after that (K01.FR.102)."""

    def is_valid(self, at: datetime, offline_since: datetime | None = None) -> bool:
        """Whether it counts at a moment (K01.FR.10)."""
        lost_at = self.lost_at(offline_since)
        begun = self.valid_from is None or at >= self.valid_from
        there = lost_at is None or at <= lost_at
        return begun and there and (self.valid_to is None or at < self.valid_to)

    def lost_at(self, offline_since: datetime | None) -> datetime | None:
        """The last moment at which it is valid while offline; None: that does not matter to it."""
        if self.offline_s_max is None or offline_since is None:
            return None
        return offline_since + timedelta(seconds=self.offline_s_max)

    def may_meet(self, other: ChargingProfile) -> bool:
        """Whether there is a moment at which both are valid."""
        starts = [each for each in (self.valid_from, other.valid_from) if each is not None]
        ends = [each for each in (self.valid_to, other.valid_to) if each is not None]
        return not starts or not ends or max(starts) < min(ends)
