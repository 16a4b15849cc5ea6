"""What a limit means: watts of all phases together, amperes of each, and how many phases."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple

from chargeplane.domain.charging.profiles import ChargingSchedule, Period, RateUnit

__all__ = ["NO_CEILING", "Ceiling", "Supply", "ceiling_of", "tenths"]

PHASES_DEFAULT = 3
_TENTH = Decimal("0.1")


class Supply(NamedTuple):
    """What an EVSE hangs on; the voltage is the nominal one, not a measured one (K01.FR.50)."""

    voltage_v: Decimal
    """Between phase and neutral; of the battery for direct current."""
    phases: int
    """0 for direct current."""


class Ceiling(NamedTuple):
    """What several limits allow together. None: no limit of that sort."""

    power_w: Decimal | None = None
    """Of all phases together."""
    current_a: Decimal | None = None
    """Of each phase."""
    phases: int | None = None
    least_power_w: Decimal | None = None
    """Below this charging is not efficient; of all phases together."""
    least_current_a: Decimal | None = None
    """The same, of each phase."""

    def with_(self, other: Ceiling) -> Ceiling:
        """Both hold."""
        return Ceiling(
            _lower(self.power_w, other.power_w),
            _lower(self.current_a, other.current_a),
            other.phases if self.phases is None else min(self.phases, other.phases or self.phases),
            _higher(self.least_power_w, other.least_power_w),
            _higher(self.least_current_a, other.least_current_a),
        )

    def lines(self, supply: Supply) -> int:
        """How many conductors carry the current; 1 for direct current."""
        if supply.phases == 0:
            return 1
        return min(supply.phases, self.phases or PHASES_DEFAULT)

    def in_w(self, supply: Supply) -> Decimal | None:
        """The power that it allows; None: any."""
        if self.current_a is None:
            return self.power_w
        return _lower(self.power_w, self.current_a * supply.voltage_v * self.lines(supply))

    def in_a(self, supply: Supply) -> Decimal | None:
        """The current of each phase that it allows; None: any. Watts are rounded down to 0.1 A."""
        if self.power_w is None:
            return self.current_a
        volts = supply.voltage_v * self.lines(supply)
        if self.current_a is not None and self.current_a * volts <= self.power_w:
            return self.current_a
        return tenths(self.power_w / volts)

    def is_too_low(self, supply: Supply) -> bool:
        """Whether less is allowed than is efficient."""
        allowed_w = self.in_w(supply)
        least = Ceiling(None, self.least_current_a, self.phases).in_w(supply)
        least_w = _higher(self.least_power_w, least)
        return allowed_w is not None and least_w is not None and allowed_w < least_w


NO_CEILING = Ceiling()


def ceiling_of(schedule: ChargingSchedule, period: Period) -> Ceiling:
    """What one period of a schedule allows."""
    phases = period.phases or PHASES_DEFAULT
    if schedule.rate_unit is RateUnit.W:
        return Ceiling(power_w=period.rate, phases=phases, least_power_w=schedule.least_rate)
    return Ceiling(current_a=period.rate, phases=phases, least_current_a=schedule.least_rate)


def tenths(value: Decimal) -> Decimal:
    """Rounded down to what the wire can say: one fractional digit, and never above the limit."""
    return value.quantize(_TENTH, ROUND_FLOOR)


def _lower(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return other if one is None else one if other is None else min(one, other)


def _higher(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return other if one is None else one if other is None else max(one, other)
