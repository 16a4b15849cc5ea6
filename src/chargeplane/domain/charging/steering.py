"""What a period asks for, seen from the vehicle and the grid (2.1, block Q; K01.FR.100)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec.structs import replace

from chargeplane.domain.charging.profiles import ChargingSchedule, Mode, Period, Points

if TYPE_CHECKING:
    from chargeplane.domain.charging.timeline import Situation

__all__ = ["interpolated", "seen"]

_NONE = Decimal(0)


def seen(schedule: ChargingSchedule, period: Period, situation: Situation) -> Period:
    """The period with the values that its mode and the state of charge give it.

    * Idle: nothing in either direction (Q10).
    * LocalFrequency: the baseline, and what the curves say of frequency and signal (Q08).
    * LocalLoadBalancing: what holds the load between the thresholds (Q09.FR.04, Q09.FR.05).
    * From ``soc_cap`` on its rate holds for limit and setpoint (K01.FR.100).
    """
    match period.mode:
        case Mode.CHARGING_ONLY:
            found = period
        case Mode.IDLE:
            found = replace(period, rate=_NONE, discharge_rate=_NONE, setpoint=None)
        case Mode.LOCAL_FREQUENCY:
            found = replace(period, setpoint=_by_frequency(period, situation))
        case Mode.LOCAL_LOAD_BALANCING:
            found = replace(period, setpoint=_by_load(situation))
        case _:
            found = period
    cap = schedule.soc_cap
    if cap is None or situation.soc_percent is None or situation.soc_percent < cap.soc_percent:
        return found
    setpoint = None if found.setpoint is None else min(found.setpoint, cap.rate)
    return replace(found, rate=min(_given((found.rate, cap.rate))), setpoint=setpoint)


def interpolated(points: Points, at: Decimal) -> Decimal:
    """The value of a curve at a place; flat before its first and after its last point."""
    if at <= points[0][0]:
        return points[0][1]
    for (x, y), (next_x, next_y) in pairwise(points):
        if at <= next_x:
            return next_y if next_x == x else y + (next_y - y) * (at - x) / (next_x - x)
    return points[-1][1]


def _by_frequency(period: Period, situation: Situation) -> Decimal:
    power_w = period.baseline_w or _NONE
    if period.frequency_curve:
        power_w += interpolated(period.frequency_curve, situation.frequency_hz)
    if period.signal_curve and situation.signal is not None:
        power_w += interpolated(period.signal_curve, Decimal(situation.signal))
    return power_w


def _by_load(situation: Situation) -> Decimal:
    load_w, rule = situation.load_w, situation.balancing
    if load_w is None or rule is None:
        return _NONE
    if load_w > rule.upper_w:
        return rule.upper_w + rule.upper_offset_w - load_w
    if load_w < rule.lower_w:
        return rule.lower_w + rule.lower_offset_w - load_w
    return _NONE


def _given(values: Iterable[Decimal | None]) -> list[Decimal]:
    return [each for each in values if each is not None]
