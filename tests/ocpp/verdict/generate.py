"""Valid messages and single faults, made from a JSON schema and from nothing else.

Every fault is put into the smallest valid message that has its place, so that it is the only one.
Nothing here says that a faulty message is invalid: that is for the judges to find.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from random import Random
from typing import Any

Schema = dict[str, Any]
Path = tuple[str | int, ...]
Around = Callable[[Any], Any]

ITEMS_USUAL_MAX = 2
TEXT_USUAL_MAX = 12
LETTERS = 'abcXYZ 019-_.:/äß€漢𝄞"\\\n'
TIMES = (
    "2026-02-28T23:59:59Z",
    "2026-01-01T00:00:00.125Z",
    "2024-02-29T12:30:00+02:00",
    "1999-12-31T23:59:59.999-11:30",
)
BEYOND_ANY_DOUBLE = "1e400"
_PLACEHOLDER = "beyond any double"


class Fault(StrEnum):
    """What was done to a valid message."""

    TYPE = "another type"
    NULL = "null"
    FRACTION = "a fraction for an integer"
    WHOLE_FLOAT = "1.0 for an integer"
    BEYOND_DOUBLE = "a number beyond any double"
    ENUM_UNKNOWN = "an unknown value"
    ENUM_CASE = "a value in another case"
    FORMAT = "no date and time"
    LENGTH = "one character too long"
    MINIMUM = "below the minimum"
    MAXIMUM = "above the maximum"
    MULTIPLE_OF = "between two steps"
    MISSING = "a required member left out"
    EXTRA = "a member too many"
    ITEMS_MIN = "an item too few"
    ITEMS_MAX = "an item too many"


@dataclass(frozen=True)
class Mutant:
    """A message with one fault."""

    fault: Fault
    path: Path
    """Where the fault is."""
    text: str


@dataclass(frozen=True)
class Place:
    """A spot in a message, with its schema and the smallest message around it."""

    path: Path
    schema: Schema
    around: Around
    """The message that has this value here."""


class Generator:
    """Makes the messages of one schema file."""

    def __init__(self, root: Schema) -> None:
        self.root = root

    def valid(self, seed: str, random_count: int) -> list[str]:
        """Distinct valid messages: smallest, largest, one for every limit, random ones."""
        random = Random(seed)
        messages = [self.minimal(self.root), self.maximal(self.root)]
        messages += [
            place.around(value) for place in self.places() for value in self.limits(place.schema)
        ]
        messages += [self.random(self.root, random) for _ in range(random_count)]
        return list(dict.fromkeys(_text(message) for message in messages))

    def mutants(self) -> list[Mutant]:
        """Distinct messages with one fault each."""
        found: dict[str, Mutant] = {}
        for place in self.places():
            for fault, at, value in self.faults(place.schema):
                text = _text(place.around(value))
                found.setdefault(text, Mutant(fault, (*place.path, *at), text))
        return list(found.values())

    def resolve(self, schema: Schema) -> Schema:
        if "$ref" not in schema:
            return schema
        found: Schema = self.root["definitions"][schema["$ref"].rpartition("/")[2]]
        return found

    def places(self) -> Iterator[Place]:
        """The whole message and every value that may stand in it."""
        yield from self._places(Place((), self.root, lambda value: value))

    def _places(self, place: Place) -> Iterator[Place]:
        schema = self.resolve(place.schema)
        yield Place(place.path, schema, place.around)
        for name, inner in schema.get("properties", {}).items():
            around = partial(_with_member, place.around, self.minimal(schema), name)
            yield from self._places(Place((*place.path, name), inner, around))
        if schema.get("type") == "array":
            fill = [self.minimal(schema["items"])] * (schema.get("minItems", 1) - 1)
            around = partial(_with_item, place.around, fill)
            yield from self._places(Place((*place.path, 0), schema["items"], around))

    # Valid values

    def minimal(self, schema: Schema) -> Any:
        """The smallest valid value."""
        schema = self.resolve(schema)
        match schema.get("type"):
            case "object":
                required = schema.get("required", ())
                return {name: self.minimal(schema["properties"][name]) for name in required}
            case "array":
                return [self.minimal(schema["items"])] * schema.get("minItems", 0)
            case _:
                return self.scalar(schema, Random(0))

    def maximal(self, schema: Schema) -> Any:
        """A value with every member, and with two items in an array."""
        schema = self.resolve(schema)
        match schema.get("type"):
            case "object":
                properties = schema.get("properties", {})
                return {name: self.maximal(inner) for name, inner in properties.items()}
            case "array":
                return [self.maximal(schema["items"]) for _ in range(_usual_items(schema))]
            case _:
                return self.scalar(schema, Random(1))

    def random(self, schema: Schema, random: Random) -> Any:
        """Any valid value."""
        schema = self.resolve(schema)
        match schema.get("type"):
            case "object":
                required = schema.get("required", ())
                members = {
                    name: self.random(inner, random)
                    for name, inner in schema.get("properties", {}).items()
                    if name in required or random.random() < 0.4
                }
                if schema.get("additionalProperties") is not False:
                    members["another"] = random.choice((None, [1.5], {"vendor": True}, "x"))
                return members
            case "array":
                count = random.randint(schema.get("minItems", 0), _usual_items(schema))
                return [self.random(schema["items"], random) for _ in range(count)]
            case _:
                return self.scalar(schema, random)

    def scalar(self, schema: Schema, random: Random) -> Any:
        """A valid value of a schema without members."""
        if "enum" in schema:
            return random.choice(schema["enum"])
        match schema.get("type"):
            case "string" if schema.get("format") == "date-time":
                return random.choice(TIMES)
            case "string":
                length = random.randint(0, min(schema.get("maxLength", 99), TEXT_USUAL_MAX))
                return "".join(random.choice(LETTERS) for _ in range(length))
            case "boolean":
                return random.random() < 0.5
            case "integer":
                low, high = schema.get("minimum", -9), schema.get("maximum", 2**40)
                return random.randint(int(low), int(high))
            case "number":
                low, high = schema.get("minimum", -90), schema.get("maximum", 1000)
                tenths = random.randint(int(low * 10), int(high * 10))
                return tenths / 10
            case None:
                return random.choice(("text", 1, 2.5, False, None, [], {"a": [1]}))
            case other:
                raise AssertionError(f"no schema of OCPP has a {other}")

    def limits(self, schema: Schema) -> Iterator[Any]:
        """Valid values at the limits: every enumeration value, both ends of every range."""
        yield from schema.get("enum", ())
        yield from (_tidy(schema[name]) for name in ("minimum", "maximum") if name in schema)
        if "maxLength" in schema:
            yield "x" * schema["maxLength"]
            yield "𝄞" * schema["maxLength"]  # a length is counted in characters, not in bytes
        if schema.get("format") == "date-time":
            yield from TIMES
        if schema.get("type") == "boolean":
            yield from (True, False)
        if "multipleOf" in schema:  # no double has these values
            yield from (0.3, 16.1, 1234567.9, -0.1)
        if "maxItems" in schema:
            yield [self.minimal(schema["items"])] * schema["maxItems"]

    # Faults

    def faults(self, schema: Schema) -> Iterator[tuple[Fault, Path, Any]]:
        """Kind, place below this one, and the value that stands here instead."""
        yield from self._wrong_types(schema)
        match schema.get("type"):
            case "object":
                yield from self._wrong_members(schema)
            case "array":
                item = self.minimal(schema["items"])
                if schema.get("minItems", 0) > 0:
                    yield Fault.ITEMS_MIN, (), [item] * (schema["minItems"] - 1)
                if "maxItems" in schema:
                    yield Fault.ITEMS_MAX, (), [item] * (schema["maxItems"] + 1)
            case "string":
                yield from _wrong_strings(schema)
            case "integer" | "number":
                yield from _wrong_numbers(schema)

    def _wrong_types(self, schema: Schema) -> Iterator[tuple[Fault, Path, Any]]:
        yield Fault.NULL, (), None
        others: dict[str, list[Any]] = {
            "object": [[], "{}"],
            "array": [{}, "[]"],
            "string": [1, True, ["x"]],
            "boolean": [0, "true"],
            "integer": ["1", True, {}],
            "number": ["1.5", False, []],
        }
        for value in others.get(schema.get("type", ""), ()):
            yield Fault.TYPE, (), value

    def _wrong_members(self, schema: Schema) -> Iterator[tuple[Fault, Path, Any]]:
        smallest = self.minimal(schema)
        for name in schema.get("required", ()):
            rest = {other: value for other, value in smallest.items() if other != name}
            yield Fault.MISSING, (name,), rest
        for name in ("notAMember", "", *_misspelt(schema)):
            yield Fault.EXTRA, (name,), smallest | {name: 1}


def _with_member(around: Around, rest: dict[str, Any], name: str, value: Any) -> Any:
    return around(rest | {name: value})


def _with_item(around: Around, fill: list[Any], value: Any) -> Any:
    return around([value, *fill])


def _misspelt(schema: Schema) -> Iterator[str]:
    """A member in snake_case and in capitals: names that our own types might let through."""
    for name in list(schema.get("properties", {}))[:2]:
        snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
        yield from sorted({name.upper(), snake} - {name})


def _wrong_strings(schema: Schema) -> Iterator[tuple[Fault, Path, Any]]:
    if "enum" in schema:
        known = schema["enum"]
        yield Fault.ENUM_UNKNOWN, (), "NoSuchValue"
        yield Fault.ENUM_UNKNOWN, (), ""
        yield Fault.ENUM_UNKNOWN, (), known[0] + " "
        for value in sorted(
            {known[0].lower(), known[0].upper(), known[-1].swapcase()} - set(known)
        ):
            yield Fault.ENUM_CASE, (), value
    elif schema.get("format") == "date-time":
        for value in ("", "yesterday", "2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00"):
            yield Fault.FORMAT, (), value
    if "maxLength" in schema:
        yield Fault.LENGTH, (), "x" * (schema["maxLength"] + 1)
        yield Fault.LENGTH, (), "€" * (schema["maxLength"] + 1)


def _wrong_numbers(schema: Schema) -> Iterator[tuple[Fault, Path, Any]]:
    low, high = (_tidy(schema.get(name)) for name in ("minimum", "maximum"))
    step: int | float = 0.25
    if schema["type"] == "integer":
        step = 1
        yield Fault.FRACTION, (), (low or 1) + 0.5
        yield Fault.WHOLE_FLOAT, (), float(low or 1)
    else:
        yield Fault.BEYOND_DOUBLE, (), _PLACEHOLDER
    if low is not None:
        yield from ((Fault.MINIMUM, (), value) for value in (low - 1, low - step, low - 1.0))
    if high is not None:
        yield from ((Fault.MAXIMUM, (), value) for value in (high + 1, high + step, high + 1.0))
    if "multipleOf" in schema:
        for value in (0.05, 16.15, 1234567.89, -0.01, 0.30000000000000004):
            yield Fault.MULTIPLE_OF, (), value


def _tidy(limit: Any) -> Any:
    """A limit such as 0.0 as the integer it is."""
    return int(limit) if limit is not None and limit == int(limit) else limit


def _usual_items(schema: Schema) -> int:
    """Two items, if the schema allows; more if it demands them."""
    most: int = min(schema.get("maxItems", ITEMS_USUAL_MAX), ITEMS_USUAL_MAX)
    least: int = schema.get("minItems", 0)
    return max(most, least)


def _text(message: Any) -> str:
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    return text.replace(f'"{_PLACEHOLDER}"', BEYOND_ANY_DOUBLE)
