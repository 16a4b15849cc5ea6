"""Composite schedules: what an EVSE, or the station, may take over the next time (K08)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from math import ceil
from typing import NamedTuple

from chargeplane.domain.charging import (
    ChargingProfile,
    RateUnit,
    Situation,
    composite,
)
from chargeplane.domain.charging.ceilings import tenths
from chargeplane.station.evse import Evse
from chargeplane.station.hub import Hub
from chargeplane.station.inventory import EvseSpec
from chargeplane.station.smart_charging.installed import Profiles
from chargeplane.station.smart_charging.limiting import Limiting
from chargeplane.station.smart_charging.supply import grid_of, supply_of

__all__ = ["DURATION_S_MAX", "Part", "Schedule", "schedule_of"]

DURATION_S_MAX = 31 * 86_400
"""A longer schedule is cut off here; the answer says how long it is."""
PARTS_MAX = 1_024


class Part(NamedTuple):
    """One period of a composite schedule."""

    start_s: int
    rate: Decimal
    """In the unit of the schedule, with one fractional digit at most."""
    phases: int | None
    """None on direct current."""
    setpoint: Decimal | None = None
    """To be followed, negative to give energy back (2.1)."""
    floor: Decimal | None = None
    """Not less than this; negative."""


class Schedule(NamedTuple):
    """The answer to GetCompositeSchedule."""

    evse_id: int
    start: datetime
    duration_s: int
    rate_unit: RateUnit
    parts: tuple[Part, ...]


def schedule_of(
    hub: Hub,
    profiles: Profiles,
    limiting: Limiting,
    *,
    evse_id: int,
    duration_s: int,
    rate_unit: RateUnit | None,
) -> Schedule | None:
    """What profiles and the hardware allow; None: reject the request (K08.FR.05, K08.FR.07).

    Args:
        hub: the station.
        profiles: those that are installed.
        limiting: knows the clock.
        evse_id: 0 for the station, which takes what its EVSEs take together (K08.FR.03).
        duration_s: how far it is wanted.
        rate_unit: None for the one that all profiles have, and otherwise watts.
    """
    units = hub.variables.words("SmartChargingCtrlr", "RateUnit")
    known = evse_id == 0 or evse_id in hub.evses
    if not known or duration_s < 1 or (rate_unit is not None and rate_unit.value not in units):
        return None
    unit = rate_unit or _usual_unit(profiles, units)
    start, duration_s = limiting.now(), min(duration_s, DURATION_S_MAX)
    station = profiles.of_station()
    if evse_id:
        evse = hub.evses[evse_id]
        own = profiles.of_evse(evse_id, _transaction_id(evse))
        situation = limiting.situation(evse_id, start)
        parts = _parts([*own, *station], start, duration_s, situation, unit, evse.spec)
    else:
        parts = _of_station(hub, profiles, limiting, start, duration_s, unit)
    while len(parts) > PARTS_MAX:
        duration_s = parts.pop().start_s
    return Schedule(evse_id, start, duration_s, unit, tuple(parts))


def _usual_unit(profiles: Profiles, units: tuple[str, ...]) -> RateUnit:
    used = {each.profile.schedule.rate_unit for each in profiles}
    if len(used) == 1:
        return used.pop()
    return RateUnit.W if "W" in units else RateUnit.A


def _transaction_id(evse: Evse) -> str | None:
    return evse.transaction.id if evse.transaction else None


def _parts(
    profiles: list[ChargingProfile],
    start: datetime,
    duration_s: int,
    situation: Situation,
    unit: RateUnit,
    spec: EvseSpec,
) -> list[Part]:
    """For one EVSE."""
    supply = supply_of(spec)
    parts: list[Part] = []
    for step in composite(profiles, start, duration_s, situation):
        ceiling = step.ceiling
        allowed = ceiling.in_w(supply) if unit is RateUnit.W else ceiling.in_a(supply)
        lines = ceiling.lines(supply)
        most = _rating(spec, unit, lines)
        rate = tenths(most if allowed is None else min(allowed, most))
        volts = Decimal(1) if unit is RateUnit.W else supply.voltage_v * lines
        setpoint, floor = (
            None if each is None else tenths(each / volts)
            for each in (ceiling.setpoint_in_w(supply), ceiling.floor_in_w(supply))
        )
        phases = None if spec.is_dc else lines
        _add(parts, Part(step.start_s, rate, phases, setpoint, floor))
    return parts


def _of_station(
    hub: Hub,
    profiles: Profiles,
    limiting: Limiting,
    start: datetime,
    duration_s: int,
    unit: RateUnit,
) -> list[Part]:
    """All EVSEs together, and not more than what the station may take."""
    grid = grid_of(hub)
    of_evses = [
        _parts(
            profiles.of_evse(evse.id, _transaction_id(evse)),
            start,
            duration_s,
            limiting.situation(evse.id, start),
            unit,
            evse.spec,
        )
        for evse in hub.evses.values()
    ]
    wide = composite(profiles.of_station(), start, duration_s, limiting.situation(0, start))
    seconds = {each.start_s for row in of_evses for each in row}
    seconds |= {each.start_s for each in wide}
    parts: list[Part] = []
    for second in sorted(seconds):
        ceiling = [each.ceiling for each in wide if each.start_s <= second][-1]
        allowed = ceiling.in_w(grid) if unit is RateUnit.W else ceiling.in_a(grid)
        total = sum((_at(row, second) for row in of_evses), Decimal(0))
        rate = tenths(total if allowed is None else min(allowed, total))
        _add(parts, Part(second, rate, ceiling.lines(grid)))
    return parts


def _at(parts: list[Part], second: int) -> Decimal:
    return [each.rate for each in parts if each.start_s <= second][-1]


def _add(parts: list[Part], part: Part) -> None:
    if not parts or parts[-1][1:] != part[1:]:
        parts.append(part)


def _rating(spec: EvseSpec, unit: RateUnit, lines: int) -> Decimal:
    """What the hardware can on so many lines; a nominal 22 kW of three phases are 32 A."""
    supply = supply_of(spec)
    line_w = Decimal(str(spec.power_w_max)) / (supply.phases or 1)
    return line_w * lines if unit is RateUnit.W else Decimal(ceil(line_w / supply.voltage_v))
