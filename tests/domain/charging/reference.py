"""What the rules say, second by second and word for word: slow, and too simple to be wrong.

It shares nothing with the code under test but the values. For each second it asks every profile
what it says, keeps one for each purpose, and takes the lowest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from chargeplane.domain.charging import (
    ChargingProfile,
    Kind,
    Mode,
    Period,
    Purpose,
    RateUnit,
    Situation,
    Supply,
)


class Rule(NamedTuple):
    """What one profile says at a moment."""

    unit: str
    rate: Fraction | None
    phases: int
    floor: Fraction | None
    setpoint: Fraction | None
    is_extra: bool


def seconds(
    profiles: Sequence[ChargingProfile],
    start: datetime,
    duration_s: int,
    every_s: int,
    situation: Situation,
) -> Iterator[list[Rule]]:
    """The rules that hold at each second asked for; the lowest of them counts."""
    for second in range(0, duration_s, every_s):
        yield rules_at(profiles, start + timedelta(seconds=second), situation)


def rules_at(
    profiles: Sequence[ChargingProfile], now: datetime, situation: Situation
) -> list[Rule]:
    rules: dict[Purpose, Rule] = {}
    for purpose in Purpose:
        mine = [each for each in profiles if each.purpose is purpose]
        for level in range(10, -1, -1):
            said = [rule_of(each, now, situation) for each in mine if each.stack_level == level]
            said = [each for each in said if each is not None]
            if said and purpose not in rules:
                assert said[0] is not None
                rules[purpose] = said[0]
    if not situation.has_priority and Purpose.PRIORITY in rules:
        del rules[Purpose.PRIORITY]
    of_transaction = [Purpose.PRIORITY, Purpose.TX, Purpose.TX_DEFAULT]
    for weaker in [each for each in of_transaction if each in rules][1:]:
        del rules[weaker]
    own = [each for each in (Purpose.TX, Purpose.TX_DEFAULT) if each in rules]
    site = rules.get(Purpose.EXTERNAL_CONSTRAINTS)
    if site is not None and own and None not in (site.setpoint, rules[own[0]].setpoint):
        loser = Purpose.EXTERNAL_CONSTRAINTS if situation.csms_setpoint_leads else own[0]
        rules[loser] = rules[loser]._replace(setpoint=None)
    return list(rules.values())


def rule_of(profile: ChargingProfile, now: datetime, situation: Situation) -> Rule | None:
    if profile.valid_from is not None and now < profile.valid_from:
        return None
    if profile.valid_to is not None and not now < profile.valid_to:
        return None
    lost, most_s = situation.offline_since, profile.offline_s_max
    if lost is not None and most_s is not None and (now - lost).total_seconds() > most_s:
        return None
    second = second_of_schedule(profile, now, situation)
    if second is None or second < 0:
        return None
    schedule = profile.schedule
    if schedule.duration_s is not None and second >= schedule.duration_s:
        return None
    rule: Rule | None = None
    for period in schedule.periods:
        if period.start_s <= second:
            rule = rule_of_period(profile, period, situation)
    return rule


def rule_of_period(profile: ChargingProfile, period: Period, situation: Situation) -> Rule:
    rate, floor, point = map(exact, (period.rate, period.discharge_rate, period.setpoint))
    if period.mode == Mode.IDLE:
        rate, floor, point = Fraction(0), Fraction(0), None
    if period.mode == Mode.LOCAL_FREQUENCY:
        point = Fraction(period.baseline_w or 0)
        point += on_curve(period.frequency_curve, Fraction(situation.frequency_hz))
        if situation.signal is not None:
            point += on_curve(period.signal_curve, Fraction(situation.signal))
    if period.mode == Mode.LOCAL_LOAD_BALANCING:
        load, rule = Fraction(situation.load_w or 0), situation.balancing
        point = Fraction(0)
        if situation.load_w is not None and rule is not None:
            if load > rule.upper_w:
                point = Fraction(rule.upper_w) + Fraction(rule.upper_offset_w) - load
            if load < rule.lower_w:
                point = Fraction(rule.lower_w) + Fraction(rule.lower_offset_w) - load
    cap, soc = profile.schedule.soc_cap, situation.soc_percent
    if cap is not None and soc is not None and soc >= cap.soc_percent:
        rate = Fraction(cap.rate) if rate is None or cap.rate < rate else rate
        point = Fraction(cap.rate) if point is not None and cap.rate < point else point
    unit, extra = profile.schedule.rate_unit.value, profile.purpose == Purpose.LOCAL_GENERATION
    return Rule(unit, rate, period.phases or 3, floor, point, extra)


def exact(value: Any) -> Fraction | None:
    return None if value is None else Fraction(value)


def on_curve(points: Sequence[tuple[Any, Any]], place: Fraction) -> Fraction:
    """By the straight line between the neighbours."""
    if not points:
        return Fraction(0)
    rows = [(Fraction(x), Fraction(y)) for x, y in points]
    before = [each for each in rows if each[0] <= place]
    after = [each for each in rows if each[0] >= place]
    if not before or not after:
        return after[0][1] if not before else before[-1][1]
    (x1, y1), (x2, y2) = before[-1], after[0]
    return y1 if x1 == x2 else y1 + (place - x1) * (y2 - y1) / (x2 - x1)


def second_of_schedule(
    profile: ChargingProfile, now: datetime, situation: Situation
) -> float | None:
    zone = situation.zone
    start, on_wall = profile.schedule.start, now.astimezone(zone).replace(tzinfo=None)
    if profile.kind is Kind.RELATIVE:
        began = situation.started_at
        return None if began is None else (now - began).total_seconds()
    if profile.kind is Kind.DYNAMIC:
        assert profile.updated_at is not None
        return (now - profile.updated_at).total_seconds()
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
    limits = [
        rate if unit == "W" else rate * volts * lines
        for unit, rate, _, _, _, extra in rules
        if rate is not None and not extra
    ]
    more = [
        rate if unit == "W" else rate * volts * lines
        for unit, rate, _, _, _, extra in rules
        if rate is not None and extra
    ]
    return min(limits) + sum(more) if limits else None


def amperes(rules: Sequence[Rule], supply: Supply) -> Fraction | None:
    """The current of each phase that all rules allow; watts are rounded down to 0.1 A."""
    lines, volts = lines_of(rules, supply), Fraction(supply.voltage_v)
    own = [each for each in rules if not each.is_extra and each.rate is not None]
    more = [each for each in rules if each.is_extra and each.rate]
    from_a = [each.rate for each in own if each.rate is not None and each.unit == "A"]
    from_w = [
        each.rate / volts / lines for each in own if each.rate is not None and each.unit == "W"
    ]
    lowest = min([*from_a, *from_w], default=None)
    if lowest is None:
        return None
    is_exact = from_a and lowest == min(from_a)
    for each in more:
        assert each.rate is not None
        is_exact = is_exact and each.unit == RateUnit.A.value
        lowest += each.rate if each.unit == RateUnit.A.value else each.rate / volts / lines
    return lowest if is_exact else Fraction(int(lowest * 10), 10)


def setpoint(rules: Sequence[Rule], supply: Supply) -> Fraction | None:
    """The power to follow: the lowest that is asked for, not below any floor, never above."""
    factor = Fraction(supply.voltage_v) * lines_of(rules, supply)
    points = [
        each.setpoint * (1 if each.unit == "W" else factor)
        for each in rules
        if each.setpoint is not None and not each.is_extra
    ]
    floors = [
        each.floor * (1 if each.unit == "W" else factor)
        for each in rules
        if each.floor is not None and not each.is_extra
    ]
    if not points:
        return None
    wanted, most = max([min(points), *floors]), watts(rules, supply)
    return wanted if most is None else min(wanted, most)


def lines_of(rules: Sequence[Rule], supply: Supply) -> int:
    if supply.phases == 0:
        return 1
    return min([supply.phases, *(each.phases for each in rules if not each.is_extra)])
