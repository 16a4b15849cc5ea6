"""The quick way: a message in another version field by field, without a payload in between.

For each pair of types a function is put together when it is first needed. It makes no remarks and
only notes whether there was a loss: whoever wants to be told takes the walk (``conversion``). So
does every value that is not evidently right, by ``InDoubt``. Both ways say the same.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from typing import Any, Final

from msgspec import UNSET
from msgspec import inspect as shape

from chargeplane.ocpp.family.conversion import core
from chargeplane.ocpp.family.rules import ANY, UNSAID, InDoubt, Losses, Quick, Rules
from chargeplane.ocpp.family.sameness import Step, steps

__all__ = ["quick", "quick_time"]

_INTEGER_MAX: Final = 2**63 - 1
_FLOAT_MAX: Final = 1e300
"""As ``evident``: what is beyond might not be written."""


def quick(rules: Rules, source: shape.Type, target: shape.Type) -> Quick:
    """The quick way between two types; one that always doubts where there is none."""
    match core(source), core(target):
        case shape.StructType(cls=cls) as old, shape.StructType() as new:
            name = cls.__name__
            if name in rules.datatypes:
                return _shortcut(rules, name, old, new)
            return _struct(rules, old, new)
        case shape.ListType() as old, shape.ListType() as new:
            return _items(rules, old, new)
        case shape.EnumType() | shape.StrType() as old, shape.EnumType(cls=cls):
            return _words(rules, old, cls)
        case shape.EnumType(cls=cls), shape.StrType(max_length=length_max, pattern=None):
            fit = (each for each in cls if length_max is None or len(each.value) <= length_max)
            return _chosen({each: (each.value, False) for each in fit}, cls)
        case shape.StrType(), shape.StrType(max_length=length_max, min_length=None, pattern=None):
            return _text(sys.maxsize if length_max is None else length_max)
        case shape.BoolType(), shape.BoolType():
            return _truth
        case shape.IntType(), shape.IntType(gt=None, lt=None, multiple_of=None, ge=ge, le=le):
            return _whole(ge, le)
        case shape.FloatType(), shape.FloatType(gt=None, lt=None, multiple_of=None, ge=ge, le=le):
            return _number(ge, le)
        case shape.DateTimeType(), shape.DateTimeType():
            return quick_time
    return _doubt


def _shortcut(
    rules: Rules, name: str | tuple[str, str], source: shape.Type, target: shape.Type
) -> Quick:
    make = rules.shortcuts.get(name)
    return _doubt if make is None else make(partial(quick, rules), source, target)


def _struct(rules: Rules, source: shape.StructType, target: shape.StructType) -> Quick:
    """An object, member by member; one that lacks what the other version demands is in doubt."""
    here, there = source.cls, target.cls
    if not source.fields and not target.fields:
        return _chosen_type(here, there())
    plan = []
    for step in steps(rules, here, there):
        name = step.new.name if step.new else ""
        convert = _field(rules, here.__name__, step)
        plan.append((step.old.name, name, convert, step.is_vital, step.old.required))
    # What stands there if it stands here need not be looked for.
    sure = {step.new.name for step in steps(rules, here, there) if step.new and step.old.required}
    required = {each.name for each in target.fields if each.required} - sure

    def say(value: Any, losses: Losses) -> Any:
        if type(value) is not here:
            raise InDoubt
        said = {}
        for old, new, convert, is_vital, is_required in plan:
            given = getattr(value, old)
            if given is UNSET:
                if is_required:
                    raise InDoubt
                continue
            member = convert(given, losses)
            if member is not UNSAID:
                said[new] = member
            elif is_vital:
                return UNSAID
            else:
                losses.happened = True
        if required and not required <= said.keys():
            raise InDoubt
        return there(**said)

    return say


def _chosen_type(here: type, said: Any) -> Quick:
    """An object without members: messages never change, so one is enough."""

    def say(value: Any, _losses: Losses) -> Any:
        if type(value) is here:
            return said
        raise InDoubt

    return say


def _field(rules: Rules, owner: str, step: Step) -> Quick:
    if step.new is None:
        return _never
    key = (owner, step.name)
    if key in rules.fields:
        return _shortcut(rules, key, step.old.type, step.new.type)
    return quick(rules, step.old.type, step.new.type)


def _items(rules: Rules, source: shape.ListType, target: shape.ListType) -> Quick:
    """An array, item by item."""
    convert = quick(rules, source.item_type, target.item_type)
    item = core(source.item_type)
    is_whole = isinstance(item, shape.StructType) and item.cls.__name__ in rules.whole
    count_min = target.min_length or 0
    count_max = sys.maxsize if target.max_length is None else target.max_length

    def say(values: Any, losses: Losses) -> Any:
        if type(values) is not list or len(values) > count_max:
            raise InDoubt
        said = []
        for value in values:
            item = convert(value, losses)
            if item is not UNSAID:
                said.append(item)
            elif is_whole:
                return UNSAID
            else:
                losses.happened = True
        return UNSAID if len(said) < count_min or (values and not said) else said

    return say


def _words(rules: Rules, source: shape.EnumType | shape.StrType, there: type[Enum]) -> Quick:
    """A value of an enumeration."""
    table = rules.values.get(there.__name__, {})
    words = {each.value: each for each in there}
    if isinstance(source, shape.StrType):
        if ANY in table:
            return _doubt
        return _chosen({word: (each, False) for word, each in words.items()}, str)
    chosen: dict[Any, tuple[Any, bool]] = {}
    for each in source.cls:
        said = table.get(each.value)
        if said is None and each.value in words:
            chosen[each] = words[each.value], False
        elif (said := said or table.get(ANY)) is not None:
            chosen[each] = words[said.value], bool(said.reason)
        else:
            chosen[each] = UNSAID, True
    return _chosen(chosen, source.cls)


def _chosen(chosen: dict[Any, tuple[Any, bool]], kind: type) -> Quick:
    """A value that is looked up, with whether that is a loss."""

    def say(value: Any, losses: Losses) -> Any:
        found = chosen.get(value) if type(value) is kind else None
        if found is None:
            raise InDoubt
        said, is_loss = found
        if is_loss:
            losses.happened = True
        return said

    return say


def _text(length_max: int) -> Quick:
    """A text that is not too long. One beyond ASCII may hold what cannot be encoded."""

    def say(value: Any, _losses: Losses) -> Any:
        if type(value) is str and len(value) <= length_max and value.isascii():
            return value
        raise InDoubt

    return say


def _whole(ge: int | None, le: int | None) -> Quick:
    """A whole number within its bounds."""
    least = -_INTEGER_MAX if ge is None else max(ge, -_INTEGER_MAX)
    most = _INTEGER_MAX if le is None else min(le, _INTEGER_MAX)

    def say(value: Any, _losses: Losses) -> Any:
        if type(value) is int and least <= value <= most:
            return value
        raise InDoubt

    return say


def _number(ge: float | None, le: float | None) -> Quick:
    """A number within its bounds."""
    least = -_FLOAT_MAX if ge is None else max(ge, -_FLOAT_MAX)
    most = _FLOAT_MAX if le is None else min(le, _FLOAT_MAX)

    def say(value: Any, _losses: Losses) -> Any:
        if type(value) is float and least <= value <= most:
            return value
        raise InDoubt

    return say


def _truth(value: Any, _losses: Losses) -> Any:
    if type(value) is bool:
        return value
    raise InDoubt


def quick_time(value: Any, _losses: Losses) -> Any:
    """A time as stations and we write it."""
    if type(value) is datetime and value.tzinfo is UTC:
        return value
    raise InDoubt


def _never(_value: Any, _losses: Losses) -> Any:
    return UNSAID


def _doubt(_value: Any, _losses: Losses) -> Any:
    raise InDoubt
