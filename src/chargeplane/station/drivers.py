"""The drivers of a day: when they come, what they drive, how long they stay. All from one seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from chargeplane.station.vehicle import Ev

__all__ = ["PUBLIC", "Day", "Visit", "visits"]

_HOUR_S = 3600.0
_VEHICLES = ((40_000.0, 7_400.0, 1), (58_000.0, 11_000.0, 3), (77_000.0, 22_000.0, 3))


@dataclass(frozen=True, slots=True)
class Day:
    """How busy one EVSE is: arrivals in each hour of a day, and how long a driver stays."""

    arrivals_per_hour: tuple[float, ...]
    """24 numbers."""
    stay_s_mean: float = 5_400.0
    stay_s_min: float = 600.0

    def __post_init__(self) -> None:
        if len(self.arrivals_per_hour) != 24 or max(self.arrivals_per_hour) <= 0:
            raise ValueError("a day has 24 hours, and at least one driver")


_MORNING = (0.05, 0.03, 0.02, 0.02, 0.03, 0.1, 0.3, 0.6, 0.8, 0.8, 0.7, 0.7)
_AFTERNOON = (0.8, 0.8, 0.7, 0.7, 0.8, 1.0, 1.0, 0.8, 0.6, 0.4, 0.2, 0.1)
PUBLIC = Day((*_MORNING, *_AFTERNOON))
"""A public place: quiet at night, busiest in the late afternoon."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One driver at one EVSE. All times in seconds of the drivers' life."""

    after_s: float
    """Since the one before left."""
    token: str
    ev: Ev
    tap_first: bool
    """Whether the token is presented before the cable is plugged."""
    pause_s: float
    """Between the two."""
    stay_s: float
    stops_by_token: bool
    """Whether the driver presents the token again, or just pulls the cable."""


def visits(
    rng: Random, tokens: Sequence[str], day: Day = PUBLIC, *, hour: float = 8.0
) -> Iterator[Visit]:
    """The visits to one EVSE, without end.

    Args:
        rng: all chance.
        tokens: of the drivers; one is drawn for each visit.
        day: how busy it is.
        hour: of the day at which it begins, 0 to 24.
    """
    at_s = hour * _HOUR_S
    while True:
        waited_s = _gap_s(rng, day, at_s)
        capacity_wh, power_w, phases = rng.choice(_VEHICLES)
        stay_s = max(rng.expovariate(1 / day.stay_s_mean), day.stay_s_min)
        yield Visit(
            after_s=waited_s,
            token=rng.choice(tokens),
            ev=Ev(
                capacity_wh=capacity_wh,
                soc=round(rng.uniform(0.1, 0.8), 3),
                power_w_max=power_w,
                phases=phases,
            ),
            tap_first=rng.random() < 0.3,
            pause_s=rng.uniform(5, 30),
            stay_s=stay_s,
            stops_by_token=rng.random() < 0.6,
        )
        at_s += waited_s + stay_s


def _gap_s(rng: Random, day: Day, at_s: float) -> float:
    """Until the next arrival: thinning of the busiest hour, so that rates may change on the way."""
    most = max(day.arrivals_per_hour)
    gap_s = 0.0
    while True:
        gap_s += rng.expovariate(most) * _HOUR_S
        rate = day.arrivals_per_hour[int((at_s + gap_s) / _HOUR_S) % 24]
        if rng.random() * most <= rate:
            return gap_s
