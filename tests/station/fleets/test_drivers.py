"""The days of drivers: when they come to which kind of place, and how long they stay."""

from __future__ import annotations

from itertools import islice
from random import Random

import pytest

from chargeplane.station.fleets.drivers import (
    DEPOT,
    PATTERNS,
    PUBLIC,
    WORKPLACE,
    Day,
    Visit,
    visits,
)

HOUR_S = 3600.0


def arrivals(day: Day, count: int = 300) -> list[tuple[float, Visit]]:
    """The hour of the day at which each driver comes, and the visit."""
    at_s, found = day.begins_hour * HOUR_S, []
    for visit in islice(visits(Random(1), ["A"], day), count):
        at_s += visit.after_s
        found.append((at_s / HOUR_S % 24, visit))
        at_s += visit.stay_s
    return found


def test_people_come_to_work_between_seven_and_nine_and_stay_for_hours() -> None:
    coming = arrivals(WORKPLACE)
    early = [hour for hour, _ in coming if 7 <= hour < 9]
    assert len(early) > 0.8 * len(coming)
    assert all(6 <= hour < 16 for hour, _ in coming)
    assert min(visit.stay_s for _, visit in coming) >= 6 * HOUR_S


def test_vans_come_to_the_depot_in_the_evening_and_stand_all_night() -> None:
    coming = arrivals(DEPOT)
    assert all(15 <= hour < 22 for hour, _ in coming)
    assert min(visit.stay_s for _, visit in coming) >= 9 * HOUR_S
    assert {visit.ev.capacity_wh for _, visit in coming} == {68_000.0, 89_000.0, 113_000.0}


def test_a_public_place_has_drivers_all_day_who_stay_for_as_long_as_the_day_says() -> None:
    stays_s = [visit.stay_s for _, visit in arrivals(PUBLIC, 2_000)]
    assert sum(stays_s) / len(stays_s) == pytest.approx(PUBLIC.stay_s_mean, rel=0.1)
    assert len({int(hour) for hour, _ in arrivals(PUBLIC)}) > 15


def test_every_pattern_has_a_name() -> None:
    assert list(PATTERNS) == ["public", "workplace", "depot"]


def test_a_mean_below_the_shortest_stay_is_refused() -> None:
    with pytest.raises(ValueError, match="mean"):
        Day((1.0,) * 24, stay_s_mean=60, stay_s_min=600)
