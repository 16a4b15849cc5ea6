"""Every repair that is registered does what it says, and only when it is allowed."""

from __future__ import annotations

import json
from copy import deepcopy
from zoneinfo import ZoneInfo

import pytest

from chargeplane.ocpp import v16
from chargeplane.ocpp.catalogue import find
from chargeplane.ocpp.tolerance import REPAIRS, STRICT, TOLERANT, Repair, Stage, Tolerance
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.violations import violations
from tests.ocpp.tolerance.frames import ACTIONS, OF_PEER, PAYLOADS, TEXTS, Case

BOOT_16 = {"chargePointVendor": "Vendor", "chargePointModel": "Model"}


def test_every_registered_repair_is_tested() -> None:
    tested = {
        Stage.TEXT: TEXTS.keys(),
        Stage.FRAME: OF_PEER,
        Stage.ACTION: ACTIONS.keys() | {"payload-of-another-version"},
        Stage.PAYLOAD: PAYLOADS.keys(),
    }
    for stage, names in tested.items():
        assert names == {rule.name for rule in REPAIRS.values() if rule.stage is stage}


def test_every_rule_has_a_sentence_and_says_where_it_was_seen() -> None:
    for name, rule in REPAIRS.items():
        assert rule.name == name
        assert not rule.description[0].islower()
        assert rule.description.endswith(".")
        assert rule.seen


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_repaired_and_reported(name: str) -> None:
    text, meant = TEXTS[name]
    found = TOLERANT.text(text)
    assert found is not None
    assert json.loads(found[0]) == meant
    assert [repair.name for repair in found[1]] == [name]
    assert found[1][0].path == ""
    assert Tolerance([name]).text(text) == found
    assert Tolerance(REPAIRS.keys() - {name}).text(text) is None
    assert STRICT.text(text) is None


@pytest.mark.parametrize(("name", "case"), PAYLOADS.items(), ids=PAYLOADS)
def test_a_payload_is_repaired_and_reported(name: str, case: Case) -> None:
    received = deepcopy(case.payload)
    found = TOLERANT.payload(case.expected, case.payload)
    assert found is not None
    assert found[0] == case.repaired
    assert not violations(found[0], case.expected)
    assert found[1] == (Repair(name, case.path, case.before, case.after),)
    assert type(found[1][0].after) is type(case.after)
    assert case.payload == received, "what was received stays as it is"


@pytest.mark.parametrize(("name", "case"), PAYLOADS.items(), ids=PAYLOADS)
def test_a_payload_is_repaired_by_no_repair_that_is_off(name: str, case: Case) -> None:
    assert STRICT.payload(case.expected, case.payload) is None
    without = Tolerance(TOLERANT.names - {name}).payload(case.expected, case.payload)
    assert without is None or name not in {repair.name for repair in without[1]}
    alone = Tolerance([name]).payload(case.expected, case.payload)
    assert alone is not None
    assert alone[0] == case.repaired


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_is_recognised_and_reported(name: str) -> None:
    version, written, meant = ACTIONS[name]
    found = TOLERANT.action(version, written)
    assert found is not None
    assert f"{found[0].version} {found[0].name}" == meant
    assert found[1] == Repair(name, "$[2]", written, meant)
    assert Tolerance(TOLERANT.names - {name}).action(version, written) is None
    assert STRICT.action(version, written) is None


def test_a_payload_of_another_version_is_served_as_such() -> None:
    boot = find(Version.V2_0_1, "BootNotification")
    assert boot is not None
    found = TOLERANT.relative(boot, BOOT_16)
    assert found is not None
    assert found[0] is find(Version.V1_6, "BootNotification")
    assert found[1] == Repair("payload-of-another-version", "$", "2.0.1", "1.6")
    assert STRICT.relative(boot, BOOT_16) is None
    assert Tolerance(TOLERANT.names - {found[1].name}).relative(boot, BOOT_16) is None


@pytest.mark.parametrize("name", sorted(OF_PEER))
def test_a_repair_of_the_frame_is_allowed_by_name(name: str) -> None:
    assert TOLERANT.allows(name) is (name != "message-id-reused")
    assert not STRICT.allows(name)
    assert Tolerance([name]).allows(name)


def test_a_correct_payload_is_left_as_it_is_by_the_strict_and_by_the_tolerant() -> None:
    for tolerance in (STRICT, TOLERANT):
        assert tolerance.payload(v16.BootNotificationRequest, BOOT_16) == (BOOT_16, ())


def test_an_unknown_name_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match=r"called bracket, comma; there are byte-order-mark, "):
        Tolerance(["commas", "comma", "bracket"])


def test_a_time_without_zone_is_that_of_the_station() -> None:
    case = PAYLOADS["date-without-zone"]
    for zone, hour in (("Europe/Berlin", "05"), ("Asia/Kolkata", "01")):
        found = Tolerance(zone=ZoneInfo(zone)).payload(case.expected, case.payload)
        assert found is not None
        assert found[0]["timestamp"].startswith(f"2024-05-06T{hour}:")


def test_a_repair_reads_as_a_sentence_and_does_not_grow_with_what_was_sent() -> None:
    assert str(Repair("too-long", "$.idTag", "A" * 3, None)) == (
        "too-long at $.idTag: 'AAA' -> nothing"
    )
    assert len(str(Repair("too-long", "", "A" * 100_000, ["B"] * 100))) < 200
    assert "Tolerance" in repr(TOLERANT)
