"""Each quirk does what its name says, and a tolerant central system survives each."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chargeplane.ocpp import v16
from chargeplane.ocpp.tolerance import TOLERANT
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request, Response
from chargeplane.station.quirks import QUIRKS, Disguise
from chargeplane.station.wires.handshake import Handshake
from tests.station.stage import Stage
from tools.list_quirks import reference

ASKED = {  # shown only in answers; tests of their own below
    "answers-without-id",
    "booleans-as-digits",
    "long-configuration",
    "numeric-readonly",
    "rate-unit-as-watts",
    "stack-level-0",
    "typed-configuration",
}
APART = {*ASKED, "leading-comma", "messages-of-1.6", "never-stops"}
OF_FRAMES = [name for name, quirk in QUIRKS.items() if quirk.rule and name not in APART]


def version_for(name: str) -> Version:
    return QUIRKS[name].family or Version.V1_6


def visited(name: str) -> Stage:
    """A whole visit with one quirk, seen by a tolerant central system."""
    stage = Stage(version_for(name), quirks=[name], tolerance=TOLERANT).connect()
    stage.charge(200)
    return stage


def sent(stage: Stage, action: str) -> list[dict[str, Any]]:
    frames = [json.loads(each) for each in stage.frames if each.startswith("[2,")]
    return [each[3] for each in frames if each[2] == action]


def events(stage: Stage) -> list[tuple[str, int]]:
    return [(each["eventType"], each["seqNo"]) for each in sent(stage, "TransactionEvent")]


@pytest.mark.parametrize("name", OF_FRAMES)
def test_a_quirk_changes_what_is_sent_and_the_visit_still_comes_to_its_end(name: str) -> None:
    odd = visited(name)
    plain = Stage(version_for(name), tolerance=TOLERANT).connect()
    plain.charge(200)
    ends = ("StopTransaction", "TransactionEvent")
    assert [sent(odd, each) for each in ends] != [[], []]
    if name not in {"truncated-configuration", "numeric-tag"}:
        assert odd.frames != plain.frames
    assert len(odd.core.hub.outbox) == 0


@pytest.mark.parametrize("name", QUIRKS)
def test_every_quirk_is_named_and_described(name: str) -> None:
    quirk = QUIRKS[name]
    assert quirk.name == name
    assert name == name.lower()
    assert " " not in name
    assert quirk.row is None or 1 <= quirk.row <= 90
    assert quirk.text[0].islower()
    hooks = (
        quirk.rule,
        quirk.handshake,
        quirk.hearing,
        quirk.both,
        quirk.redial_s,
        quirk.envelope,
        quirk.reaction,
    )
    assert sum(each is not None for each in hooks) + bool(quirk.first_dial_s) == 1


def test_a_quirk_that_is_not_known_or_of_another_family_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no quirk 'nonsense'"):
        Disguise(["nonsense"], Version.V1_6)
    with pytest.raises(ValueError, match="is one of OCPP 1.6"):
        Disguise(["duplicate-start"], Version.V2_1)
    assert Disguise(["duplicate-start"], Version.V1_2).names == ("duplicate-start",)


def test_kwh_are_labelled_wh() -> None:
    samples = sent(visited("kwh-as-wh"), "MeterValues")[-1]["meterValue"][0]["sampledValue"]
    assert (samples[0]["value"], samples[0]["unit"]) == ("1", "Wh")


def test_a_start_comes_after_its_stop_which_has_no_id() -> None:
    stage = visited("stop-before-start")
    order = [json.loads(each)[2] for each in stage.frames if each.startswith("[2,")]
    ends = [each for each in order if each in {"StartTransaction", "StopTransaction"}]
    assert ends == ["StopTransaction", "StartTransaction"]
    assert sent(stage, "StopTransaction")[0]["transactionId"] == 0


def test_a_start_is_sent_twice_under_two_ids() -> None:
    stage = visited("duplicate-start")
    one, other = sent(stage, "StartTransaction")
    assert one == other
    ids = [json.loads(each)[1] for each in stage.frames if "StartTransaction" in each]
    assert len(set(ids)) == 2


@pytest.mark.parametrize(
    ("name", "transaction_id"),
    [("stop-with-zero", 0), ("stop-with-minus-one", -1), ("null-transaction-id", None)],
)
def test_a_stop_does_not_know_its_transaction(name: str, transaction_id: int | None) -> None:
    (stop,) = sent(visited(name), "StopTransaction")
    assert stop["transactionId"] == transaction_id


def test_the_last_event_repeats_the_number_of_the_first() -> None:
    told = events(visited("repeated-seq-no"))
    assert (told[0], told[-1]) == (("Started", 0), ("Ended", 0))


def test_the_first_event_is_missing() -> None:
    told = events(visited("missing-started"))
    assert told[0] == ("Updated", 1)


def test_the_first_event_comes_last() -> None:
    told = events(visited("ended-before-started"))
    assert [each[0] for each in told[-2:]] == ["Ended", "Started"]


def test_times_have_no_zone_and_members_are_null() -> None:
    (start,) = sent(visited("times-without-zone"), "StartTransaction")
    assert start["timestamp"] == "2026-01-05T08:00:10"
    (boot,) = sent(visited("null-members"), "BootNotification")
    assert boot["iccid"] is None


def test_a_tag_of_digits_is_a_number() -> None:
    rule = QUIRKS["numeric-tag"].rule
    assert rule is not None
    (text,) = rule()([2, "1", "Authorize", {"idTag": "123456"}]).send
    assert json.loads(text)[3] == {"idTag": 123456}


def test_an_answer_loses_its_brackets() -> None:
    rule = QUIRKS["truncated-configuration"].rule
    assert rule is not None
    (text,) = rule()([3, "1", {"configurationKey": [{"key": "A", "readonly": True}]}]).send
    assert text == '[3,"1",{"configurationKey":[{"key":"A","readonly":true'


def test_quirks_add_up_even_behind_one_that_breaks_the_text() -> None:
    disguise = Disguise(["truncated-configuration", "null-members"], Version.V1_6)
    answer = '[3,"1",{"a":[{"b":1}]}]'
    assert disguise.frames(answer).send == ['[3,"1",{"a":[{"b":1']


def test_a_handshake_names_no_subprotocol() -> None:
    plain = Handshake("ws://host/CP1", ("ocpp1.6",))
    assert Disguise([], Version.V1_6).handshake(plain) == plain
    odd = Disguise(["no-subprotocol"], Version.V1_6).handshake(plain)
    assert odd == Handshake("ws://host/CP1", ())


def asked(name: str, request: Request) -> Response | str | None:
    """What a station with a quirk answers; None: nothing."""
    stage = Stage(version_for(name), quirks=[name], tolerance=TOLERANT).connect()
    stage.central.ask(request, stage.now_s)
    for text in stage.central.outgoing():
        stage.core.receive(text, stage.now_s)
    stage.carry()
    return stage.central.said[0] if stage.central.said else None


def configuration(name: str) -> dict[str, Any]:
    """The answer of a quirk to GetConfiguration, as it stands on the wire."""
    stage = Stage(version_for(name), quirks=[name], tolerance=TOLERANT).connect()
    stage.ask(v16.GetConfigurationRequest())
    (text,) = [each for each in stage.frames if "configurationKey" in each]
    found = json.loads(text)
    return {"id": found[1], **{each["key"]: each for each in found[2]["configurationKey"]}}


def test_odd_configurations_are_said_and_a_tolerant_central_system_reads_them() -> None:
    key = "ChargingScheduleAllowedChargingRateUnit"
    assert configuration("rate-unit-as-watts")[key]["value"] == "W"
    assert configuration("stack-level-0")["ChargeProfileMaxStackLevel"]["value"] == "0"
    assert configuration("booleans-as-digits")["AuthorizeRemoteTxRequests"]["value"] in {"0", "1"}
    typed = configuration("typed-configuration")
    assert isinstance(typed["AuthorizeRemoteTxRequests"]["value"], bool)
    assert isinstance(typed["HeartbeatInterval"]["value"], int)
    assert configuration("numeric-readonly")["HeartbeatInterval"]["readonly"] == 0
    long = configuration("long-configuration")
    assert max(len(each.get("value", "")) for key, each in long.items() if key != "id") == 551


def test_an_answer_without_an_id_is_no_answer() -> None:
    assert asked("answers-without-id", v16.ClearCacheRequest()) is None


def test_commands_are_refused_or_left_without_an_answer() -> None:
    trigger = v16.TriggerMessageRequest(requested_message=v16.MessageTrigger.METER_VALUES)
    start = v16.RemoteStartTransactionRequest(id_tag="no-hex")
    change = v16.ChangeAvailabilityRequest(connector_id=0, type=v16.AvailabilityType.OPERATIVE)
    rejected = v16.RemoteStartTransactionResponse(status=v16.RemoteStartStopStatus.REJECTED)
    assert asked("hex-tags-only", start) == rejected
    assert asked("trigger-needs-connector", trigger) == v16.TriggerMessageResponse(
        status=v16.TriggerMessageStatus.REJECTED
    )
    assert asked("silent-on-availability", change) is None


def profile(limit: str) -> v16.SetChargingProfileRequest:
    period = v16.ChargingSchedulePeriod(start_period=0, limit=Decimal(limit))
    schedule = v16.ChargingSchedule(
        charging_rate_unit=v16.ChargingRateUnitType.A, charging_schedule_period=[period]
    )
    return v16.SetChargingProfileRequest(
        connector_id=1,
        cs_charging_profiles=v16.ChargingProfile(
            charging_profile_id=1,
            stack_level=0,
            charging_profile_purpose=v16.ChargingProfilePurposeType.TX_DEFAULT_PROFILE,
            charging_profile_kind=v16.ChargingProfileKindType.RELATIVE,
            charging_schedule=schedule,
        ),
    )


def test_profiles_are_ignored_or_rejected() -> None:
    status = v16.ChargingProfileStatus
    accepted = v16.SetChargingProfileResponse(status=status.ACCEPTED)
    assert asked("ignores-profiles", profile("6.0")) == accepted
    assert asked("limits-in-tenths", profile("6.0")) == accepted
    rejected = v16.SetChargingProfileResponse(status=status.REJECTED)
    assert asked("rejects-profiles", profile("6.0")) == rejected


def test_limits_and_times_that_a_station_cannot_read_are_answered_with_errors() -> None:
    tenths = Disguise(["limits-in-tenths"], Version.V1_6)
    fine = '[2,"1","SetChargingProfile",{"a":[{"limit":6.25}]}]'
    assert tenths.heard(fine).send == ['[4,"1","PropertyConstraintViolation","",{}]']
    offset = Disguise(["refuses-offset-times"], Version.V1_6)
    assert "FormationViolation" in offset.heard('[2,"1","ReserveNow",{"t":"x+00:00"}]').send[0]
    zulu = '[2,"1","ReserveNow",{"t":"xZ"}]'
    assert (offset.heard(zulu).receive, offset.heard(zulu).send) == ([zulu], [])
    shape = Disguise(["profiles-of-1.6"], Version.V2_1)
    assert "PropertyConstraintViolation" in shape.heard(fine).send[0]


def test_it_is_mute_once_it_is_asked_too_early() -> None:
    disguise = Disguise(["stuck-by-early-configuration"], Version.V1_6)
    early, boot = '[2,"9","GetConfiguration",{}]', '[2,"1","BootNotification",{}]'
    assert disguise.heard(early).receive == [early]
    assert disguise.frames(boot).send == [boot]
    assert disguise.heard(early).receive == []
    assert disguise.frames('[3,"9",{}]').send == []


def test_every_request_has_the_same_id_and_gets_its_own_answer() -> None:
    stage = visited("same-message-id")
    ids = {json.loads(each)[1] for each in stage.frames if each.startswith("[2,")}
    assert ids == {"1000001"}


def test_it_says_in_1_6_what_belongs_into_2_1() -> None:
    rule = QUIRKS["messages-of-1.6"].rule
    assert rule is not None
    told = {"connectorStatus": "Occupied", "evseId": 2, "timestamp": "T"}
    (text,) = rule()([2, "1", "StatusNotification", told]).send
    assert json.loads(text)[3]["status"] == "Charging"


def test_meter_values_are_odd() -> None:
    stage = visited("session-meter")
    (start,) = sent(stage, "StartTransaction")
    assert start["meterStart"] == 0
    samples = sent(visited("unknown-unit"), "MeterValues")[0]["meterValue"][0]["sampledValue"]
    assert samples[-1]["unit"] == "Hz"
    assert not sent(visited("no-meter-values"), "MeterValues")
    assert {
        each["connectorId"] for each in sent(visited("meter-values-of-connector-0"), "MeterValues")
    } == {0, 1}
    late = [json.loads(each)[2] for each in visited("late-meter-values").frames if each[1] == "2"]
    assert late[late.index("StopTransaction") + 1] == "MeterValues"
    rule = QUIRKS["leading-comma"].rule
    assert rule is not None
    (text,) = rule()([2, "1", "MeterValues", {"sampledValue": [{"value": "1"}]}]).send
    assert '"sampledValue":[,{' in text
    assert not sent(visited("never-stops"), "StopTransaction")


def test_it_waits_before_it_dials() -> None:
    usual = Disguise([], Version.V1_6)
    assert (usual.redial_s(5.0), usual.first_dial_s) == (5.0, 0.0)
    assert 360 <= Disguise(["slow-redial"], Version.V1_6).redial_s(10.0) <= 19 * 60
    assert Disguise(["no-redial"], Version.V1_6).redial_s(1.0) > 86_400
    assert Disguise(["late-first-dial"], Version.V1_6).first_dial_s == 900


def test_soap_envelopes_are_odd() -> None:
    head = '<wsa:MessageID a="b">x</wsa:MessageID><cs:chargeBoxIdentity>CP</cs:chargeBoxIdentity>'
    assert "MessageID" not in Disguise(["no-soap-message-id"], Version.V1_6).envelope(head)
    other = Disguise(["identity-of-the-other-service"], Version.V1_6).envelope(head)
    assert 'xmlns:o="urn://Ocpp/Cp/2012/06/">CP</o:' in other


def test_the_reference_lists_every_quirk_and_every_fault() -> None:
    page = (Path(__file__).parents[3] / "docs/reference/quirks-and-faults.md").read_text()
    assert page == reference()
