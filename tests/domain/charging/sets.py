"""Random sets of charging profiles, on a coarse grid of time so that they meet often."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from chargeplane.domain.charging import (
    ChargingProfile,
    ChargingSchedule,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Recurrence,
    Supply,
)

MOMENTS = (
    (ZoneInfo("UTC"), datetime(2026, 5, 3, 12, tzinfo=UTC)),
    (ZoneInfo("Europe/Berlin"), datetime(2026, 3, 29, 1, tzinfo=UTC)),
    (ZoneInfo("Europe/Berlin"), datetime(2026, 10, 25, 1, tzinfo=UTC)),
    (ZoneInfo("America/New_York"), datetime(2026, 11, 1, 6, tzinfo=UTC)),
    (ZoneInfo("Australia/Lord_Howe"), datetime(2026, 4, 4, 15, tzinfo=UTC)),
)
"""Zones, and a moment near which their clocks are changed."""
SUPPLIES = (
    Supply(Decimal(230), 3),
    Supply(Decimal(230), 1),
    Supply(Decimal("229.5"), 3),
    Supply(Decimal(400), 0),
)
STEPS = 12


class Set(NamedTuple):
    """Profiles, and the time over which to look at them."""

    profiles: list[ChargingProfile]
    start: datetime
    duration_s: int
    started_at: datetime | None
    zone: ZoneInfo
    supply: Supply


def random_set(rng: Random, grid_s: int, fraction_s: float = 0.0) -> Set:
    """Up to six profiles around a moment; all times are multiples of ``grid_s``.

    Args:
        rng: where chance comes from.
        grid_s: seconds between two moments at which anything may happen.
        fraction_s: how much later the window begins, and the transaction before it.
    """
    zone, moment = rng.choice(MOMENTS)
    fraction = timedelta(seconds=fraction_s)
    start = moment + timedelta(seconds=grid_s * rng.randint(-STEPS, STEPS)) + fraction

    def near(back: int = STEPS) -> datetime:
        return start - fraction + timedelta(seconds=grid_s * rng.randint(-back, STEPS))

    profiles = [_profile(rng, grid_s, number, near) for number in range(rng.randint(0, 6))]
    started_at = near() + fraction / 2 if rng.random() < 0.8 else None
    return Set(profiles, start, grid_s * STEPS, started_at, zone, rng.choice(SUPPLIES))


def _profile(
    rng: Random, grid_s: int, number: int, near: Callable[..., datetime]
) -> ChargingProfile:
    kind = rng.choice(list(Kind))
    start = None if kind is Kind.RELATIVE else near()
    if kind is Kind.RECURRING and start is not None:
        start -= timedelta(days=rng.choice((0, 1, 3, 8)))
    starts = sorted(rng.sample(range(1, STEPS + 4), rng.randint(0, 3)))
    schedule = ChargingSchedule(
        rate_unit=rng.choice(list(RateUnit)),
        periods=tuple(
            Period(each * grid_s, _rate(rng), rng.choice((None, None, 1, 2, 3)))
            for each in (0, *starts)
        ),
        start=start,
        duration_s=rng.choice((None, grid_s * rng.randint(1, STEPS))),
        is_local=rng.random() < 0.3,
    )
    return ChargingProfile(
        id=number,
        purpose=rng.choice(list(Purpose)),
        stack_level=rng.randint(0, 3),
        kind=kind,
        schedule=schedule,
        recurrence=rng.choice(list(Recurrence)) if kind is Kind.RECURRING else None,
        valid_from=near() if rng.random() < 0.25 else None,
        valid_to=near(2) if rng.random() < 0.25 else None,
    )


def _rate(rng: Random) -> Decimal:
    return Decimal(rng.choice((0, 60, 64, 101, 160, 320, 36_800, 41_400, 110_000))) / 10
