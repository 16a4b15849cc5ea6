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
    "Period",
    "Purpose",
    "RateUnit",
    "Recurrence",
]


class Purpose(StrEnum):
    """What a profile is for, in the words of 2.x; ChargePointMaxProfile is the 1.6 station one."""

    EXTERNAL_CONSTRAINTS = "ChargingStationExternalConstraints"
    STATION_MAX = "ChargingStationMaxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"


class Kind(StrEnum):
    """What the times of a schedule count from."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"


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


class Period(Struct, frozen=True):
    """A rate that holds until the next period begins, or the schedule ends (K01.FR.12)."""

    start_s: int
    """Since the schedule began."""
    rate: Decimal
    """At most this, in the unit of the schedule; never negative."""
    phases: int | None = None
    """At most so many on alternating current; None: 3 (K01.FR.49)."""


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

    def is_valid(self, at: datetime) -> bool:
        """Whether it counts at a moment (K01.FR.10)."""
        begun = self.valid_from is None or at >= self.valid_from
        return begun and (self.valid_to is None or at < self.valid_to)

    def may_meet(self, other: ChargingProfile) -> bool:
        """Whether there is a moment at which both are valid."""
        starts = [each for each in (self.valid_from, other.valid_from) if each is not None]
        ends = [each for each in (self.valid_to, other.valid_to) if each is not None]
        return not starts or not ends or max(starts) < min(ends)
