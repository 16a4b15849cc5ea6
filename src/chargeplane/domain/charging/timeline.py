"""When which period of a schedule holds, and when that may change."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import NamedTuple

from chargeplane.domain.charging.profiles import ChargingProfile, Kind, Period

__all__ = ["Balancing", "Situation", "changes", "period_at"]

_SECOND = timedelta(seconds=1)
_STRIDE = timedelta(hours=6)
"""No zone changes its offset twice in such a time."""


class Balancing(NamedTuple):
    """How LocalLoadBalancing steers (Q09.FR.04): the load is held between two thresholds."""

    upper_w: Decimal
    lower_w: Decimal
    upper_offset_w: Decimal = Decimal(0)
    lower_offset_w: Decimal = Decimal(0)


class Situation(NamedTuple):
    """What profiles are seen from."""

    started_at: datetime | None = None
    """What relative schedules count from: when power could flow (K01.FR.42); None: not yet."""
    zone: tzinfo = UTC
    """Whose clock on the wall recurring and local schedules follow."""
    has_priority: bool = False
    """Whether PriorityCharging is asked for (K21, K22)."""
    offline_since: datetime | None = None
    """None: there is a connection."""
    soc_percent: Decimal | None = None
    """State of charge of the vehicle; None: not known."""
    frequency_hz: Decimal = Decimal(50)
    signal: int | None = None
    """The last one of aFRR."""
    load_w: Decimal | None = None
    """What flows into the site beside this EVSE; None: no meter there."""
    balancing: Balancing | None = None
    csms_setpoint_leads: bool = False
    """Whether a setpoint of the central system overrules that of the site (Q06.FR.20)."""


class _Stretch(NamedTuple):
    """A time in which the clock on the wall runs evenly."""

    start: datetime
    end: datetime
    offset: timedelta


def period_at(profile: ChargingProfile, at: datetime, situation: Situation) -> Period | None:
    """The period that holds at a moment; None: the profile says nothing about it."""
    elapsed = _elapsed(profile, at, situation)
    if elapsed is None or elapsed < timedelta():
        return None
    schedule = profile.schedule
    if schedule.duration_s is not None and elapsed >= timedelta(seconds=schedule.duration_s):
        return None
    starts = schedule.periods
    place = bisect_right(starts, elapsed // _SECOND, key=lambda each: each.start_s)
    return starts[place - 1] if place else None


def changes(
    profiles: Sequence[ChargingProfile], start: datetime, end: datetime, situation: Situation
) -> list[datetime]:
    """The moments after ``start`` and before ``end`` at which another limit may begin.

    None is left out; at some of them the limit stays the same.
    """
    if not profiles:
        return []
    stretches = list(_stretches(situation.zone, start, end))
    found = {each.start for each in stretches}
    for profile in profiles:
        found.update(each for each in (profile.valid_from, profile.valid_to) if each is not None)
        lost_at = profile.lost_at(situation.offline_since)
        if lost_at is not None:
            found.add(lost_at + timedelta.resolution)
        found.update(_of_schedule(profile, start, end, situation, stretches))
    return sorted(each for each in found if start < each < end)


def _follows_wall(profile: ChargingProfile) -> bool:
    local = profile.schedule.is_local and profile.kind is Kind.ABSOLUTE
    return local or profile.kind is Kind.RECURRING


def _elapsed(profile: ChargingProfile, at: datetime, situation: Situation) -> timedelta | None:
    """How far the schedule is; negative if it has not begun."""
    if not _follows_wall(profile):
        origin = _origin(profile, situation)
        return None if origin is None else at - origin
    on_wall, began = _wall(at, situation.zone), _wall_start(profile, situation.zone)
    if began is None:
        return None
    elapsed = on_wall - began
    if profile.recurrence is None or elapsed < timedelta():
        return elapsed
    return elapsed % profile.recurrence.every


def _origin(profile: ChargingProfile, situation: Situation) -> datetime | None:
    match profile.kind:
        case Kind.RELATIVE:
            return situation.started_at
        case Kind.DYNAMIC:
            return profile.updated_at
    return profile.schedule.start


def _wall(at: datetime, zone: tzinfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _wall_start(profile: ChargingProfile, zone: tzinfo) -> datetime | None:
    start = profile.schedule.start
    if start is None or profile.schedule.is_local:
        return None if start is None else start.replace(tzinfo=None)
    return _wall(start, zone)


def _of_schedule(
    profile: ChargingProfile,
    start: datetime,
    end: datetime,
    situation: Situation,
    stretches: Sequence[_Stretch],
) -> Iterator[datetime]:
    marks = {timedelta(seconds=each.start_s) for each in profile.schedule.periods}
    if profile.schedule.duration_s is not None:
        marks.add(timedelta(seconds=profile.schedule.duration_s))
    if not _follows_wall(profile):
        origin = _origin(profile, situation)
        if origin is not None:
            yield from (origin + mark for mark in marks)
        return
    began = _wall_start(profile, situation.zone)
    if began is None:
        return
    for stretch in stretches:
        wall_start, wall_end = (_plain(each) + stretch.offset for each in stretch[:2])
        for turn in _turns(profile, began, wall_start, wall_end):
            yield from (_aware(turn + mark - stretch.offset) for mark in marks)


def _turns(
    profile: ChargingProfile, began: datetime, start: datetime, end: datetime
) -> Iterator[datetime]:
    """The beginnings on the wall whose schedule may reach into a stretch of it."""
    if profile.recurrence is None:
        yield began
        return
    every = profile.recurrence.every
    turn = began + max((start - began) // every, 0) * every
    while turn <= end:
        yield turn
        turn += every


def _stretches(zone: tzinfo, start: datetime, end: datetime) -> Iterator[_Stretch]:
    """The time between two moments, parted where the zone changes its offset."""
    began, at, offset = start, start, _offset(zone, start)
    while at < end:
        then = min(at + _STRIDE, end)
        if _offset(zone, then) != offset:
            then = _bend(zone, at, then)
            yield _Stretch(began, then, offset)
            began, offset = then, _offset(zone, then)
        at = then
    yield _Stretch(began, end, offset)


def _bend(zone: tzinfo, before: datetime, after: datetime) -> datetime:
    """The first second with another offset."""
    low = before.astimezone(UTC).replace(microsecond=0)
    first, span = _offset(zone, before), int((after - low) / _SECOND) + 1
    place = bisect_right(range(span), 0, key=lambda s: _offset(zone, low + s * _SECOND) != first)
    return min(low + place * _SECOND, after)


def _offset(zone: tzinfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _plain(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)


def _aware(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC)
