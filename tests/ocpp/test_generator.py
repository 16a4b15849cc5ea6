"""The generator of the message types: its names, its corrections, and what is committed."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from chargeplane.ocpp.versions import Version
from tools import generate_types
from tools.generator.names import camel, member, snake
from tools.generator.sources import CORRECTIONS, action_rows, digest, schema_folder, schemas
from tools.generator.sources import _correct as correct


def test_the_committed_types_are_what_the_generator_writes() -> None:
    assert generate_types.stale() == []


def test_a_changed_and_a_superfluous_file_are_called_stale(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = generate_types.generate(tmp_path)
    monkeypatch.setattr(generate_types, "TARGET", tmp_path)
    assert generate_types.stale() == []
    written[0].write_text("changed", encoding="utf-8")
    (tmp_path / "v16" / "old.py").write_text("", encoding="utf-8")
    stale = generate_types.stale()
    assert len(stale) == 2
    assert "not what" in stale[0]
    assert "no longer generated" in stale[1]


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        ("evseId", "evse_id"),
        ("idTag", "id_tag"),
        ("iso15118SchemaVersion", "iso15118_schema_version"),
        ("ocppCsmsUrl", "ocpp_csms_url"),
        ("prioritizedEMAIDs", "prioritized_emaids"),
        ("soC", "soc"),
        ("limitAtSoC", "limit_at_soc"),
        ("priceKwh", "price_kwh"),
        ("limit_L2", "limit_l2"),
        ("priceScheduleID", "price_schedule_id"),
        ("customData", "custom_data"),
        ("from", "from_"),
        ("value", "value"),
    ],
)
def test_wire_names_become_python_names(wire: str, name: str) -> None:
    assert snake(wire) == name


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("Energy.Active.Import.Register", "ENERGY_ACTIVE_IMPORT_REGISTER"),
        ("SuspendedEVSE", "SUSPENDED_EVSE"),
        ("L1-N", "L1_N"),
        ("kWh", "KWH"),
        ("2.0.1", "V2_0_1"),
    ],
)
def test_values_become_members(value: str, name: str) -> None:
    assert member(value) == name
    assert name.isidentifier()


@pytest.mark.parametrize(
    ("name", "wire"), [("evse_id", "evseId"), ("id", "id"), ("limit_l2", "limitL2")]
)
def test_camel_is_what_msgspec_makes_of_a_name(name: str, wire: str) -> None:
    assert camel(name) == wire


@pytest.mark.parametrize("correction", CORRECTIONS, ids=lambda each: ".".join(each.path[-2:]))
def test_a_correction_is_still_needed_and_gives_the_official_value(correction: Any) -> None:
    path = schema_folder(correction.version) / f"{correction.schema}.json"
    copied = json.loads(path.read_text(encoding="utf-8-sig"))
    before = copy.deepcopy(copied)
    correct(copied, correction)
    assert copied != before, "the copy is official now; the correction can go"
    assert copied == _only_that_place(
        schemas(correction.version)[correction.schema], before, correction
    )


def _only_that_place(corrected: Any, before: Any, correction: Any) -> Any:
    """The file as copied, with the corrected value in one place."""
    node, official = before, corrected
    *parents, last = correction.path
    for key in parents:
        node, official = node[key], official[key]
    if last in official:
        node[last] = official[last]
    else:
        del node[last]
    return before


def test_the_corrections_are_the_known_four() -> None:
    exi = schemas(Version.V2_0_1)["Get15118EVCertificateResponse"]["properties"]["exiResponse"]
    assert exi["maxLength"] == 5600
    values = schemas(Version.V1_6)["MeterValues"]["properties"]["meterValue"]
    samples = values["items"]["properties"]["sampledValue"]
    assert "minItems" not in values
    assert "minItems" not in samples
    assert "Hertz" not in samples["items"]["properties"]["unit"]["enum"]
    assert len(CORRECTIONS) == 4


def test_every_version_has_its_schemas_and_its_rows() -> None:
    assert [len(schemas(v)) for v in (Version.V1_6, Version.V2_0_1, Version.V2_1)] == [78, 128, 181]
    assert [len(list(action_rows(version))) for version in Version] == [18, 24, 39, 64, 91]


def test_a_digest_does_not_depend_on_the_order_of_members() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})
