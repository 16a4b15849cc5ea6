"""What exactly is wrong with a payload: the slow, thorough look at one that was refused.

The decoder says only that a payload is wrong, and stops at the first fault. This walk finds every
fault, names its place by JSON path and its rule, and so serves the error answer, the repairs of
``tolerance`` and the losses of ``family``. It reads the same struct types as the decoder does, so
the two cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect as shape

from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.wire import CUSTOM_VENDOR_ID_LENGTH_MAX, CustomDataType

__all__ = ["Path", "Rule", "Violation", "json_path", "violations", "violations_at"]

Path = tuple[str | int, ...]
"""The members and positions that lead to a value: ``("meterValue", 0, "timestamp")``."""


class Rule(StrEnum):
    """The kinds of limits that a schema sets."""

    TYPE = "type"
    ENUM = "enum"
    FORMAT = "format"
    LENGTH_MAX = "length_max"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    MULTIPLE_OF = "multiple_of"
    REQUIRED = "required"
    UNKNOWN = "unknown"
    ITEMS_MIN = "items_min"
    ITEMS_MAX = "items_max"


_CODES = {
    Rule.TYPE: ErrorCode.TYPE_CONSTRAINT_VIOLATION,
    Rule.REQUIRED: ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    Rule.ITEMS_MIN: ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    Rule.ITEMS_MAX: ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    Rule.UNKNOWN: ErrorCode.FORMAT_VIOLATION,
}
_SENTENCES = {
    Rule.TYPE: "is not {limit}",
    Rule.ENUM: "is not one of {limit}",
    Rule.FORMAT: "is not {limit}",
    Rule.LENGTH_MAX: "is longer than {limit} characters",
    Rule.MINIMUM: "is less than {limit}",
    Rule.MAXIMUM: "is greater than {limit}",
    Rule.MULTIPLE_OF: "is not a multiple of {limit}",
    Rule.REQUIRED: "is missing",
    Rule.UNKNOWN: "is not a field of {limit}",
    Rule.ITEMS_MIN: "has fewer than {limit} items",
    Rule.ITEMS_MAX: "has more than {limit} items",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """One fault of a payload."""

    path: Path
    rule: Rule
    limit: Any
    """What the rule demands: a bound, the allowed values, the name of a type."""
    value: Any = None
    """What stands there; None for a missing field."""
    type: shape.Type | None = None
    """The type that is expected at the path, for those who repair it."""

    @property
    def code(self) -> ErrorCode:
        """What a CALLERROR says of it."""
        return _CODES.get(self.rule, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION)

    def __str__(self) -> str:
        limit = self.limit
        if self.rule is Rule.ENUM:
            limit = ", ".join(limit[:8]) + (", ..." if len(limit) > 8 else "")
        return f"`{json_path(self.path)}` {_SENTENCES[self.rule].format(limit=limit)}"


def json_path(path: Path) -> str:
    """``("a", 0, "b")`` -> ``$.a[0].b``."""
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def violations(payload: Any, expected: type) -> list[Violation]:
    """Every fault of ``payload`` (parsed JSON) as an instance of the struct ``expected``.

    An empty list means that the official schema accepts the payload.
    """
    return violations_at(payload, type_info(expected), ())


def violations_at(value: Any, expected: shape.Type, path: Path) -> list[Violation]:
    """The same for a value inside a payload, at ``path``."""
    return list(_walk(value, expected, path))


@cache
def type_info(expected: Any) -> shape.Type:
    """The shape of a type, computed once."""
    return shape.type_info(expected)


def _walk(value: Any, expected: shape.Type, path: Path) -> Iterator[Violation]:
    match expected:
        case shape.UnionType(types=types):  # only ever ``X | UnsetType``
            yield from _walk(value, types[0], path)
        case shape.Metadata(type=inner, extra=extra):
            before = list(_walk(value, inner, path))
            yield from before
            if not before and extra:
                yield from _extra_rules(value, expected, extra, path)
        case shape.StructType():
            yield from _struct(value, expected, path)
        case shape.ListType():
            yield from _list(value, expected, path)
        case shape.CustomType(cls=cls) if cls is CustomDataType:
            yield from _custom_data(value, expected, path)
        case shape.AnyType():
            return
        case _:
            yield from _scalar(value, expected, path)


def _struct(value: Any, expected: shape.StructType, path: Path) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield Violation(path, Rule.TYPE, "an object", value, expected)
        return
    fields = {field.encode_name: field for field in expected.fields}
    for name in [name for name in value if name not in fields]:
        owner = expected.cls.__name__
        yield Violation((*path, name), Rule.UNKNOWN, owner, value[name])
    for name, field in fields.items():
        if name in value:
            yield from _walk(value[name], field.type, (*path, name))
        elif field.required:
            yield Violation((*path, name), Rule.REQUIRED, None, None, field.type)


def _list(value: Any, expected: shape.ListType, path: Path) -> Iterator[Violation]:
    if not isinstance(value, list):
        yield Violation(path, Rule.TYPE, "an array", value, expected)
        return
    if expected.min_length is not None and len(value) < expected.min_length:
        yield Violation(path, Rule.ITEMS_MIN, expected.min_length, value, expected)
    if expected.max_length is not None and len(value) > expected.max_length:
        yield Violation(path, Rule.ITEMS_MAX, expected.max_length, value, expected)
    for index, item in enumerate(value):
        yield from _walk(item, expected.item_type, (*path, index))


def _custom_data(value: Any, expected: shape.Type, path: Path) -> Iterator[Violation]:
    vendor_id = (*path, "vendorId")
    text = shape.StrType(max_length=CUSTOM_VENDOR_ID_LENGTH_MAX)
    if not isinstance(value, dict):
        yield Violation(path, Rule.TYPE, "an object", value, expected)
    elif "vendorId" not in value:
        yield Violation(vendor_id, Rule.REQUIRED, None, None, text)
    else:
        yield from _scalar(value["vendorId"], text, vendor_id)


def _scalar(value: Any, expected: shape.Type, path: Path) -> Iterator[Violation]:
    match expected:
        case shape.EnumType(cls=cls):
            allowed = tuple(member.value for member in cls)
            if not isinstance(value, str):
                yield Violation(path, Rule.TYPE, "a string", value, expected)
            elif value not in allowed:
                yield Violation(path, Rule.ENUM, allowed, value, expected)
        case shape.StrType(max_length=length_max):
            if not isinstance(value, str):
                yield Violation(path, Rule.TYPE, "a string", value, expected)
            elif length_max is not None and len(value) > length_max:
                yield Violation(path, Rule.LENGTH_MAX, length_max, value, expected)
        case shape.BoolType():
            if not isinstance(value, bool):
                yield Violation(path, Rule.TYPE, "a boolean", value, expected)
        case shape.DateTimeType():
            yield from _datetime(value, expected, path)
        case shape.IntType() | shape.FloatType() | shape.DecimalType():
            yield from _number(value, expected, path)
        case _:
            raise AssertionError(f"wire types have no {expected}")


def _datetime(value: Any, expected: shape.Type, path: Path) -> Iterator[Violation]:
    if not isinstance(value, str):
        yield Violation(path, Rule.TYPE, "a string", value, expected)
        return
    try:
        time = msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        yield Violation(path, Rule.FORMAT, "an RFC 3339 date and time", value, expected)
        return
    if time.tzinfo is None:
        yield Violation(path, Rule.FORMAT, "a date and time with a zone", value, expected)


def _number(
    value: Any, expected: shape.IntType | shape.FloatType | shape.DecimalType, path: Path
) -> Iterator[Violation]:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        kind = "an integer" if isinstance(expected, shape.IntType) else "a number"
        yield Violation(path, Rule.TYPE, kind, value, expected)
    elif isinstance(expected, shape.IntType) and not isinstance(value, int):
        yield Violation(path, Rule.TYPE, "an integer", value, expected)
    elif isinstance(expected, shape.IntType | shape.FloatType):
        if expected.ge is not None and value < expected.ge:
            yield Violation(path, Rule.MINIMUM, expected.ge, value, expected)
        if expected.le is not None and value > expected.le:
            yield Violation(path, Rule.MAXIMUM, expected.le, value, expected)


def _extra_rules(
    value: Any, expected: shape.Type, extra: dict[str, Any], path: Path
) -> Iterator[Violation]:
    """The rules that msgspec cannot state for a decimal."""
    step = extra.get("multiple_of")
    if step is None:
        return
    exact = Decimal(str(value))
    fraction = exact - exact.to_integral_value()  # ``exact % step`` raises from 10**27 on
    if fraction % step:
        yield Violation(path, Rule.MULTIPLE_OF, step, value, expected)
