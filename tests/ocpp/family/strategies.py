"""Valid messages of every type, made from the struct types: the same ones for the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
from msgspec import inspect as shape

from chargeplane.ocpp.catalogue import actions
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.violations import type_info
from chargeplane.ocpp.wire import Request, Response, decode_custom

Message = Request | Response
LENGTHS = (0, 1, 8, 20, 21, 36, 37, 60, 600)
ZONES = (UTC, timezone(timedelta(hours=-5, minutes=-30)))


def message_types(*versions: Version) -> list[type[Message]]:
    """All requests and responses of some versions."""
    return [
        kind
        for version in versions
        for action in actions(version).values()
        for kind in (action.request, action.response)
        if kind is not None
    ]


def messages(kind: type[Message], count: int) -> Iterator[Message]:
    """Valid messages of one type: sparse, full, and anything between."""
    for number in range(count):
        random = Random(f"{kind.__module__} {kind.__name__} {number}")
        chance = (0.0, 1.0, 0.6, 0.3)[number % 4]
        payload = _value(type_info(kind), random, chance, "")
        yield msgspec.convert(payload, kind, dec_hook=decode_custom)


def _value(expected: shape.Type, random: Random, chance: float, name: str) -> Any:
    match expected:
        case shape.UnionType(types=types):
            return _value(types[0], random, chance, name)
        case shape.Metadata(type=inner):
            return _value(inner, random, chance, name)
        case shape.StructType(fields=fields):
            return {
                field.encode_name: _value(field.type, random, chance, field.encode_name)
                for field in fields
                if field.required or random.random() < chance
            }
        case shape.ListType(item_type=item, min_length=least, max_length=most):
            count = random.randint(least or 0, max(least or 0, min(most or 2, 2)))
            return [_value(item, random, chance, name) for _ in range(count)]
        case shape.EnumType(cls=cls):
            return random.choice(list(cls)).value
        case shape.StrType(max_length=most):
            if name == "value" and random.random() < 0.5:
                return str(random.choice((0, 12, -7, 2**31, "1.5", "0012", "NaN", "1e9")))
            length = random.choice(LENGTHS)
            return "".join(
                random.choice("aB3-€") for _ in range(length if most is None else min(length, most))
            )
        case shape.IntType(ge=ge, le=le):
            low, high = (-5 if ge is None else ge), (2**33 if le is None else le)
            return random.choice((low, high, random.randint(low, min(high, low + 9))))
        case _:
            return _plain(expected, random)


def _plain(expected: shape.Type, random: Random) -> Any:
    match expected:
        case shape.FloatType(ge=ge, le=le):
            low, high = int(-50 if ge is None else ge), int(500 if le is None else le)
            return random.choice((low, random.randint(low, high - 1) + random.choice((0.0, 0.5))))
        case shape.DecimalType():
            return Decimal(random.randint(-99, 999)) / 10
        case shape.BoolType():
            return random.random() < 0.5
        case shape.DateTimeType():
            time = datetime(2026, 3, 1, tzinfo=random.choice(ZONES))
            return time + timedelta(microseconds=random.choice((0, 1_000, 123_456)))
        case shape.CustomType():
            return {"vendorId": "org.example", "any_thing": [None, 1.5]}
        case shape.AnyType():
            return random.choice(("text", 7, {"a": [1]}, None))
        case _:
            raise AssertionError(f"wire types have no {expected}")
