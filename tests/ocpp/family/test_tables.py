"""The tables of differences name only what exists, and lifting has a word for everything."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

import msgspec
import pytest

from chargeplane.ocpp.family import tables_1x, tables_2x
from chargeplane.ocpp.family.rules import ANY, Rules
from chargeplane.ocpp.versions import Version

RULES = tables_1x.RULES | tables_2x.RULES
UP = [(old, new) for old, new in RULES if new is old.newest_of_family]
every_table = pytest.mark.parametrize(
    ("old", "new"), list(RULES), ids=[f"{old}-{new}" for old, new in RULES]
)


def package(version: Version) -> ModuleType:
    return import_module(f"chargeplane.ocpp.{version.package}")


def fields(version: Version, datatype: str) -> dict[str, Any]:
    found = msgspec.structs.fields(getattr(package(version), datatype))
    return {field.encode_name: field for field in found}


def values(version: Version, enum: str) -> set[str] | None:
    found = getattr(package(version), enum, None)
    return None if found is None else {member.value for member in found}


def test_every_pair_of_a_family_has_a_table() -> None:
    pairs = {(v, v.newest_of_family) for v in Version if v is not v.newest_of_family}
    assert set(RULES) == pairs | {(new, old) for old, new in pairs}
    assert all(RULES[pair].total is (pair in pairs) for pair in RULES)


@every_table
def test_a_renamed_field_exists_at_both_ends_under_its_name(old: Version, new: Version) -> None:
    for datatype, names in RULES[old, new].renames.items():
        for here, there in names.items():
            assert here in fields(old, datatype)
            assert there in fields(new, datatype)
            assert here not in fields(new, datatype)


@every_table
def test_a_row_for_a_value_is_needed_and_gives_a_value_that_exists(
    old: Version, new: Version
) -> None:
    for enum, rows in RULES[old, new].values.items():
        here, there = values(old, enum), values(new, enum)
        if there is None:  # an enumeration that this version does not have yet
            assert (old, new, enum) == (Version.V1_6, Version.V1_2, "UnitOfMeasure")
            continue
        for value, said in rows.items():
            assert said.value in there
            assert value not in there or value == ANY
            assert value == ANY or here is None or value in here, (enum, value)


@every_table
def test_what_is_assumed_is_required_there_and_optional_or_missing_here(
    old: Version, new: Version
) -> None:
    for (datatype, name), assumed in RULES[old, new].assumed.items():
        assert fields(new, datatype)[name].required
        given = fields(old, datatype).get(name)
        assert given is None or not given.required or old is Version.V1_5
        assert assumed.reason


@every_table
def test_special_fields_and_datatypes_exist(old: Version, new: Version) -> None:
    rules: Rules = RULES[old, new]
    for datatype, names in (*rules.essential.items(), *rules.texts.items()):
        assert names - {ANY} <= fields(old, datatype).keys(), datatype
    for datatype in (*rules.whole, *rules.datatypes):
        assert fields(old, datatype)
    for datatype, name in rules.fields:
        assert name in fields(old, datatype)


@pytest.mark.parametrize(("old", "new"), UP, ids=[f"{old}-{new}" for old, new in UP])
def test_lifting_has_a_word_for_every_value(old: Version, new: Version) -> None:
    enums = import_module(f"chargeplane.ocpp.{old.package}.enumerations")
    for enum in enums.__all__:
        known = values(new, enum)
        if known is not None:  # else an open text in the newer version
            assert (values(old, enum) or set()) <= known | RULES[old, new].values.get(
                enum, {}
            ).keys()


def test_lowering_to_1_5_keeps_every_state_of_a_connector() -> None:
    rows = RULES[Version.V1_6, Version.V1_5].values["ChargePointStatus"]
    known = values(Version.V1_5, "ChargePointStatus") or set()
    assert (values(Version.V1_6, "ChargePointStatus") or set()) <= known | rows.keys()
