"""Repairs of single values: each takes a fault and gives a better value, or None if it has none.

Which function answers which rule stands in ``FIXES``; the first that finds an answer is used, so
that the order goes from what loses nothing to what loses most.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from decimal import ROUND_HALF_EVEN, Decimal
from enum import Enum
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import inspect as shape

from chargeplane.ocpp.tolerance import dates
from chargeplane.ocpp.tolerance.place import Place, bare, fields_of
from chargeplane.ocpp.tolerance.words import CATCH_ALL, UNKNOWN, WRAPPED, kind_of, plain, synonyms
from chargeplane.ocpp.violations import Path, Rule, Violation

__all__ = ["DROP", "FIXES", "Fault", "Fix"]

NUMBER_LENGTH_MAX = 40
INTEGER_MAX = 2**63
JSON_LENGTH_MAX = 1 << 16

DROP: Final = object()
"""Instead of a value: leave it out."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A violation, with all that a repair may want to know."""

    violation: Violation
    place: Place
    zone: tzinfo
    """Of the station, for times that name none."""

    @property
    def value(self) -> Any:
        return self.violation.value

    @property
    def wanted(self) -> shape.Type:
        return bare(self.violation.type)

    @property
    def member(self) -> str:
        return str(self.place.path[-1]) if self.place.path else ""

    @property
    def removable(self) -> Path | None:
        """The smallest part that may be left out: with what names an amount goes the amount."""
        return self.place.path[:-1] if self.names_an_amount else self.place.removable

    @property
    def names_an_amount(self) -> bool:
        """Whether a sampled value without this word would be read as an amount of energy.

        What names no measurand is the energy register, and energy without a unit is in Wh.
        """
        if self.violation.rule is not Rule.ENUM or not self.place.owner.startswith("SampledValue"):
            return False
        word = plain(self.value[:NUMBER_LENGTH_MAX])
        return self.member == "measurand" or (self.member == "unit" and word.endswith("wh"))


Fix = Callable[[Fault], Any]

_NUMBER = re.compile(r"[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d{1,3})?", re.ASCII)
_PLACEHOLDERS = frozenset({"", "null", "none", "nil", "na", "nan", "undefined"})
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})
_NUMBERS = (shape.IntType, shape.FloatType, shape.DecimalType)
_NOT_TEXT = (*_NUMBERS, shape.BoolType, shape.DateTimeType, shape.EnumType)


def _null(fault: Fault) -> Any:
    # A required member goes too: what is then missing is a fault of its own.
    return DROP if fault.value is None and fault.place.path else None


def _null_payload(fault: Fault) -> Any:
    # One language has the same empty thing for a list and for an object.
    return {} if fault.value in (None, []) and not fault.place.path else None


def _placeholder(fault: Fault) -> Any:
    value = fault.value
    if not isinstance(value, str) or not isinstance(fault.wanted, _NOT_TEXT):
        return None
    empty = len(value) <= NUMBER_LENGTH_MAX and plain(value) in _PLACEHOLDERS
    return DROP if empty and fault.place.optional else None


def _single_item(fault: Fault) -> Any:
    return [fault.value] if isinstance(fault.wanted, shape.ListType) else None


def _json_in_string(fault: Fault) -> Any:
    kinds: dict[type, type] = {shape.StructType: dict, shape.CustomType: dict, shape.ListType: list}
    kind, value = kinds.get(type(fault.wanted)), fault.value
    if kind is None or not isinstance(value, str) or len(value) > JSON_LENGTH_MAX:
        return None
    try:
        inner = msgspec.json.decode(value)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return inner if isinstance(inner, kind) else None


def _value_for_object(fault: Fault) -> Any:
    wanted, value = fault.wanted, fault.value
    if not isinstance(wanted, shape.StructType) or isinstance(value, dict | list | None):
        return None
    member = WRAPPED.get(wanted.cls.__name__.removesuffix("Type"))
    return {member: value} if member in fields_of(wanted.cls) else None


def _object_for_value(fault: Fault) -> Any:
    value = fault.value
    if not isinstance(value, dict) or len(value) != 1:
        return None
    ((name, inner),) = value.items()
    same = plain(name) == plain(fault.member) or name in WRAPPED.values()
    return inner if same and isinstance(inner, str | int | float) else None


def _object_for_string(fault: Fault) -> Any:
    if not isinstance(fault.wanted, shape.StrType) or not isinstance(fault.value, dict | list):
        return None
    try:
        return msgspec.json.encode(fault.value).decode()
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError):
        return None


def _number_for_string(fault: Fault) -> Any:
    value = fault.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not isinstance(fault.wanted, shape.StrType | shape.EnumType):
        return None
    if abs(value) >= 10**NUMBER_LENGTH_MAX:
        return None
    return str(value) if isinstance(value, int) else f"{Decimal(str(value)):f}"


def _boolean_for_string(fault: Fault) -> Any:
    wanted = isinstance(fault.wanted, shape.StrType | shape.EnumType)
    return str(fault.value).lower() if wanted and isinstance(fault.value, bool) else None


def _string_for_number(fault: Fault) -> Any:
    value = fault.value
    if not isinstance(fault.wanted, _NUMBERS) or not isinstance(value, str):
        return None
    text = value.strip() if len(value) <= NUMBER_LENGTH_MAX else ""
    if not _NUMBER.fullmatch(text):
        return None
    number = Decimal(text.replace(",", "."))
    if abs(number) >= INTEGER_MAX:
        return None
    return int(number) if number == number.to_integral_value() else float(number)


