"""What the rules say, second by second and word for word: slow, and too simple to be wrong.

It shares nothing with the code under test but the values. For each second it asks every profile
what it says, keeps one for each purpose, and takes the lowest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from chargeplane.domain.charging import ChargingProfile, Kind, Purpose, RateUnit, Supply

Rule = tuple[str, Fraction, int]
"""Unit, rate and phases of one period."""


def seconds(
    profiles: Sequence[ChargingProfile],
    start: datetime,
    duration_s: int,
    every_s: int,
    started_at: datetime | None,
    zone: ZoneInfo,
) -> Iterator[list[Rule]]:
    """The rules that hold at each second asked for; the lowest of them counts."""
    for second in range(0, duration_s, every_s):
        yield rules_at(profiles, start + timedelta(seconds=second), started_at, zone)


def rules_at(
    profiles: Sequence[ChargingProfile],
    now: datetime,
    started_at: datetime | None,
    zone: ZoneInfo,
) -> list[Rule]:
    rules: dict[Purpose, Rule] = {}
    for purpose in Purpose:
        mine = [each for each in profiles if each.purpose is purpose]
        for level in range(10, -1, -1):
            said = [
                rule_of(each, now, started_at, zone) for each in mine if each.stack_level == level
            ]
            said = [each for each in said if each is not None]
            if said and purpose not in rules:
                assert said[0] is not None
                rules[purpose] = said[0]
    if Purpose.TX in rules and Purpose.TX_DEFAULT in rules:
        del rules[Purpose.TX_DEFAULT]
    return list(rules.values())


def rule_of(
    profile: ChargingProfile, now: datetime, started_at: datetime | None, zone: ZoneInfo
) -> Rule | None:
    if profile.valid_from is not None and now < profile.valid_from:
        return None
    if profile.valid_to is not None and not now < profile.valid_to:
        return None
    second = second_of_schedule(profile, now, started_at, zone)
    if second is None or second < 0:
        return None
    schedule = profile.schedule
    if schedule.duration_s is not None and second >= schedule.duration_s:
        return None
    rule: Rule | None = None
    for period in schedule.periods:
        if period.start_s <= second:
            rule = (schedule.rate_unit.value, Fraction(period.rate), period.phases or 3)
    return rule


def second_of_schedule(
    profile: ChargingProfile, now: datetime, started_at: datetime | None, zone: ZoneInfo
) -> float | None:
    start, on_wall = profile.schedule.start, now.astimezone(zone).replace(tzinfo=None)
    if profile.kind is Kind.RELATIVE:
        return None if started_at is None else (now - started_at).total_seconds()
    assert start is not None
    if profile.schedule.is_local:
        begun = start.replace(tzinfo=None)
    elif profile.kind is Kind.RECURRING:
        begun = start.astimezone(zone).replace(tzinfo=None)
    else:
        return (now - start).total_seconds()
    if profile.kind is Kind.RECURRING:
        days = 1 if profile.recurrence == "Daily" else 7
        while begun + timedelta(days=days) <= on_wall:
            begun += timedelta(days=days)
    return (on_wall - begun).total_seconds()


def watts(rules: Sequence[Rule], supply: Supply) -> Fraction | None:
    """The power that all rules allow together."""
    lines, volts = lines_of(rules, supply), Fraction(supply.voltage_v)
    return min(
        (rate if unit == "W" else rate * volts * lines for unit, rate, _ in rules), default=None
    )


def amperes(rules: Sequence[Rule], supply: Supply) -> Fraction | None:
    """The current of each phase that all rules allow; watts are rounded down to 0.1 A."""
    lines, volts = lines_of(rules, supply), Fraction(supply.voltage_v)
    from_a = [rate for unit, rate, _ in rules if unit == RateUnit.A.value]
    from_w = [rate / volts / lines for unit, rate, _ in rules if unit == RateUnit.W.value]
    if from_w and (not from_a or min(from_w) < min(from_a)):
        return Fraction(int(min(from_w) * 10), 10)
    return min(from_a, default=None)


def lines_of(rules: Sequence[Rule], supply: Supply) -> int:
    if supply.phases == 0:
        return 1
    return min([supply.phases, *(phases for _, _, phases in rules)])
