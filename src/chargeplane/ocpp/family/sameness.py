"""What two versions say alike: found once for each pair of types, so that no value is walked twice.

Most of what differs between two versions of a family stands in a few fields. The rest of a message
is taken over as it is, and what may be taken over is known from the types alone.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from msgspec import inspect as shape

from chargeplane.ocpp.family.rules import ANY, Rules
from chargeplane.ocpp.violations import type_info

__all__ = ["Step", "steps"]


@dataclass(frozen=True, slots=True)
class Step:
    """One field of a datatype, and what becomes of it."""

    name: str
    """On the wire, here."""
    old: shape.Field
    new: shape.Field | None
    """None: the other version does not have it."""
    is_same: bool
    """Whether every valid value stands there as it is."""
    is_vital: bool
    """Whether the whole value is not said where this cannot be."""
    words: frozenset[str] = frozenset()
    """The words of an enumeration that stand there as they are."""
    text_max: int = -1
    """How long a text may be there; -1 where it is no text."""


_STEPS: dict[tuple[int, type, type], tuple[Rules, tuple[Step, ...]]] = {}


def steps(rules: Rules, source: type, target: type) -> tuple[Step, ...]:
    """The fields of a datatype, in order, on their way to that of another version."""
    key = (id(rules), source, target)
    found = _STEPS.get(key)
    if found is None:  # the rules are kept, so that their id stays theirs
        found = _STEPS[key] = (rules, tuple(_steps(rules, source, target)))
    return found[1]


def _steps(rules: Rules, source: type, target: type) -> list[Step]:
    owner = source.__name__
    renames = rules.renames.get(owner, {})
    essential = rules.essential.get(owner, frozenset())
    there = {each.encode_name: each for each in _struct(target).fields}
    found = []
    for old in _struct(source).fields:
        name = old.encode_name
        new = there.get(renames.get(name, name))
        is_vital = bool(new and new.required) or name in essential or ANY in essential
        if new is None or (owner, name) in rules.fields:
            found.append(Step(name, old, new, False, is_vital))
            continue
        is_same = _is_same(rules, old.type, new.type)
        words, text_max = _kept(rules, new.type)
        found.append(Step(name, old, new, is_same, is_vital, words, text_max))
    return found


def _kept(rules: Rules, target: shape.Type) -> tuple[frozenset[str], int]:
    """What of an enumeration, or how much of a text, a field of this type takes as it is."""
    match _given(target):
        case shape.EnumType(cls=cls):
            table = rules.values.get(cls.__name__, {})
            return frozenset(each.value for each in cls) - set(table), -1
        case shape.StrType(max_length=length_max):
            return frozenset(), sys.maxsize if length_max is None else length_max
    return frozenset(), -1


def _struct(datatype: type) -> shape.StructType:
    info = type_info(datatype)
    assert isinstance(info, shape.StructType)
    return info


def _is_same(rules: Rules, source: shape.Type, target: shape.Type) -> bool:
    """Whether every valid value of one type is one of the other, and means the same."""
    match _given(source), _given(target):
        case shape.Metadata(type=old, extra=here), shape.Metadata(type=new, extra=there):
            return (not there or here == there) and _is_same(rules, old, new)
        case shape.Metadata(type=old), new:
            return _is_same(rules, old, new)
        case old, shape.Metadata(type=new, extra=there):
            return not there and _is_same(rules, old, new)
        case shape.StructType(cls=here), shape.StructType(cls=there):
            return _is_same_struct(rules, here, there)
        case shape.ListType() as old, shape.ListType() as new:
            fits = _within(old.max_length, new.max_length)
            fits = fits and (new.min_length or 0) <= (old.min_length or 0)
            return fits and _is_same(rules, old.item_type, new.item_type)
        case shape.EnumType(cls=here), shape.EnumType(cls=there):
            table = rules.values.get(there.__name__, {})
            words = {each.value for each in here}
            return not words & set(table) and words <= {each.value for each in there}
        case shape.StrType() as old, shape.StrType() as new:
            return _within(old.max_length, new.max_length)
        case (shape.IntType() as old, shape.IntType() as new) | (
            shape.FloatType() as old,
            shape.FloatType() as new,
        ):
            return old == new or (new.ge, new.gt, new.le, new.lt, new.multiple_of) == (None,) * 5
        case (shape.BoolType(), shape.BoolType()) | (shape.DateTimeType(), shape.DateTimeType()):
            return True
        case old, new:
            return old == new


def _is_same_struct(rules: Rules, source: type, target: type) -> bool:
    if source.__name__ in rules.datatypes:
        return False
    plan = steps(rules, source, target)
    kept = {each.name for each in plan if each.old.required}
    return all(
        each.is_same and each.new is not None and each.new.encode_name == each.name for each in plan
    ) and all(each.encode_name in kept for each in _struct(target).fields if each.required)


def _given(type_: shape.Type) -> shape.Type:
    """A type without the chance to be left out."""
    while isinstance(type_, shape.UnionType):
        type_ = type_.types[0]
    return type_


def _within(here: int | None, there: int | None) -> bool:
    return there is None or (here is not None and here <= there)
