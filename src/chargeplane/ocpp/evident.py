"""Messages that need no reading back: their fields show that the official schema accepts them.

Most answers are small: a status, a time, a number, and nothing optional. For each type of message a
test is written, as ``dataclasses`` writes ``__init__``; it is quicker than to decode what was
encoded. It errs on the side of doubt only: what it does not know is read back by ``codec.encode``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

from msgspec import UNSET
from msgspec import inspect as shape

from chargeplane.ocpp.violations import type_info
from chargeplane.ocpp.wire import Message

__all__ = ["evident"]

INTEGER_MAX = 2**30 - 1  # Python compares up to here in one step
FLOAT_MAX = 1e300
DEPTH_MAX = 3
"""Groups of fields inside each other that are looked into; deeper ones are in doubt."""


@cache
def evident(expected: type[Message]) -> Callable[[object], bool]:
    """A test of messages. True: it is one of this type, and ``encode`` would write it as it stands.

    Such a message can be encoded without an error, keeps its schema and has no time that would
    have to be cut. False says nothing.
    """
    names: dict[str, Any] = {"UNSET": UNSET, "UTC": UTC, "datetime": datetime}
    source = f"lambda m: {_condition('m', 'm', type_info(expected), names)}"
    # It is made of the names of our own fields and the limits of the schemas, of no foreign word.
    test: Callable[[object], bool] = eval(source, names)
    return test


def _condition(value: str, first: str, expected: shape.Type, names: dict[str, Any]) -> str:
    """Python text that is true of a right value.

    Args:
        value: the variable that holds the value; that of a field is called ``m_0_2`` or so.
        first: what to write where it occurs first, which may set it.
        expected: the type of the value.
        names: what the text may name; grows.
    """
    match expected:
        case shape.StructType(cls=cls, fields=fields) if value.count("_") < DEPTH_MAX:
            parts = [f"type({first}) is {_named(cls, names)}"]
            parts += [_field(value, n, field, names) for n, field in enumerate(fields)]
            return " and ".join(parts)
        case shape.EnumType(cls=cls):
            return f"type({first}) is {_named(cls, names)}"
        case shape.BoolType():
            return f"type({first}) is {_named(bool, names)}"
        case shape.IntType():
            return _number(value, first, int, expected, INTEGER_MAX, names)
        case shape.FloatType():
            return _number(value, first, float, expected, FLOAT_MAX, names)
        case shape.StrType(min_length=None, max_length=length_max, pattern=None):
            length = "" if length_max is None else f" and len({value}) <= {length_max}"
            # A text beyond ASCII may hold half of a surrogate pair, which cannot be encoded.
            return f"type({first}) is {_named(str, names)} and {value}.isascii(){length}"
        case shape.DateTimeType():
            return (
                f"type({first}) is datetime and {value}.tzinfo is UTC and not {value}.microsecond"
            )
        case _:
            return "False"


def _field(group: str, index: int, field: shape.Field, names: dict[str, Any]) -> str:
    value = f"{group}_{index}"
    first = f"({value} := {group}.{field.name})"
    if field.required:
        return _condition(value, first, field.type, names)
    given = _condition(value, value, field.type, names)
    if given == "False":
        return f"{group}.{field.name} is UNSET"
    return f"({first} is UNSET or {given})"


def _number(
    value: str,
    first: str,
    kind: type,
    expected: shape.IntType | shape.FloatType,
    bound: float,
    names: dict[str, Any],
) -> str:
    if (expected.gt, expected.lt, expected.multiple_of) != (None, None, None):
        return "False"
    low = -bound if expected.ge is None else max(expected.ge, -bound)
    high = bound if expected.le is None else min(expected.le, bound)
    return f"type({first}) is {_named(kind, names)} and {low} <= {value} <= {high}"


def _named(kind: type, names: dict[str, Any]) -> str:
    """A name for a type, which no other has; ours may have namesakes."""
    name = f"{kind.__name__}_{len(names)}"
    names[name] = kind
    return name
