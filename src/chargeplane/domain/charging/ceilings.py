"""What a limit means: watts of all phases together, amperes of each, and how many phases."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple

from chargeplane.domain.charging.profiles import ChargingSchedule, Period, RateUnit

__all__ = ["NO_CEILING", "Ceiling", "Supply", "ceiling_of", "tenths"]

PHASES_DEFAULT = 3
_TENTH = Decimal("0.1")
_NONE = Decimal(0)


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
    floor_w: Decimal | None = None
    """Never less than this, which is negative where a vehicle may give energy back."""
    floor_a: Decimal | None = None
    setpoint_w: Decimal | None = None
    """To be followed, within the limits (2.1, block Q)."""
    setpoint_a: Decimal | None = None
    extra_w: Decimal = _NONE
    """Capacity of local generation, on top of the limits (K27)."""
    extra_a: Decimal = _NONE

    def with_(self, other: Ceiling) -> Ceiling:
        """Both hold: the lowest limit and setpoint, and the highest floor (K08.FR.04)."""
        return Ceiling(
            _lower(self.power_w, other.power_w),
            _lower(self.current_a, other.current_a),
            other.phases if self.phases is None else min(self.phases, other.phases or self.phases),
            _higher(self.least_power_w, other.least_power_w),
            _higher(self.least_current_a, other.least_current_a),
            _higher(self.floor_w, other.floor_w),
            _higher(self.floor_a, other.floor_a),
            _lower(self.setpoint_w, other.setpoint_w),
            _lower(self.setpoint_a, other.setpoint_a),
            self.extra_w + other.extra_w,
            self.extra_a + other.extra_a,
        )

    def lines(self, supply: Supply) -> int:
        """How many conductors carry the current; 1 for direct current."""
        if supply.phases == 0:
            return 1
        return min(supply.phases, self.phases or PHASES_DEFAULT)

    def in_w(self, supply: Supply) -> Decimal | None:
        """The power that it allows; None: any."""
        volts = self._volts(supply)
        lowest = _lower(self.power_w, _times(self.current_a, volts))
        return None if lowest is None else lowest + self.extra_w + self.extra_a * volts

    def in_a(self, supply: Supply) -> Decimal | None:
        """The current of each phase that it allows; None: any. Watts are rounded down to 0.1 A."""
        if self.power_w is None and not self.extra_w:
            return None if self.current_a is None else self.current_a + self.extra_a
        allowed_w = self.in_w(supply)
        if allowed_w is None:
            return None
        volts = self._volts(supply)
        amperes_lead = self.current_a is not None and (
            self.power_w is None or self.current_a * volts <= self.power_w
        )
        if amperes_lead and self.current_a is not None and not self.extra_w:
            return self.current_a + self.extra_a
        return tenths(allowed_w / volts)

    def floor_in_w(self, supply: Supply) -> Decimal | None:
        """The power below which it must not fall; None: nothing is said about that."""
        return _higher(self.floor_w, _times(self.floor_a, self._volts(supply)))

    def setpoint_in_w(self, supply: Supply) -> Decimal | None:
        """The power to follow, within limit and floor; None: as much as is allowed."""
        wanted_w = _lower(self.setpoint_w, _times(self.setpoint_a, self._volts(supply)))
        if wanted_w is None:
            return None
        kept_w = _higher(wanted_w, self.floor_in_w(supply))
        return _lower(kept_w, self.in_w(supply))

    def is_too_low(self, supply: Supply) -> bool:
        """Whether less is allowed than is efficient."""
        allowed_w = self.in_w(supply)
        least = Ceiling(None, self.least_current_a, self.phases).in_w(supply)
        least_w = _higher(self.least_power_w, least)
        return allowed_w is not None and least_w is not None and allowed_w < least_w

    def _volts(self, supply: Supply) -> Decimal:
        return supply.voltage_v * self.lines(supply)


NO_CEILING = Ceiling()


def ceiling_of(schedule: ChargingSchedule, period: Period) -> Ceiling:
    """What one period of a schedule allows."""
    phases = period.phases or PHASES_DEFAULT
    rate, floor, setpoint = period.rate, period.discharge_rate, period.setpoint
    if schedule.rate_unit is RateUnit.W:
        return Ceiling(
            power_w=rate,
            phases=phases,
            least_power_w=schedule.least_rate,
            floor_w=floor,
            setpoint_w=setpoint,
        )
    return Ceiling(
        current_a=rate,
        phases=phases,
        least_current_a=schedule.least_rate,
        floor_a=floor,
        setpoint_a=setpoint,
    )


def tenths(value: Decimal) -> Decimal:
    """Rounded down to what the wire can say: one fractional digit, and never above the limit."""
    return value.quantize(_TENTH, ROUND_FLOOR)


def _times(amperes: Decimal | None, volts: Decimal) -> Decimal | None:
    return None if amperes is None else amperes * volts


def _lower(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return other if one is None else one if other is None else min(one, other)


def _higher(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return other if one is None else one if other is None else max(one, other)
