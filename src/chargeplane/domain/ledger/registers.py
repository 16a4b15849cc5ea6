"""From the meter values of a session to the points of its energy register.

One register is read: active energy imported, at the outlet if the station measures at several
places, of all phases together. Each point knows its role: the value of the start, a sample, the
value of the end. Those of start and end are the billing values, and a station may take them from
another register than its samples (``measuring.py`` finds out).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from typing import Final, NamedTuple

from chargeplane.domain.ledger.entry import LedgerEntry
from chargeplane.domain.ledger.messages import Message
from chargeplane.domain.metering import (
    BEGIN,
    END,
    ENERGY_INTERVAL,
    ENERGY_REGISTER,
    OUTLET,
    POWER,
    MeterValue,
)
from chargeplane.domain.times import moment

__all__ = [
    "REGISTER_WH_MAX",
    "Point",
    "Role",
    "boundary_wh",
    "interval_wh_of",
    "points_of",
    "power_w_of",
    "readings_of",
    "says_nothing",
]

# No register of energy shows more: a thousand million kilowatt-hours.
REGISTER_WH_MAX: Final = Decimal(10) ** 12
_PHASES: Final = ("L1", "L2", "L3")
_PHASES_TO_N: Final = ("L1-N", "L2-N", "L3-N")
_SAME_WH: Final = 1000


class Role(IntEnum):
    """In the order of a session."""

    BEGIN = 0
    SAMPLE = 1
    END = 2


class Point(NamedTuple):
    """The register at one time. ``grain_wh`` is the value of its last digit.

    ``timed`` is false if the station's clock cannot be believed; ``in_wh`` if it was labelled Wh,
    which may be a mistake for kWh.
    """

    value_wh: Decimal
    at: datetime
    role: Role
    message: Message
    timed: bool
    grain_wh: Decimal
    in_wh: bool


def boundary_wh(entry: LedgerEntry, context: str) -> Decimal | None:
    """The register of a start or an end, if it says one."""
    for each in entry.meter_values:
        if each.measurand == ENERGY_REGISTER and each.context == context and each.phase is None:
            value_wh = _wh(each)
            if value_wh is not None:
                return value_wh
    return None


def readings_of(entry: LedgerEntry) -> list[tuple[MeterValue, Decimal]]:
    """The readable values of the one register, in Wh, in the order of the message."""
    mine = [each for each in entry.meter_values if each.measurand == ENERGY_REGISTER]
    if not mine:
        return []
    places = {each.location for each in mine}
    place = OUTLET if OUTLET in places else min(places)
    mine = [each for each in mine if each.location == place]
    whole = [each for each in mine if each.phase is None]
    if not whole:
        whole = list(_summed_phases(mine))
    readable = ((each, _wh(each)) for each in whole)
    return [(each, value_wh) for each, value_wh in readable if value_wh is not None]


def says_nothing(entry: LedgerEntry) -> bool:
    """True if a register is there that is none: -1 for "not known", or no number."""
    return any(
        each.measurand == ENERGY_REGISTER and _wh(each) is None for each in entry.meter_values
    )


def power_w_of(messages: list[Message]) -> list[Decimal]:
    """The power that was measured, of all phases together."""
    found = (
        each.in_base_unit()
        for message in messages
        for each in message.entry.meter_values
        if each.measurand == POWER and each.phase is None
    )
    return [each.value for each in found if each is not None and each.unit == "W"]


def interval_wh_of(messages: list[Message]) -> Decimal | None:
    """The sum of the energy of all intervals, for stations that send no register."""
    rows = {
        each.sampled_at: value_wh
        for message in messages
        for each in message.entry.meter_values
        if each.measurand == ENERGY_INTERVAL and each.phase is None
        if (value_wh := _wh(each)) is not None
    }
    return sum(rows.values(), Decimal(0)) if rows else None


def points_of(messages: list[Message], start: Message | None, end: Message | None) -> list[Point]:
    """All points of a session, the start first, then samples by the clock, the end last."""
    points: list[Point] = []
    for message in messages:
        role = Role.BEGIN if message is start else Role.END if message is end else Role.SAMPLE
        points += _points(message, role)
    points.sort(key=lambda each: (each.role, each.at, each.message.by_number, each.value_wh))
    if len({each.at for each in points}) == 1 and len(points) > 1:
        # A clock that stands still says nothing about how fast the meter has risen.
        points = [each._replace(timed=False) for each in points]
    return points


def _points(message: Message, role: Role) -> Iterator[Point]:
    """At most one point has the role of a start or an end; the others are samples."""
    readings = readings_of(message.entry)
    if not readings:
        return
    boundary = None if role is Role.SAMPLE else _boundary(readings, role)
    for reading in readings:
        value, value_wh = reading
        point_role = role if reading is boundary else Role.SAMPLE
        if boundary is not None and point_role is Role.SAMPLE and _repeats(reading, boundary):
            continue
        at, timed = moment(value.sampled_at, message.entry.received_at)
        if not timed and message.by_station:
            at = message.at
        yield Point(value_wh, at, point_role, message, timed, *_grain(value))


def _boundary(readings: list[tuple[MeterValue, Decimal]], role: Role) -> tuple[MeterValue, Decimal]:
    """The value with the context of the role, else the first of a start and the last of an end."""
    context = BEGIN if role is Role.BEGIN else END
    for reading in readings:
        if reading[0].context == context:
            return reading
    if role is Role.BEGIN:
        return min(readings, key=lambda each: each[0].sampled_at)
    return max(readings, key=lambda each: each[0].sampled_at)


def _repeats(reading: tuple[MeterValue, Decimal], boundary: tuple[MeterValue, Decimal]) -> bool:
    """The same reading once more, perhaps rounded to kWh."""
    return (
        reading[0].context == boundary[0].context
        and reading[0].sampled_at == boundary[0].sampled_at
        and abs(reading[1] - boundary[1]) <= _SAME_WH
    )


def _wh(value: MeterValue) -> Decimal | None:
    quantity = value.in_base_unit()
    if quantity is None or quantity.unit != "Wh" or not 0 <= quantity.value <= REGISTER_WH_MAX:
        return None
    return quantity.value


def _grain(value: MeterValue) -> tuple[Decimal, bool]:
    """What the last digit is worth, between 1 Wh and 1 kWh, and whether the label is Wh."""
    in_wh = value.unit.casefold() == "wh" and value.multiplier == 0
    if in_wh:
        return Decimal(1), True
    exponent = value.value.as_tuple().exponent
    exponent = (exponent if isinstance(exponent, int) else 0) + value.multiplier
    exponent += 3 if value.unit.casefold() == "kwh" else 0
    return Decimal(10) ** min(max(exponent, 0), 3), False


def _summed_phases(values: list[MeterValue]) -> Iterator[MeterValue]:
    """Three phases of one instant as one value. Fewer than three are no whole."""
    rows: dict[tuple[datetime, str, str, int], dict[str, MeterValue]] = {}
    for each in values:
        row = rows.setdefault((each.sampled_at, each.context, each.unit, each.multiplier), {})
        row.setdefault(each.phase or "", each)
    for row in rows.values():
        for names in (_PHASES, _PHASES_TO_N):
            if all(name in row and _wh(row[name]) is not None for name in names):
                first = row[names[0]]
                total = sum((row[name].value for name in names), Decimal(0))
                yield MeterValue(
                    sampled_at=first.sampled_at,
                    value=total,
                    unit=first.unit,
                    context=first.context,
                    location=first.location,
                    multiplier=first.multiplier,
                )
                break
