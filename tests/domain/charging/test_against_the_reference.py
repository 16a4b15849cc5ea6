"""The quick arithmetic of schedules against the slow one, on random sets of profiles."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest

from chargeplane.domain.charging import changes, composite, limit_at
from tests.domain.charging import reference
from tests.domain.charging.sets import Set, random_set
from tests.soak import cases

GRID_S = 900
SETS_OF_ONE_SEED = cases(2_500)


Values = tuple[Fraction | None, Fraction | None, Fraction | None]


def expand(case: Set, every_s: int) -> list[Values]:
    """Watts, amperes and setpoint of the composite schedule at each second asked for."""
    steps = composite(case.profiles, case.start, case.duration_s, case.situation)
    assert steps[0].start_s == 0
    assert all(a.ceiling != b.ceiling for a, b in pairwise(steps))
    found = []
    for second in range(0, case.duration_s, every_s):
        ceiling = [each.ceiling for each in steps if each.start_s <= second][-1]
        supply = case.supply
        said = ceiling.in_w(supply), ceiling.in_a(supply), ceiling.setpoint_in_w(supply)
        found.append(tuple(None if each is None else Fraction(each) for each in said))
    return found  # type: ignore[return-value]


def expected(case: Set, every_s: int) -> list[Values]:
    return [
        (
            reference.watts(rules, case.supply),
            reference.amperes(rules, case.supply),
            reference.setpoint(rules, case.supply),
        )
        for rules in reference.seconds(
            case.profiles, case.start, case.duration_s, every_s, case.situation
        )
    ]


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(8))
def test_a_composite_schedule_is_what_the_rules_say_at_every_step(seed: int) -> None:
    rng = Random(seed)
    for number in range(SETS_OF_ONE_SEED):
        case = random_set(rng, GRID_S)
        assert expand(case, GRID_S) == expected(case, GRID_S), (seed, number, case)


def test_a_composite_schedule_is_what_the_rules_say_at_every_second() -> None:
    rng = Random("seconds")
    for number in range(500):
        case = random_set(rng, rng.choice((1, 3, 7)), rng.choice((0.0, 0.25, 0.999999)))
        assert expand(case, 1) == expected(case, 1), (number, case)


def test_a_limit_changes_only_where_a_change_is_announced() -> None:
    rng = Random("changes")
    for _ in range(300):
        case = random_set(rng, 60)
        situation = case.situation
        moments = [case.start + timedelta(seconds=each) for each in range(0, case.duration_s, 20)]
        announced = changes(
            case.profiles, moments[0], moments[-1] + timedelta.resolution, situation
        )
        for before, after in pairwise(moments):
            limits = {limit_at(case.profiles, each, situation) for each in (before, after)}
            assert len(limits) == 1 or any(before < each <= after for each in announced)
