"""The drivers of a day: when they come, what they drive, what they do. All from one seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from chargeplane.station.vehicle import Ev

__all__ = [
    "DEPOT",
    "PATTERNS",
    "PUBLIC",
    "WORKPLACE",
    "Day",
    "Deed",
    "Pass",
    "Plug",
    "Present",
    "Unplug",
    "Visit",
    "deeds",
    "visits",
]

_HOUR_S = 3600.0
# Capacity in Wh, power in W, phases.
_CARS = ((40_000.0, 7_400.0, 1), (58_000.0, 11_000.0, 3), (77_000.0, 22_000.0, 3))
_VANS = ((68_000.0, 11_000.0, 3), (89_000.0, 11_000.0, 3), (113_000.0, 22_000.0, 3))


@dataclass(frozen=True, slots=True)
class Day:
    """How busy one EVSE is: arrivals in each hour of a day, and how long a driver stays."""

    arrivals_per_hour: tuple[float, ...]
    """24 numbers."""
    stay_s_mean: float = 5_400.0
    stay_s_min: float = 600.0
    begins_hour: float = 8.0
    """When a fleet that lives this day begins, 0 to 24."""
    first_s_max: float = 60.0
    """Each EVSE sees its first driver within this time, so that there is something to see."""
    vehicles: tuple[tuple[float, float, int], ...] = _CARS

    def __post_init__(self) -> None:
        if len(self.arrivals_per_hour) != 24 or max(self.arrivals_per_hour) <= 0:
            raise ValueError("a day has 24 hours, and at least one driver")
        if self.stay_s_mean <= self.stay_s_min:
            raise ValueError("the mean of all stays is longer than the shortest")


_MORNING = (0.05, 0.03, 0.02, 0.02, 0.03, 0.1, 0.3, 0.6, 0.8, 0.8, 0.7, 0.7)
_AFTERNOON = (0.8, 0.8, 0.7, 0.7, 0.8, 1.0, 1.0, 0.8, 0.6, 0.4, 0.2, 0.1)
PUBLIC: Final = Day((*_MORNING, *_AFTERNOON))
"""A public place: quiet at night, busiest in the late afternoon."""

WORKPLACE: Final = Day(
    (0.0,) * 6 + (0.1, 2.0, 2.0, 0.3) + (0.05,) * 6 + (0.0,) * 8,
    stay_s_mean=8.5 * _HOUR_S,
    stay_s_min=6 * _HOUR_S,
    begins_hour=7.0,
    first_s_max=2 * _HOUR_S,
)
"""A place of work: nearly all come between seven and nine, and stay until they go home."""

DEPOT: Final = Day(
    (0.0,) * 15 + (0.3, 1.0, 2.0, 2.0, 1.5, 0.8, 0.3) + (0.0,) * 2,
    stay_s_mean=11 * _HOUR_S,
    stay_s_min=9 * _HOUR_S,
    begins_hour=17.0,
    first_s_max=3 * _HOUR_S,
    vehicles=_VANS,
)
"""A depot of delivery vans: they come back in the evening, and stand all night."""

PATTERNS: Final[Mapping[str, Day]] = {"public": PUBLIC, "workplace": WORKPLACE, "depot": DEPOT}
"""All days, by name."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One driver at one EVSE. All times in whole seconds of the drivers' life."""

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
    rng: Random, tokens: Sequence[str], day: Day = PUBLIC, *, hour: float | None = None
) -> Iterator[Visit]:
    """The visits to one EVSE, without end.

    Args:
        rng: all chance.
        tokens: of the drivers; one is drawn for each visit.
        day: how busy it is.
        hour: of the day at which it begins, 0 to 24; None: when the day says.
    """
    at_s = (day.begins_hour if hour is None else hour) * _HOUR_S
    while True:
        waited_s = round(_gap_s(rng, day, at_s))
        capacity_wh, power_w, phases = rng.choice(day.vehicles)
        over_s = rng.expovariate(1 / (day.stay_s_mean - day.stay_s_min))
        stay_s = round(day.stay_s_min + over_s)
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
            pause_s=round(rng.uniform(5, 30)),
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


@dataclass(frozen=True, slots=True)
class Pass:
    """Let so much of the driver's life pass."""

    duration_s: float


@dataclass(frozen=True, slots=True)
class Plug:
    """Connect the vehicle."""

    ev: Ev


@dataclass(frozen=True, slots=True)
class Present:
    """Hold a token to the reader."""

    token: str


@dataclass(frozen=True, slots=True)
class Unplug:
    """Pull the cable."""


Deed = Pass | Plug | Present | Unplug


def deeds(visit: Visit, may_charge: Callable[[], bool]) -> Iterator[Deed]:
    """What a driver does, one after the other, however time passes.

    Args:
        visit: when, with what, how long.
        may_charge: asked when there was time to decide, whether the token is accepted.
    """
    first, second = Plug(visit.ev), Present(visit.token)
    yield Pass(visit.after_s)
    yield second if visit.tap_first else first
    yield Pass(visit.pause_s)
    yield first if visit.tap_first else second
    yield Pass(visit.pause_s)
    stays = may_charge()  # or the token was refused, perhaps later
    yield Pass(visit.stay_s if stays else visit.pause_s)
    if visit.stops_by_token and may_charge():
        yield Present(visit.token)
        yield Pass(visit.pause_s)
    yield Unplug()
