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
from itertools import pairwise
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

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
from chargeplane.domain.times import is_believed

__all__ = [
    "REGISTER_WH_MAX",
    "Point",
    "Reading",
    "Role",
    "boundary_wh",
    "interval_wh_of",
    "place_of",
    "points_in",
    "points_of",
    "power_w_of",
    "put_in_place",
    "read",
    "readings_of",
    "says_nothing",
]

# No register of energy shows more: a thousand million kilowatt-hours.
REGISTER_WH_MAX: Final = Decimal(10) ** 12
Reading = tuple[MeterValue, Decimal]
_PHASES: Final = ("L1", "L2", "L3")
_PHASES_TO_N: Final = ("L1-N", "L2-N", "L3-N")
_SAME_WH: Final = 1000
_ONE_WH: Final = Decimal(1)


class Role(IntEnum):
    """In the order of a session."""

    BEGIN = 0
    SAMPLE = 1
    END = 2


class Point(Struct, frozen=True, gc=False):
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


def readings_of(entry: LedgerEntry) -> list[Reading]:
    """The readable values of the one register, in Wh, in the order of the message."""
    return read(entry)[0]


def says_nothing(entry: LedgerEntry) -> bool:
    """True if a register is there that is none: -1 for "not known", or no number."""
    return read(entry)[1]


def _is_signature(value: MeterValue) -> bool:
    """Whether it is signed data alone, with no reading beside it (1.x)."""
    return value.signed_data is not None and value.value.is_nan()


def read(entry: LedgerEntry) -> tuple[list[Reading], bool]:
    """``readings_of`` and ``says_nothing`` together, which costs no more than one of them."""
    found = [
        (each, _wh(each))
        for each in entry.meter_values
        if each.measurand == ENERGY_REGISTER
        and (each.signed_data is None or not _is_signature(each))
    ]
    if not found:
        return [], False
    if len(found) == 1 and found[0][0].phase is None:  # nearly always
        value, value_wh = found[0]
        return ([], True) if value_wh is None else ([(value, value_wh)], False)
    readable = [(each, value_wh) for each, value_wh in found if value_wh is not None]
    unknown = len(readable) < len(found)
    places = {each.location for each, _ in found}
    place = OUTLET if OUTLET in places else min(places)
    mine = [each for each, _ in found if each.location == place]
    if any(each.phase is None for each in mine):
        whole = [each for each in readable if each[0].location == place and each[0].phase is None]
        return whole, unknown
    summed = ((each, _wh(each)) for each in _summed_phases(mine))
    return [(each, value_wh) for each, value_wh in summed if value_wh is not None], unknown


def power_w_of(entry: LedgerEntry) -> list[Decimal]:
    """The power that was measured, of all phases together."""
    powers = [each for each in entry.meter_values if each.measurand == POWER and each.phase is None]
    if not powers:  # nearly always: no second list
        return []
    found = [each.in_base_unit() for each in powers]
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
        points += points_in(message, role, readings_of(message.entry))
    put_in_place(points)
    if len({each.at for each in points}) == 1 and len(points) > 1:
        # A clock that stands still says nothing about how fast the meter has risen.
        points = [replace(each, timed=False) for each in points]
    return points


def place_of(point: Point) -> tuple[Role, datetime, tuple[int, datetime, str, str], Decimal]:
    """The place of a point among those of its session."""
    return point.role, point.at, point.message.by_number, point.value_wh


def put_in_place(points: list[Point]) -> None:
    """Sort the points. Nearly always their times say that they are sorted, and no key is needed."""
    if any(b.role < a.role or (b.role == a.role and b.at <= a.at) for a, b in pairwise(points)):
        points.sort(key=place_of)


def points_in(message: Message, role: Role, readings: list[Reading]) -> list[Point]:
    """The points of one message. At most one has the role; the others are samples."""
    if not readings:
        return []
    points: list[Point] = []
    boundary = None if role is Role.SAMPLE else _boundary(readings, role)
    for reading in readings:
        value, value_wh = reading
        point_role = role if reading is boundary else Role.SAMPLE
        if boundary is not None and point_role is Role.SAMPLE and _repeats(reading, boundary):
            continue
        at, timed = value.sampled_at, True
        if not is_believed(at, message.entry.received_at):
            at, timed = message.at if message.by_station else message.entry.received_at, False
        points.append(Point(value_wh, at, point_role, message, timed, *_grain(value)))
    return points


def _boundary(readings: list[Reading], role: Role) -> Reading:
    """The value with the context of the role, else the first of a start and the last of an end."""
    context = BEGIN if role is Role.BEGIN else END
    for reading in readings:
        if reading[0].context == context:
            return reading
    if role is Role.BEGIN:
        return min(readings, key=lambda each: each[0].sampled_at)
    return max(readings, key=lambda each: each[0].sampled_at)


def _repeats(reading: Reading, boundary: Reading) -> bool:
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
    if value.multiplier == 0 and (value.unit == "Wh" or value.unit.casefold() == "wh"):
        return _ONE_WH, True
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
