"""Repairs of the members themselves: a misspelt one is renamed, a misplaced one is moved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import inspect as shape

from chargeplane.ocpp.tolerance.draft import Draft
from chargeplane.ocpp.tolerance.place import Fields, bare, fields_of
from chargeplane.ocpp.tolerance.repair import Repair
from chargeplane.ocpp.tolerance.words import plain
from chargeplane.ocpp.violations import Path, Rule, Violation, json_path, type_info

__all__ = ["place_members"]


_OF_AMOUNTS = frozenset({"unit", "multiplier"})
"""Of a sampled value; 1.6 has the unit where 2.x has the object ``unitOfMeasure``."""


def place_members(
    draft: Draft, expected: type, faults: Iterable[Violation], allows: Callable[[str], bool]
) -> list[Repair]:
    """Give every unknown member the place where it belongs, or leave it out."""
    repairs = []
    # The order of a set of names changes from run to run; that of the repairs must not.
    for path in sorted((f.path for f in faults if f.rule is Rule.UNKNOWN), key=str):
        repair = _place(draft, expected, path, allows)
        if repair is not None:
            repairs.append(repair)
    return repairs


def _place(
    draft: Draft, expected: type, path: Path, allows: Callable[[str], bool]
) -> Repair | None:
    parent, name = path[:-1], str(path[-1])
    value = draft.get(path)
    for rule, find in (("member-spelling", _spelt), ("member-misplaced", _moved)):
        target = find(draft, expected, parent, name) if allows(rule) else None
        if target is not None:
            draft.drop(path)
            if draft.get(target[:-1]) is None:
                draft.put(target[:-1], {})
            draft.put(target, value)
            return Repair(rule, json_path(path), value, json_path(target))
    if not allows("unknown-member"):
        return None
    draft.drop(path)
    return Repair("unknown-member", json_path(path), value, None)


def _spelt(draft: Draft, expected: type, parent: Path, name: str) -> Path | None:
    """A field of the same object with the same letters, which is not there yet."""
    fields, members = _fields_at(expected, parent), draft.get(parent)
    meant = [each for each in fields if plain(each) == plain(name) and members.get(each) is None]
    return (*parent, meant[0]) if len(meant) == 1 else None


def _moved(draft: Draft, expected: type, parent: Path, name: str) -> Path | None:
    """The one object directly above or below that has such a field, and lacks it."""
    found: list[Path] = []
    for field in _fields_at(expected, parent).values():
        inner = bare(field.type)
        if not isinstance(inner, shape.StructType) or name not in fields_of(inner.cls):
            continue
        here = draft.get((*parent, field.encode_name))
        # An optional object is not made up for the sake of one stray member, unless the value
        # beside it would mean another amount without that.
        if _lacks(here, name) or (here is None and (field.required or name in _OF_AMOUNTS)):
            found.append((*parent, field.encode_name, name))
    above = parent[:-1]
    if parent and name in _fields_at(expected, above) and _lacks(draft.get(above), name):
        found.append((*above, name))
    return found[0] if len(found) == 1 else None


def _lacks(members: Any, name: str) -> bool:
    return isinstance(members, dict) and members.get(name) is None


def _fields_at(expected: type, path: Path) -> Fields:
    """The fields of the object at a path; none where there is no object."""
    here = bare(type_info(expected))
    for part in path:
        if isinstance(here, shape.ListType):
            here = bare(here.item_type)
        elif isinstance(here, shape.StructType) and part in (fields := fields_of(here.cls)):
            here = bare(fields[str(part)].type)
        else:
            return {}
    return fields_of(here.cls) if isinstance(here, shape.StructType) else {}
