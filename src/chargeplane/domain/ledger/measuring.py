"""How much energy flowed: what the points of a register mean.

A register behaves if it never falls and never rises faster than a charger can deliver. If the
points as sent behave, they are taken as they are, and that is nearly always so. If they do not,
something is wrong with the station, and the rules below are asked in turn. Each makes one
assumption about what is wrong, and is believed if the points behave under it. The first one that
is believed wins, the mildest stand first, and the last one always has an answer: it adds what has
certainly flowed.

The answer is never negative, and nothing is left out without a finding.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from msgspec.structs import replace

from chargeplane.domain.ledger.registers import Point, Role
from chargeplane.domain.ledger.remarks import Finding, RemarkKind

__all__ = [
    "POWER_W_MAX",
    "UNTIMED_WH_MAX",
    "WIDTHS_WH",
    "Account",
    "account",
    "behaves",
    "by_power",
    "follows",
    "was_in_kwh",
]

# More than any charger delivers through one outlet.
POWER_W_MAX: Final = 1_000_000
# What may have flowed between two readings of the same second: clocks and meters are not in step.
INSTANT_WH_MAX: Final = Decimal(5_000)
# What one transaction may take when no clock tells how long it took.
UNTIMED_WH_MAX: Final = Decimal(2_000_000)
# Where registers begin again at zero: so many digits of kWh, or so many bits of Wh.
WIDTHS_WH: Final = tuple(sorted(map(Decimal, (10**8, 10**9, 10**10, 2**31, 2**32, 2**32 * 10))))
_KILO: Final = 1000
# Below this a register in kWh and one that counts from the start of the session look alike.
KILO_REGISTER_WH_MIN: Final = 100_000
KILO_POWER_W_MAX: Final = 400_000
# What power times time may be of the energy, so that the energy must have been in kWh.
_KILO_RATIOS: Final = (300, 3000)
_ZERO: Final = Decimal(0)


class Account(NamedTuple):
    """The energy, the first and last register value that it was worked out from, and why."""

    energy_wh: Decimal
    start_wh: Decimal
    stop_wh: Decimal
    used: list[Point]
    findings: list[Finding]


def account(points: list[Point]) -> Account:
    """What the points of one session add up to. There is at least one."""
    for rule in _RULES:
        if (found := rule(points)) is not None:
            return found
    return step_by_step(points)


def possible_wh(earlier: Point, later: Point) -> Decimal:
    """The most that can have flowed between two readings."""
    if not (earlier.timed and later.timed):
        return UNTIMED_WH_MAX
    elapsed_s = (later.at - earlier.at).total_seconds()
    if elapsed_s <= 0:
        arrived = later.message.entry.received_at - earlier.message.entry.received_at
        elapsed_s = max(arrived.total_seconds(), 0.0)
    return INSTANT_WH_MAX + int(elapsed_s * POWER_W_MAX) // 3600


def fell(earlier: Point, later: Point) -> bool:
    """True if the later value is lower, and not only because fewer digits were sent."""
    if later.value_wh >= earlier.value_wh:
        return False
    return later.value_wh + max(earlier.grain_wh, later.grain_wh) <= earlier.value_wh


def follows(earlier: Point, later: Point) -> bool:
    """True if a register can show one value after the other: no fall, and no rise too fast."""
    rise_wh = later.value_wh - earlier.value_wh
    if rise_wh < 0 and fell(earlier, later):
        return False
    return rise_wh <= INSTANT_WH_MAX or rise_wh <= possible_wh(earlier, later)


def behaves(points: list[Point]) -> bool:
    """True if the register never falls and never rises too fast."""
    return all(follows(a, b) for a, b in pairwise(points))


def straight(points: list[Point], *findings: Finding) -> Account | None:
    """The difference of the last and the first value, if the register behaves."""
    if not points or not behaves(points):
        return None
    start_wh, stop_wh = points[0].value_wh, points[-1].value_wh
    return Account(max(stop_wh - start_wh, _ZERO), start_wh, stop_wh, points, list(findings))


def as_sent(points: list[Point]) -> Account | None:
    """Nothing is wrong."""
    return straight(points)


def in_order_of_numbers(points: list[Point]) -> Account | None:
    """The station's clock jumped: sequence numbers, or the order of arrival, are right."""
    order = sorted(
        points,
        key=lambda each: (each.role, each.message.by_number, each.at, each.value_wh),
    )
    if order == points:
        return None
    moved = [a.message.frame_id for a, b in zip(order, points, strict=True) if a is not b]
    return straight(order, Finding(RemarkKind.CLOCK_JUMPED, tuple(moved)))