def _float_for_integer(fault: Fault) -> Any:
    value = fault.value
    if not isinstance(fault.wanted, shape.IntType) or not isinstance(value, float):
        return None
    whole = abs(value) < INTEGER_MAX and value == int(value)
    return int(value) if whole else None


def _fraction_for_integer(fault: Fault) -> Any:
    value = fault.value
    if not isinstance(fault.wanted, shape.IntType) or not isinstance(value, float):
        return None
    return round(value) if abs(value) < INTEGER_MAX else None


def _value_for_boolean(fault: Fault) -> Any:
    value = fault.value
    if not isinstance(fault.wanted, shape.BoolType) or not isinstance(value, str | int | float):
        return None
    word = str(int(value)) if value in (0, 1) else str(value)[:NUMBER_LENGTH_MAX].strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


def _multiple_of(fault: Fault) -> Any:
    step: Decimal = fault.violation.limit
    number = Decimal(str(fault.value))
    if abs(number) >= INTEGER_MAX:
        return None
    rounded = (number / step).to_integral_value(ROUND_HALF_EVEN) * step
    return float(rounded)


def _too_long(fault: Fault) -> Any:
    return fault.value[: fault.violation.limit]


def _too_many(fault: Fault) -> Any:
    return fault.value[: fault.violation.limit]


def _out_of_range(fault: Fault) -> Any:
    return DROP if fault.place.optional else fault.violation.limit


def _spelling(fault: Fault) -> Any:
    wanted, value = fault.wanted, fault.value
    assert isinstance(wanted, shape.EnumType)
    return _spellings(wanted.cls).get(plain(value[:NUMBER_LENGTH_MAX]))


@cache
def _spellings(cls: type[Enum]) -> dict[str, str | None]:
    """Plain spelling -> value; None where two values share one."""
    found: dict[str, str | None] = {}
    for member in cls:
        key = plain(member.value)
        found[key] = None if key in found else member.value
    return found


def _synonym(fault: Fault) -> Any:
    wanted, allowed = fault.wanted, fault.violation.limit
    assert isinstance(wanted, shape.EnumType)
    meant = synonyms(wanted.cls, fault.value[:NUMBER_LENGTH_MAX])
    return next((value for value in meant if value in allowed), None)


def _catch_all(fault: Fault) -> Any:
    # An optional one too: a stop without reason means Local (1.6, StopTransaction), and a sampled
    # value without context is a periodic one.
    wanted = fault.wanted
    assert isinstance(wanted, shape.EnumType)
    value = CATCH_ALL.get(kind_of(wanted.cls))
    return value if value in fault.violation.limit else None


def _enum_dropped(fault: Fault) -> Any:
    return DROP if fault.place.optional and not fault.names_an_amount else None


def _date(name: str) -> Fix:
    def fix(fault: Fault) -> Any:
        value = fault.value
        if not isinstance(fault.wanted, shape.DateTimeType) or isinstance(value, bool):
            return None
        found = None
        if isinstance(value, str):
            found = dates.read_text(value, fault.zone)
        elif isinstance(value, int | float):
            found = dates.read_number(value)
        return found[1] if found and found[0] == name else None

    return fix


def _empty_list(fault: Fault) -> Any:
    return DROP if fault.place.optional and fault.value == [] else None


def _unknown(fault: Fault) -> Any:
    if fault.place.optional:
        return None
    if isinstance(fault.wanted, shape.DateTimeType):
        return dates.EPOCH
    return UNKNOWN.get((fault.place.owner, fault.member))


_UNKNOWN = ("required-value-unknown", _unknown)
_DATES = tuple(
    (name, _date(name))
    for name in ("date-spelling", "date-without-zone", "date-rollover", "date-number")
)

FIXES: Mapping[Rule, tuple[tuple[str, Fix], ...]] = {
    Rule.TYPE: (
        ("null-payload", _null_payload),
        ("null-member", _null),
        ("placeholder", _placeholder),
        ("json-in-string", _json_in_string),
        ("single-item", _single_item),
        ("value-for-object", _value_for_object),
        ("object-for-value", _object_for_value),
        ("object-for-string", _object_for_string),
        ("number-for-string", _number_for_string),
        ("boolean-for-string", _boolean_for_string),
        ("string-for-number", _string_for_number),
        ("float-for-integer", _float_for_integer),
        ("value-for-boolean", _value_for_boolean),
        ("date-number", _date("date-number")),
        ("fraction-for-integer", _fraction_for_integer),
        _UNKNOWN,
    ),
    Rule.ENUM: (
        ("enum-spelling", _spelling),
        ("enum-synonym", _synonym),
        ("placeholder", _placeholder),
        ("enum-catch-all", _catch_all),
        ("enum-dropped", _enum_dropped),
        _UNKNOWN,
    ),
    Rule.FORMAT: (*_DATES, ("placeholder", _placeholder), _UNKNOWN),
    Rule.LENGTH_MAX: (("too-long", _too_long),),
    Rule.MINIMUM: (("out-of-range", _out_of_range),),
    Rule.MAXIMUM: (("out-of-range", _out_of_range),),
    Rule.MULTIPLE_OF: (("multiple-of", _multiple_of),),
    Rule.REQUIRED: (_UNKNOWN,),
    Rule.ITEMS_MIN: (("empty-list", _empty_list),),
    Rule.ITEMS_MAX: (("too-many-items", _too_many),),
}
"""Rule that was broken -> the repairs for it, best first."""
