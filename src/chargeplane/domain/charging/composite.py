"""What results from all profiles together: at a moment, and over time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from chargeplane.domain.charging.ceilings import NO_CEILING, Ceiling, ceiling_of
from chargeplane.domain.charging.profiles import ChargingProfile, Period, Purpose
from chargeplane.domain.charging.timeline import Situation, changes, period_at

__all__ = ["Step", "composite", "leading", "limit_at"]

_SECOND = timedelta(seconds=1)


class Step(NamedTuple):
    """A ceiling that holds until the next step."""

    start_s: int
    """Since the composite schedule began."""
    ceiling: Ceiling


def leading(
    profiles: Sequence[ChargingProfile], at: datetime, situation: Situation
) -> dict[Purpose, tuple[ChargingProfile, Period]]:
    """The profile that leads for each purpose, with its period; of equals the first one.

    A TxDefaultProfile does not lead while a TxProfile does.
    """
    found: dict[Purpose, tuple[ChargingProfile, Period]] = {}
    for profile in profiles:
        known = found.get(profile.purpose)
        if known is not None and known[0].stack_level >= profile.stack_level:
            continue
        period = period_at(profile, at, situation) if profile.is_valid(at) else None
        if period is not None:
            found[profile.purpose] = profile, period
    if Purpose.TX in found:
        found.pop(Purpose.TX_DEFAULT, None)
    return found


def limit_at(profiles: Sequence[ChargingProfile], at: datetime, situation: Situation) -> Ceiling:
    """What the profiles that apply to an EVSE allow it at a moment."""
    ceiling = NO_CEILING
    for profile, period in leading(profiles, at, situation).values():
        ceiling = ceiling.with_(ceiling_of(profile.schedule, period))
    return ceiling


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