def kilowatt_hours(points: list[Point]) -> Account | None:
    """Some values are in kWh although they are labelled Wh: a jump by a factor of 1000."""
    highest_wh = max(each.value_wh for each in points)
    if highest_wh < KILO_REGISTER_WH_MIN:
        return None
    scaled: list[Point] = []
    wrong: list[str] = []
    for each in points:
        if each.in_wh and 0 < each.value_wh * _KILO / 2 < highest_wh:
            scaled.append(_in_kilo(each))
            wrong.append(each.message.frame_id)
        else:
            scaled.append(each)
    if not wrong:
        return None
    found = straight(scaled, Finding(RemarkKind.UNIT_CORRECTED, tuple(wrong)))
    if found is None:
        return None
    # A value can be a thousandth of another by chance. If the energy depends on such a value, it
    # has to be an ordinary amount.
    if scaled[0] is not points[0] or scaled[-1] is not points[-1]:
        share = Decimal(KILO_POWER_W_MAX) / POWER_W_MAX
        if found.energy_wh > possible_wh(points[0], points[-1]) * share:
            return None
    return found


def _in_kilo(point: Point) -> Point:
    exponent = point.value_wh.as_tuple().exponent
    digits = min(max(-exponent, 0), 3) if isinstance(exponent, int) else 0
    return replace(
        point, value_wh=point.value_wh * _KILO, grain_wh=Decimal(10) ** (3 - digits), in_wh=False
    )


def relative_to_session(points: list[Point]) -> Account | None:
    """Samples count from the start of the session, the start from that of the meter."""
    begin = points[0]
    # The end may repeat the value of the start, which is none of those that count from zero.
    same = begin.at, begin.value_wh
    counted = [each for each in points[1:] if (each.at, each.value_wh) != same]
    if begin.role is not Role.BEGIN or not counted or counted[0].value_wh >= begin.value_wh:
        return None
    shifted = [
        replace(each, value_wh=each.value_wh + begin.value_wh)
        if each.role is Role.SAMPLE or each.value_wh < begin.value_wh
        else each
        for each in counted
    ]
    frames = tuple(each.message.frame_id for each in counted)
    return straight([begin, *shifted], Finding(RemarkKind.REGISTER_RELATIVE, frames))


def boundaries_stand_still(points: list[Point]) -> Account | None:
    """Start and end show the same value, as stations do that measure only in between."""
    begin, end = points[0], points[-1]
    if begin.role is not Role.BEGIN or end.role is not Role.END or begin.value_wh != end.value_wh:
        return None
    within = points[:-1]
    for rule in (as_sent, in_order_of_numbers, relative_to_session, start_of_another_register):
        if (found := rule(within)) is not None:
            frames = (begin.message.frame_id, end.message.frame_id)
            found.findings.append(Finding(RemarkKind.REGISTERS_DISAGREE, frames))
            return found
    return None


def start_of_another_register(points: list[Point]) -> Account | None:
    """The value of the start is made up, or of another meter: the others cannot follow it."""
    if points[0].role is not Role.BEGIN or len(points) < 2:
        return None
    begin, first = points[:2]
    rise_wh = first.value_wh - begin.value_wh
    # What is lower than the start may have been reset to zero, and counted on from there.
    counted_wh = rise_wh if rise_wh >= 0 else first.value_wh
    if counted_wh <= possible_wh(begin, first):
        return None
    return straight(points[1:], Finding(RemarkKind.METER_START_REPLACED, (begin.message.frame_id,)))


