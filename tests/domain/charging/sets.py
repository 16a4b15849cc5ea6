"""Random sets of charging profiles, on a coarse grid of time so that they meet often."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from chargeplane.domain.charging import (
    Balancing,
    ChargingProfile,
    ChargingSchedule,
    Kind,
    Mode,
    Period,
    Points,
    Purpose,
    RateUnit,
    Recurrence,
    Situation,
    SocCap,
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
    situation: Situation
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
    situation = Situation(
        started_at=near() + fraction / 2 if rng.random() < 0.8 else None,
        zone=zone,
        has_priority=rng.random() < 0.5,
        offline_since=near() + fraction if rng.random() < 0.5 else None,
        soc_percent=rng.choice((None, Decimal(50), Decimal(80), Decimal("80.5"))),
        frequency_hz=Decimal(rng.choice((4700, 4990, 5000, 5003, 5030))) / 100,
        signal=rng.choice((None, -3, 0, 5)),
        load_w=rng.choice((None, Decimal(-7_000), Decimal(2_000), Decimal("12345.6"))),
        balancing=rng.choice((None, Balancing(Decimal(10_000), Decimal(-500), Decimal(100)))),
        csms_setpoint_leads=rng.random() < 0.5,
    )
    return Set(profiles, start, grid_s * STEPS, situation, rng.choice(SUPPLIES))


def _profile(
    rng: Random, grid_s: int, number: int, near: Callable[..., datetime]
) -> ChargingProfile:
    kind = rng.choice(list(Kind))
    start = None if kind in {Kind.RELATIVE, Kind.DYNAMIC} else near()
    if kind is Kind.RECURRING and start is not None:
        start -= timedelta(days=rng.choice((0, 1, 3, 8)))
    starts = sorted(rng.sample(range(1, STEPS + 4), rng.randint(0, 3)))
    if kind is Kind.DYNAMIC:
        starts = []
    schedule = ChargingSchedule(
        rate_unit=rng.choice(list(RateUnit)),
        periods=tuple(_period(rng, each * grid_s) for each in (0, *starts)),
        start=start,
        duration_s=rng.choice((None, grid_s * rng.randint(1, STEPS))),
        is_local=rng.random() < 0.3,
        soc_cap=SocCap(80, _rate(rng)) if rng.random() < 0.15 else None,
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
        updated_at=near() if kind is Kind.DYNAMIC else None,
        offline_s_max=grid_s * rng.randint(0, STEPS) if rng.random() < 0.2 else None,
    )


CURVES: tuple[Points, ...] = (
    ((Decimal("49.8"), Decimal(-9_000)), (Decimal("50.2"), Decimal(11_000))),
    (
        (Decimal("49.9"), Decimal(-5_000)),
        (Decimal(50), Decimal(0)),
        (Decimal("50.04"), Decimal(0)),
        (Decimal("50.2"), Decimal(7_400)),
    ),
)


def _period(rng: Random, start_s: int) -> Period:
    phases = rng.choice((None, None, 1, 2, 3))
    mode = rng.choice(list(Mode)) if rng.random() < 0.4 else Mode.CHARGING_ONLY
    if mode is Mode.CHARGING_ONLY:
        return Period(start_s, _rate(rng), phases)
    return Period(
        start_s,
        _rate(rng) if rng.random() < 0.5 else None,
        phases,
        mode,
        -_rate(rng) if rng.random() < 0.5 else None,
        rng.choice((-1, 1)) * _rate(rng) if rng.random() < 0.8 else None,
        _rate(rng) if rng.random() < 0.8 else None,
        rng.choice(((), *CURVES)),
        rng.choice(((), ((Decimal(-4), Decimal(-100)), (Decimal(4), Decimal(300))))),
    )


def _rate(rng: Random) -> Decimal:
    return Decimal(rng.choice((0, 60, 64, 101, 160, 320, 36_800, 41_400, 110_000))) / 10
