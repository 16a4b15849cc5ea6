"""Composite schedules worked out on paper."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chargeplane.domain.charging import (
    Ceiling,
    ChargingProfile,
    ChargingSchedule,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Recurrence,
    Situation,
    Supply,
    changes,
    composite,
    leading,
    limit_at,
)

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
HOUSE = Supply(Decimal(230), 3)
SPRING = datetime(2026, 3, 29, tzinfo=BERLIN)
AUTUMN = datetime(2026, 10, 25, tzinfo=BERLIN)
HOUR_S, DAY_S = 3_600, 86_400


def profile(*periods: tuple[float, float], **said: Any) -> ChargingProfile:
    """Watts by hour; an absolute TxDefaultProfile from Monday on unless more is said."""
    schedule = ChargingSchedule(
        rate_unit=said.pop("unit", RateUnit.W),
        periods=tuple(
            Period(round(hour * HOUR_S), Decimal(str(rate)), said.get("phases"))
            for hour, rate in periods
        ),
        start=said.pop("start", MONDAY),
        duration_s=said.pop("duration_s", None),
        least_rate=said.pop("least_rate", None),
        is_local=said.pop("is_local", False),
    )
    said.pop("phases", None)
    known: dict[str, Any] = {
        "id": 1,
        "purpose": Purpose.TX_DEFAULT,
        "stack_level": 0,
        "kind": Kind.ABSOLUTE,
    }
    return ChargingProfile(**(known | said), schedule=schedule)


def daily(*periods: tuple[float, float], **said: Any) -> ChargingProfile:
    return profile(*periods, kind=Kind.RECURRING, recurrence=Recurrence.DAILY, **said)


def hours(
    profiles: list[ChargingProfile],
    start: datetime,
    duration_h: float,
    situation: Situation = Situation(),  # noqa: B008 - it never changes
) -> list[tuple[float, float | None]]:
    """Watts by hour since ``start``."""
    steps = composite(profiles, start, round(duration_h * HOUR_S), situation)
    watts = [each.ceiling.in_w(HOUSE) for each in steps]
    return [
        (each.start_s / HOUR_S, None if power_w is None else float(power_w))
        for each, power_w in zip(steps, watts, strict=True)
    ]


def test_no_profile_is_no_limit() -> None:
    assert hours([], MONDAY, 24) == [(0, None)]


def test_peak_hours_every_day_except_sundays_and_a_holiday() -> None:
    peak = daily((0, 2_000), start=MONDAY - timedelta(hours=7), duration_s=3 * HOUR_S)
    sunday = profile(
        (0, 99_999),
        id=2,
        stack_level=1,
        kind=Kind.RECURRING,
        recurrence=Recurrence.WEEKLY,
        start=MONDAY - timedelta(days=1),
        duration_s=DAY_S,
    )
    holiday = profile(
        (0, 50_000), id=3, stack_level=2, start=MONDAY + timedelta(days=1), duration_s=DAY_S
    )
    found = hours([peak, sunday, holiday], MONDAY, 7 * 24)
    evenings = [(day * 24 + 17, 2_000) for day in (0, 2, 3, 4, 5)]
    after = [(day * 24 + 20, None) for day in (0, 2, 3, 4, 5)]
    others = [(0, None), (24, 50_000), (48, None), (144, 99_999)]
    assert found == sorted([*evenings, *after, *others])


def test_a_higher_level_without_an_end_never_gives_way() -> None:
    low, high = profile((0, 5_000)), profile((0, 9_000), id=2, stack_level=3)
    assert hours([low, high], MONDAY, 48) == [(0, 9_000)]


def test_the_ends_of_a_validity_are_from_the_first_second_until_before_the_last() -> None:
    one = profile((0, 5_000), valid_from=MONDAY + timedelta(hours=1))
    two = profile((0, 4_000), id=2, stack_level=1, valid_to=MONDAY + timedelta(hours=2))
    assert hours([one], MONDAY, 3) == [(0, None), (1, 5_000)]
    assert hours([two, one], MONDAY, 3) == [(0, 4_000), (2, 5_000)]


def test_the_station_limits_what_the_transaction_may_and_that_overrules_the_default() -> None:
    default = profile((0, 3_000))
    own = profile(
        (0, 11_000), (2, 6_000), id=2, purpose=Purpose.TX, kind=Kind.RELATIVE, start=None,
        duration_s=4 * HOUR_S,
    )  # fmt: skip
    station = profile((0, 9_000), (5, 2_000), id=3, purpose=Purpose.STATION_MAX)
    outside = profile((4.5, 0), id=4, purpose=Purpose.EXTERNAL_CONSTRAINTS, duration_s=99)
    situation = Situation(MONDAY + timedelta(hours=0.5))
    assert hours([default, own, station, outside], MONDAY, 6, situation) == [
        (0, 3_000),
        (0.5, 9_000),
        (2.5, 6_000),
        (4.5, 3_000),
        (5, 2_000),
    ]


def test_a_relative_profile_says_nothing_before_power_flows() -> None:
    relative = profile((0, 1_000), kind=Kind.RELATIVE, start=None)
    assert hours([relative], MONDAY, 1) == [(0, None)]
    assert leading([relative], MONDAY, Situation()) == {}


def test_a_period_that_begins_after_the_end_is_never_executed() -> None:
    cut = profile((0, 1_000), (2, 2_000), duration_s=2 * HOUR_S)
    assert hours([cut], MONDAY, 3) == [(0, 1_000), (2, None)]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (MONDAY.astimezone(BERLIN).replace(hour=0), [(0, 11_000), (8, 6_000), (20, 11_000)]),
        (SPRING, [(0, 11_000), (7, 6_000), (19, 11_000)]),
        (AUTUMN, [(0, 11_000), (9, 6_000), (21, 11_000)]),
    ],
)
def test_a_day_keeps_its_hours_on_the_wall(
    day: datetime, expected: list[tuple[float, float]]
) -> None:
    start = datetime(2020, 1, 1, tzinfo=BERLIN)
    days = daily((0, 11_000), (8, 6_000), (20, 11_000), start=start, duration_s=DAY_S)
    length_h = (day + timedelta(days=1)).timestamp() / HOUR_S - day.timestamp() / HOUR_S
    assert hours([days], day.astimezone(UTC), length_h, Situation(None, BERLIN)) == expected


def test_in_the_hour_that_comes_twice_the_periods_come_twice() -> None:
    nights = daily((0, 1_000), (2, 2_000), (2.5, 3_000), (3, 4_000), start=AUTUMN)
    found = hours([nights], AUTUMN.astimezone(UTC), 6, Situation(None, BERLIN))
    assert found == [
        (0, 1_000),
        (2, 2_000),
        (2.5, 3_000),
        (3, 2_000),
        (3.5, 3_000),
        (4, 4_000),
    ]


def test_in_the_hour_that_is_left_out_its_periods_are_left_out() -> None:
    nights = daily((0, 1_000), (2, 2_000), (2.5, 3_000), (3, 4_000), start=SPRING)
    found = hours([nights], SPRING.astimezone(UTC), 4, Situation(None, BERLIN))
    assert found == [(0, 1_000), (2, 4_000)]


def test_without_a_zone_a_day_has_24_hours() -> None:
    days = daily((0, 1_000), (12, 2_000), start=datetime(2026, 3, 28, 23, tzinfo=UTC))
    assert hours([days], SPRING.astimezone(UTC), 36) == [(0, 1_000), (12, 2_000), (24, 1_000)]


def test_an_absolute_schedule_counts_real_seconds_unless_it_is_local() -> None:
    real = profile((0, 1_000), (4, 2_000), start=SPRING.astimezone(UTC))
    wall = profile((0, 1_000), (4, 2_000), start=SPRING, is_local=True)
    assert hours([real], SPRING.astimezone(UTC), 6, Situation(None, BERLIN))[1] == (4, 2_000)
    assert hours([wall], SPRING.astimezone(UTC), 6, Situation(None, BERLIN))[1] == (3, 2_000)


def test_watts_and_amperes_meet_in_what_both_allow() -> None:
    watts = profile((0, 6_900))
    amperes = profile((0, 16), id=2, unit=RateUnit.A, phases=1, purpose=Purpose.TX_DEFAULT)
    station = profile((0, 12), id=3, unit=RateUnit.A, purpose=Purpose.STATION_MAX)
    both = limit_at([watts, station], MONDAY, Situation())
    assert both.in_w(HOUSE) == 6_900
    assert both.in_a(HOUSE) == 10
    one = limit_at([amperes, station], MONDAY, Situation())
    assert one.in_w(HOUSE) == 12 * 230
    assert one.in_a(HOUSE) == 12
    assert one.lines(HOUSE) == 1


def test_a_current_out_of_watts_is_rounded_down_and_one_out_of_amperes_is_not() -> None:
    assert Ceiling(power_w=Decimal(4_139)).in_a(HOUSE) == Decimal("5.9")
    assert Ceiling(power_w=Decimal(11_000)).in_a(HOUSE) == Decimal("15.9")
    assert Ceiling(current_a=Decimal("15.95")).in_a(HOUSE) == Decimal("15.95")
    assert Ceiling(current_a=Decimal("0.1")).in_w(HOUSE) == Decimal("69.0")


def test_direct_current_counts_one_conductor() -> None:
    battery = Supply(Decimal(400), 0)
    assert Ceiling(current_a=Decimal(100), phases=3).in_w(battery) == 40_000
    assert Ceiling(power_w=Decimal(40_000)).in_a(battery) == 100


def test_a_single_phase_evse_gets_all_watts_on_its_phase() -> None:
    single = Supply(Decimal(230), 1)
    assert Ceiling(power_w=Decimal(6_900), phases=3).in_a(single) == 30


def test_the_least_rate_of_a_leading_profile_tells_when_to_pause() -> None:
    good = profile((0, 5_000), (1, 4_000), least_rate=Decimal(4_500))
    ceilings = [limit_at([good], MONDAY + timedelta(hours=h), Situation()) for h in (0, 1)]
    assert [each.is_too_low(HOUSE) for each in ceilings] == [False, True]
    amperes = profile((0, 7), unit=RateUnit.A, least_rate=Decimal(8))
    assert limit_at([amperes], MONDAY, Situation()).is_too_low(HOUSE)
    assert not Ceiling().is_too_low(HOUSE)


def test_changes_are_told_without_the_ends() -> None:
    steps = profile((0, 1), (1, 2), (2, 3))
    found = changes([steps], MONDAY, MONDAY + timedelta(hours=2), Situation())
    assert found == [MONDAY + timedelta(hours=1)]
    assert changes([], MONDAY, MONDAY + timedelta(days=400), Situation(None, BERLIN)) == []


def test_a_change_between_two_seconds_counts_from_the_second_one_on() -> None:
    late = profile((0, 1_000), start=MONDAY + timedelta(seconds=10, microseconds=1))
    steps = composite([late], MONDAY, 60, Situation())
    assert [each.start_s for each in steps] == [0, 11]


def test_two_profiles_meet_if_a_moment_belongs_to_both() -> None:
    early = profile((0, 1), valid_to=MONDAY)
    late = profile((0, 1), valid_from=MONDAY)
    assert not early.may_meet(late)
    assert not late.may_meet(early)
    assert early.may_meet(profile((0, 1)))
    assert late.may_meet(profile((0, 1), valid_to=MONDAY + timedelta.resolution))