def rolled_over(points: list[Point]) -> Account | None:
    """The register reached its last digit and began again at zero, once."""
    falls = [place for place, (a, b) in enumerate(pairwise(points), 1) if fell(a, b)]
    if len(falls) != 1:
        return None
    place = falls[0]
    for width_wh in WIDTHS_WH:
        if points[place - 1].value_wh >= width_wh:
            continue
        unrolled = points[:place] + [
            replace(each, value_wh=each.value_wh + width_wh) for each in points[place:]
        ]
        finding = Finding(RemarkKind.ROLLED_OVER, (points[place].message.frame_id,))
        if (found := straight(unrolled, finding)) is not None:
            return found._replace(stop_wh=points[-1].value_wh)
    return None


def step_by_step(points: list[Point]) -> Account:
    """Add what has certainly flowed from one reading to the next.

    A fall below half is a reset, and the register has counted on from zero, unless the next reading
    stands where it would without. Any other fall is a meter that goes backwards: its highest value
    counts. A rise that no charger can deliver is left out.
    """
    energy_wh = _ZERO
    last = points[0]
    used = [last]
    findings: list[Finding] = []
    for place, each in enumerate(points[1:], 1):
        limit_wh = possible_wh(last, each)
        rise_wh = each.value_wh - last.value_wh
        frames = (each.message.frame_id,)
        if rise_wh > limit_wh:
            findings.append(Finding(RemarkKind.READING_IMPLAUSIBLE, frames))
            continue
        if rise_wh < 0:
            if not fell(last, each):
                continue
            if each.value_wh * 2 >= last.value_wh or _recovers(last, points[place + 1 :]):
                findings.append(Finding(RemarkKind.METER_BACKWARDS, frames))
                continue
            findings.append(Finding(RemarkKind.METER_RESET, frames))
            rise_wh = each.value_wh if each.value_wh <= limit_wh else _ZERO
        energy_wh += rise_wh
        last = each
        used.append(each)
    return Account(energy_wh, points[0].value_wh, last.value_wh, used, findings)


def _recovers(last: Point, rest: list[Point]) -> bool:
    """True if the next reading goes on from before the fall."""
    if not rest or rest[0].value_wh < last.value_wh:
        return False
    return rest[0].value_wh - last.value_wh <= possible_wh(last, rest[0])


def by_power(found: Account, power_w: list[Decimal]) -> Account:
    """The same, in kWh if the power that was measured says that all values were."""
    first, last = found.used[0], found.used[-1]
    if not (power_w and found.energy_wh and all(each.in_wh and each.timed for each in found.used)):
        return found
    elapsed_s = (last.at - first.at).total_seconds()
    if not was_in_kwh(found.energy_wh, elapsed_s, sum(power_w, _ZERO) / len(power_w)):
        return found
    frames = tuple(each.message.frame_id for each in found.used)
    return Account(
        found.energy_wh * _KILO,
        found.start_wh * _KILO,
        found.stop_wh * _KILO,
        found.used,
        [*found.findings, Finding(RemarkKind.UNIT_CORRECTED, frames)],
    )


def was_in_kwh(energy_wh: Decimal, elapsed_s: float, mean_power_w: Decimal) -> bool:
    """True if the power says that an energy labelled Wh must have been in kWh."""
    expected_wh = mean_power_w * (Decimal(elapsed_s) / 3600)
    low, high = _KILO_RATIOS
    return energy_wh * low <= expected_wh <= energy_wh * high


_RULES: Final[tuple[Callable[[list[Point]], Account | None], ...]] = (
    as_sent,
    in_order_of_numbers,
    kilowatt_hours,
    rolled_over,
    relative_to_session,
    boundaries_stand_still,
    start_of_another_register,
)
