"""What results from all profiles together: at a moment, and over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from chargeplane.domain.charging.ceilings import NO_CEILING, Ceiling, ceiling_of
from chargeplane.domain.charging.profiles import (
    ChargingProfile,
    ChargingSchedule,
    Mode,
    Period,
    Purpose,
)
from chargeplane.domain.charging.steering import seen
from chargeplane.domain.charging.timeline import Situation, changes, period_at

__all__ = ["Step", "composite", "leading", "limit_at", "mode_at"]

_SECOND = timedelta(seconds=1)
_NONE = Decimal(0)


class Step(NamedTuple):
    """A ceiling that holds until the next step."""

    start_s: int
    """Since the composite schedule began."""
    ceiling: Ceiling


def leading(
    profiles: Sequence[ChargingProfile], at: datetime, situation: Situation
) -> dict[Purpose, tuple[ChargingProfile, Period]]:
    """The profile that leads for each purpose, with its period; of equals the first one.

    A TxDefaultProfile does not lead while a TxProfile does, and neither does while priority
    charging is on and has a profile (K21.FR.04).
    """
    found: dict[Purpose, tuple[ChargingProfile, Period]] = {}
    for profile in profiles:
        known = found.get(profile.purpose)
        if known is not None and known[0].stack_level >= profile.stack_level:
            continue
        if profile.purpose is Purpose.PRIORITY and not situation.has_priority:
            continue
        valid = profile.is_valid(at, situation.offline_since)
        period = period_at(profile, at, situation) if valid else None
        if period is not None:
            found[profile.purpose] = profile, period
    if Purpose.PRIORITY in found:
        found.pop(Purpose.TX, None)
    if Purpose.TX in found or Purpose.PRIORITY in found:
        found.pop(Purpose.TX_DEFAULT, None)
    return found


def limit_at(profiles: Sequence[ChargingProfile], at: datetime, situation: Situation) -> Ceiling:
    """What the profiles that apply to an EVSE allow it at a moment."""
    ceiling = NO_CEILING
    found = {
        purpose: (profile.schedule, seen(profile.schedule, period, situation))
        for purpose, (profile, period) in leading(profiles, at, situation).items()
    }
    weaker = _overruled(found, situation)
    for purpose, (schedule, period) in found.items():
        one = ceiling_of(schedule, period)
        if purpose in weaker:
            one = one._replace(setpoint_w=None, setpoint_a=None)
        if purpose is Purpose.LOCAL_GENERATION:
            one = Ceiling(extra_w=one.power_w or _NONE, extra_a=one.current_a or _NONE)
        ceiling = ceiling.with_(one)
    return ceiling


def _overruled(
    found: Mapping[Purpose, tuple[ChargingSchedule, Period]], situation: Situation
) -> frozenset[Purpose]:
    """The purposes whose setpoint does not count: of the site or of the transaction (Q06.FR.20)."""
    points = {purpose for purpose, (_, period) in found.items() if period.setpoint is not None}
    theirs, ours = (
        points & {Purpose.EXTERNAL_CONSTRAINTS},
        points & {Purpose.TX, Purpose.TX_DEFAULT},
    )
    if not theirs or not ours:
        return frozenset()
    return frozenset(theirs if situation.csms_setpoint_leads else ours)


def mode_at(profiles: Sequence[ChargingProfile], at: datetime, situation: Situation) -> Mode | None:
    """How the leading profile of a transaction steers the vehicle; None: none (K01.FR.110)."""
    found = leading(profiles, at, situation)
    for purpose in (Purpose.PRIORITY, Purpose.TX, Purpose.TX_DEFAULT):
        if purpose in found:
            return found[purpose][1].mode
    return None


def composite(
    profiles: Sequence[ChargingProfile], start: datetime, duration_s: int, situation: Situation
) -> list[Step]:
    """What they allow from ``start`` on for so long (1.6 section 5.7, K08.FR.02).

    Args:
        profiles: those that apply to the EVSE, each purpose in the order of precedence where two
            have the same stack level.
        start: the moment that steps count from.
        duration_s: how far it reaches; at least 1.
        situation: what relative and local schedules are seen from.

    Returns:
        At least one step, the first at 0, no two neighbours alike. A change between two full
        seconds counts from the second one on.
    """
    moments = changes(profiles, start, start + duration_s * _SECOND, situation)
    seconds = sorted({0, *(-((start - each) // _SECOND) for each in moments)})
    steps: list[Step] = []
    for second in seconds:
        if second >= duration_s:
            break
        ceiling = limit_at(profiles, start + second * _SECOND, situation)
        if not steps or steps[-1].ceiling != ceiling:
            steps.append(Step(second, ceiling))
    return steps
