"""For every schema file: our decoder and the official schema agree, but for listed exceptions."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from chargeplane.ocpp import codec
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.violations import json_path
from tests.ocpp.verdict.exceptions import DISAGREEMENTS, Disagreement, is_explained
from tests.ocpp.verdict.generate import Fault, Generator, Mutant
from tests.ocpp.verdict.judges import FILES, is_draft_4, our_error, schema_accepts, type_of
from tools.generator.sources import schemas

RANDOM_COUNT = 10
VALID_COUNT_MIN = 8_000
MUTANT_COUNT_MIN = 35_000

CODES = {
    Fault.TYPE: ErrorCode.TYPE_CONSTRAINT_VIOLATION,
    Fault.NULL: ErrorCode.TYPE_CONSTRAINT_VIOLATION,
    Fault.FRACTION: ErrorCode.TYPE_CONSTRAINT_VIOLATION,
    Fault.WHOLE_FLOAT: ErrorCode.TYPE_CONSTRAINT_VIOLATION,
    Fault.MISSING: ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    Fault.ITEMS_MIN: ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    Fault.ITEMS_MAX: ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    Fault.EXTRA: ErrorCode.FORMAT_VIOLATION,
    Fault.BEYOND_DOUBLE: ErrorCode.FORMAT_VIOLATION,
}

every_file = pytest.mark.parametrize(
    ("version", "name"), FILES, ids=[f"{version}-{name}" for version, name in FILES]
)


@cache
def valid_messages(version: Version, name: str) -> list[str]:
    return Generator(schemas(version)[name]).valid(f"{version} {name}", RANDOM_COUNT)


@cache
def mutants(version: Version, name: str) -> list[Mutant]:
    return Generator(schemas(version)[name]).mutants()


def disagreements(
    version: Version, name: str, accepts: Callable[[str], bool]
) -> list[tuple[Mutant, bool]]:
    """The faults on which a decoder and the schema differ, with the decoder's verdict."""
    schema = schema_accepts(version, name)
    verdicts = [(mutant, accepts(mutant.text)) for mutant in mutants(version, name)]
    return [(mutant, ours) for mutant, ours in verdicts if ours is not schema(mutant.text)]


def test_the_files_and_messages_are_as_many_as_promised() -> None:
    assert len(FILES) == 78 + 128 + 181
    assert sum(is_draft_4(*file) for file in FILES) == 56
    assert sum(len(valid_messages(*file)) for file in FILES) >= VALID_COUNT_MIN
    assert sum(len(mutants(*file)) for file in FILES) >= MUTANT_COUNT_MIN
    assert {mutant.fault for file in FILES for mutant in mutants(*file)} == set(Fault)


@every_file
def test_a_valid_message_is_accepted_and_comes_back_unchanged(version: Version, name: str) -> None:
    schema, ours = schema_accepts(version, name), our_error(version, name)
    expected: Any = type_of(version, name)
    for text in valid_messages(version, name):
        assert schema(text), f"not what the schema calls valid: {text}"
        assert ours(text) is None, text
        message = codec.decode(expected, text)
        again = codec.encode(message)
        assert codec.decode(expected, again) == message
        assert json.loads(again) == json.loads(text)
        assert schema(again.decode())


@every_file
def test_a_fault_gets_the_verdict_of_the_schema(version: Version, name: str) -> None:
    ours = our_error(version, name)
    found = disagreements(version, name, lambda text: ours(text) is None)
    unexplained = [
        mutant for mutant, accepted in found if accepted or not is_explained(version, mutant.fault)
    ]
    assert unexplained == []


@every_file
def test_a_refusal_names_the_place_and_carries_the_right_code(version: Version, name: str) -> None:
    ours = our_error(version, name)
    for mutant in mutants(version, name):
        if (error := ours(mutant.text)) is None:
            continue
        code = CODES.get(mutant.fault, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION)
        assert error.code is code, (mutant, error)
        if mutant.fault is not Fault.BEYOND_DOUBLE:  # the parser stops before there is a payload
            (fault,) = error.details["violations"]
            assert fault.startswith(f"`{json_path(mutant.path)}` "), (mutant, fault)


@pytest.mark.parametrize("row", DISAGREEMENTS, ids=lambda row: row.fault.name.lower())
def test_an_exception_is_still_needed(row: Disagreement) -> None:
    for version in row.versions:
        schema, ours = schema_accepts(version, row.schema), our_error(version, row.schema)
        found = [mutant for mutant in mutants(version, row.schema) if mutant.fault is row.fault]
        assert any(schema(mutant.text) and ours(mutant.text) for mutant in found), row
