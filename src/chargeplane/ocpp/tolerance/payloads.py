"""Repairs of a payload, until the official schema accepts it or nothing more can be done.

Every round asks ``violations`` for all faults and gives each one repair; a repair may uncover the
next fault (a number in a string that is beyond its bounds), so that there are several rounds.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from datetime import tzinfo
from typing import Any

import msgspec

from chargeplane.ocpp.catalogue import Block, action_of
from chargeplane.ocpp.tolerance.draft import Draft
from chargeplane.ocpp.tolerance.members import place_members
from chargeplane.ocpp.tolerance.place import fields_of, place_of
from chargeplane.ocpp.tolerance.registry import REPAIRS
from chargeplane.ocpp.tolerance.repair import Repair
from chargeplane.ocpp.tolerance.values import DROP, FIXES, Fault
from chargeplane.ocpp.versions import Direction
from chargeplane.ocpp.violations import Path, Rule, Violation, json_path, violations
from chargeplane.ocpp.wire import Request, decode_custom

__all__ = ["may_lose", "repair_payload"]

ROUNDS_MAX = 16
REPAIRS_MAX = 10_000

# What is decided there hangs on the exact value: a cut id token is the token of somebody else, and
# an Authorize without its certificate asks for less than it should.
_EXACT = frozenset({Block.AUTHORIZATION, Block.CERTIFICATES})

Allows = Callable[[str], bool]


def may_lose(expected: type) -> bool:
    """Whether a part of such a message is better than nothing.

    So it is with what a station tells, whether asked or not: a transaction without its reason
    is still a bill. What a CSMS orders is followed as it was meant, or not at all: a charging
    profile without the limit that could not be read is another order.
    """
    action = action_of(expected)
    to_station = action.direction is Direction.TO_STATION
    asks = issubclass(expected, Request)
    return action.block not in _EXACT and (action.direction is Direction.BOTH or asks != to_station)


def repair_payload(
    expected: type, payload: Any, allows: Allows, zone: tzinfo
) -> tuple[Any, tuple[Repair, ...]] | None:
    """The payload without violations, and what had to be done; None when that is beyond us."""
    lossy = may_lose(expected)
    draft, repairs = Draft(payload), list[Repair]()

    def makes(name: str) -> bool:
        return allows(name) and (lossy or not REPAIRS[name].lossy)

    try:
        for _ in range(ROUNDS_MAX):
            faults = violations(draft.root, expected)
            if not faults:
                # A number beyond any float is no violation, and yet no value.
                msgspec.convert(draft.root, expected, dec_hook=decode_custom)
                return None if _made_up(expected, repairs) else (draft.root, tuple(repairs))
            done = _round(draft, expected, faults, makes, zone)
            repairs += done
            if not done or len(repairs) > REPAIRS_MAX:
                return None
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
        return None
    return None


def _made_up(expected: type, repairs: list[Repair]) -> bool:
    """Whether nothing that the message is about was ever sent."""
    unknown = {repair.path for repair in repairs if repair.name == "required-value-unknown"}
    fields = fields_of(expected).values()
    required = {json_path((field.encode_name,)) for field in fields if field.required}
    return bool(required) and required <= unknown


def _round(
    draft: Draft, expected: type, faults: list[Violation], makes: Allows, zone: tzinfo
) -> list[Repair]:
    """One repair for every fault that has one."""
    # Members find their places first: a value that is missing may stand elsewhere.
    repairs = place_members(draft, expected, faults, makes)
    if repairs:
        return repairs
    drops: dict[Path, Repair] = {}
    replaced: set[Path] = set()
    for violation in faults:
        path = violation.path
        if _inside(path, replaced):
            continue
        fault = Fault(violation, place_of(expected, path), zone)
        name, after = _answer(fault, makes)
        if name == "unusable-part":
            removable = fault.removable
            assert removable is not None
            path = removable
        if after is DROP:
            drops.setdefault(path, Repair(name, json_path(path), draft.get(path), None))
        elif after is not None:
            repairs.append(Repair(name, json_path(path), fault.value, after))
            draft.put(path, after)
            replaced.add(path)
    # From the end of each list to its beginning, so that the positions stay true.
    for path in sorted(drops, key=_order, reverse=True):
        if not _inside(path, drops):
            draft.drop(path)
            repairs.append(drops[path])
    return repairs


def _inside(path: Path, parts: Container[Path]) -> bool:
    """Whether a path lies inside one of these parts."""
    return any(path[:depth] in parts for depth in range(len(path)))


def _answer(fault: Fault, makes: Allows) -> tuple[str, Any]:
    """The name of the first repair that has an answer, and the answer."""
    for name, fix in FIXES.get(fault.violation.rule, ()):
        after = fix(fault) if makes(name) else None
        if after is not None:
            return name, after
    unusable = fault.violation.rule is not Rule.UNKNOWN and fault.removable is not None
    return ("unusable-part", DROP) if unusable and makes("unusable-part") else ("", None)


def _order(path: Path) -> tuple[tuple[int, str], ...]:
    return tuple((part, "") if isinstance(part, int) else (-1, part) for part in path)
