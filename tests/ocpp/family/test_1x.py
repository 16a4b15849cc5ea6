"""1.2 and 1.5 as 1.6, and back: what is kept, what is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chargeplane.ocpp import codec, v12, v15, v16
from chargeplane.ocpp.family import Lifted, Lowered, Remark, lift, lower
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request, Response

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
AT_NOON = "2026-03-01T12:00:00Z"


def lifted(kind: type[Request] | type[Response], payload: Any) -> tuple[Any, list[str]]:
    """The payload of the lifted message, and the places of the remarks."""
    found = lift(codec.decode(kind, json.dumps(payload)), now=NOON)
    return json.loads(codec.encode(found.message)), [remark.path for remark in found.remarks]


def lowered(
    kind: type[Request] | type[Response], payload: Any, version: Version
) -> tuple[Any, list[str]]:
    """The payload of the lowered message or None, and the places of the losses."""
    found = lower(codec.decode(kind, json.dumps(payload)), version)
    said = None if found.message is None else json.loads(codec.encode(found.message))
    return said, [loss.path for loss in found.losses]


def status(word: str, error: str = "NoError") -> dict[str, Any]:
    return {"connectorId": 1, "status": word, "errorCode": error}


def samples(*values: dict[str, str]) -> dict[str, Any]:
    return {"connectorId": 1, "meterValue": [{"timestamp": AT_NOON, "sampledValue": list(values)}]}


def test_a_message_of_1_6_is_lifted_as_it_is() -> None:
    message = v16.HeartbeatRequest()
    assert lift(message) == Lifted(message)
    assert lift(message).message is message
    assert lower(message, Version.V1_6).message is message


def test_a_message_that_all_versions_share_changes_only_its_type() -> None:
    request = v12.AuthorizeRequest(id_tag="AABB")
    assert lift(request) == Lifted(v16.AuthorizeRequest(id_tag="AABB"))
    assert lower(v16.AuthorizeRequest(id_tag="AABB"), Version.V1_2) == Lowered(request)


# Lifting


def test_a_boot_answer_of_1_2_without_time_and_interval_is_completed_and_remarked() -> None:
    assert lifted(v12.BootNotificationResponse, {"status": "Accepted"}) == (
        {"status": "Accepted", "currentTime": AT_NOON, "interval": 0},
        ["$.currentTime", "$.interval"],
    )
    unknown = lift(v12.BootNotificationResponse(status=v12.RegistrationStatus.ACCEPTED)).message
    assert isinstance(unknown, v16.BootNotificationResponse)
    assert unknown.current_time.year == 1970


def test_the_heartbeat_interval_has_another_name() -> None:
    older = {"status": "Rejected", "currentTime": AT_NOON, "heartbeatInterval": 60}
    newer = {"status": "Rejected", "currentTime": AT_NOON, "interval": 60}
    for kind in (v12.BootNotificationResponse, v15.BootNotificationResponse):
        assert lifted(kind, older) == (newer, [])
    assert lowered(v16.BootNotificationResponse, newer, Version.V1_2) == (older, [])


def test_occupied_becomes_charging_with_a_remark() -> None:
    message = codec.decode(v15.StatusNotificationRequest, json.dumps(status("Occupied")))
    (remark,) = lift(message).remarks
    assert (remark.path, remark.value) == ("$.status", "Occupied")
    assert lifted(v15.StatusNotificationRequest, status("Occupied"))[0] == status("Charging")


def test_reserved_and_mode_3_errors_need_no_remark() -> None:
    older, newer = status("Reserved", "Mode3Error"), status("Reserved", "EVCommunicationError")
    assert lifted(v15.StatusNotificationRequest, older) == (newer, [])
    assert lowered(v16.StatusNotificationRequest, newer, Version.V1_5) == (older, [])


@pytest.mark.parametrize(
    ("older", "newer"), [("Accepted", "Unlocked"), ("Rejected", "UnlockFailed")]
)
def test_an_unlock_answer_has_other_words(older: str, newer: str) -> None:
    for kind in (v12.UnlockConnectorResponse, v15.UnlockConnectorResponse):
        assert lifted(kind, {"status": older}) == ({"status": newer}, [])
    for version in (Version.V1_2, Version.V1_5):
        assert lowered(v16.UnlockConnectorResponse, {"status": newer}, version) == (
            {"status": older},
            [],
        )


def test_the_whole_numbers_of_1_2_become_samples_of_the_energy_register() -> None:
    older = {"connectorId": 1, "values": [{"timestamp": AT_NOON, "value": -12}]}
    assert lifted(v12.MeterValuesRequest, older) == (samples({"value": "-12"}), [])
    assert lowered(v16.MeterValuesRequest, samples({"value": "-12"}), Version.V1_2) == (older, [])


def test_meter_values_without_values_are_an_empty_list_with_a_remark() -> None:
    for kind in (v12.MeterValuesRequest, v15.MeterValuesRequest):
        assert lifted(kind, {"connectorId": 1}) == (
            {"connectorId": 1, "meterValue": []},
            ["$.meterValue"],
        )


def test_the_samples_of_1_5_keep_their_attributes_and_change_their_units() -> None:
    def values(unit: str, other: str) -> list[dict[str, str]]:
        return [
            {"value": "16", "measurand": "Current.Import", "unit": unit, "location": "Inlet"},
            {"value": "230.1", "measurand": "Voltage", "unit": other, "context": "Sample.Clock"},
        ]

    older_value = {"timestamp": AT_NOON, "value": values("Amp", "Volt")}
    older = {"connectorId": 1, "transactionId": 7, "values": [older_value]}
    newer = samples(*values("A", "V")) | {"transactionId": 7}
    assert lifted(v15.MeterValuesRequest, older) == (newer, [])
    assert lowered(v16.MeterValuesRequest, newer, Version.V1_5) == (older, [])


def test_the_values_of_a_transaction_lose_their_groups() -> None:
    stop = {"transactionId": 7, "timestamp": AT_NOON, "meterStop": 9}
    old = {"timestamp": AT_NOON, "value": [{"value": "9"}]}
    new = {"timestamp": AT_NOON, "sampledValue": [{"value": "9"}]}
    one = stop | {"transactionData": [{"values": [old, old]}]}
    flat = stop | {"transactionData": [new, new]}
    assert lifted(v15.StopTransactionRequest, one) == (flat, [])
    assert lowered(v16.StopTransactionRequest, flat, Version.V1_5) == (one, [])
    two = stop | {"transactionData": [{"values": [old]}, {}, {"values": [old]}]}
    assert lifted(v15.StopTransactionRequest, two) == (flat, ["$.transactionData"])


def test_the_local_list_has_another_spelling_and_its_hash_has_no_place() -> None:
    entries = [{"idTag": "A", "idTagInfo": {"status": "Accepted"}}, {"idTag": "B"}]
    older = {"updateType": "Full", "listVersion": 3, "localAuthorisationList": entries}
    newer = {"updateType": "Full", "listVersion": 3, "localAuthorizationList": entries}
    assert lifted(v15.SendLocalListRequest, older) == (newer, [])
    assert lowered(v16.SendLocalListRequest, newer, Version.V1_5) == (older, [])
    assert lifted(v15.SendLocalListRequest, older | {"hash": "ff"}) == (newer, ["$.hash"])
    answer = {"status": "HashError", "hash": "ff"}
    said = ({"status": "Failed"}, ["$.status", "$.hash"])
    assert lifted(v15.SendLocalListResponse, answer) == said


def test_a_text_that_1_6_bounds_is_cut_so_that_no_token_equals_it() -> None:
    found = lift(v12.AuthorizeRequest(id_tag="12345678901234567890X"))
    assert found.message == v16.AuthorizeRequest(id_tag="1234567890123456789…")
    (remark,) = found.remarks
    assert (remark.path, remark.value) == ("$.idTag", "12345678901234567890X")
    keys = lift(v15.GetConfigurationRequest(key=["short", "x" * 51]))
    assert keys.message == v16.GetConfigurationRequest(key=["short", "x" * 49 + "…"])
    assert [remark.path for remark in keys.remarks] == ["$.key[1]"]


def test_microseconds_survive_the_slow_way() -> None:
    time = NOON.replace(microsecond=123_456)
    value = v12.MeterValue(timestamp=time, value=1)
    message = lift(v12.MeterValuesRequest(connector_id=1, values=[value])).message
    assert isinstance(message, v16.MeterValuesRequest)
    assert message.meter_value[0].timestamp == time


# Lowering


@pytest.mark.parametrize(
    "word", ["Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing"]
)
def test_a_state_of_use_is_occupied_with_a_loss(word: str) -> None:
    for version in (Version.V1_2, Version.V1_5):
        assert lowered(v16.StatusNotificationRequest, status(word), version) == (
            status("Occupied"),
            ["$.status"],
        )


def test_reserved_is_occupied_in_1_2() -> None:
    assert lowered(v16.StatusNotificationRequest, status("Reserved"), Version.V1_2) == (
        status("Occupied"),
        ["$.status"],
    )


def test_an_error_without_a_word_becomes_another_error_or_none() -> None:
    for code, in_1_5, in_1_2 in (
        ("GroundFailure", "GroundFailure", "NoError"),
        ("OverVoltage", "OtherError", "NoError"),
        ("LocalListConflict", "OtherError", "NoError"),
        ("ReaderFailure", "ReaderFailure", "ReaderFailure"),
    ):
        for version, word in ((Version.V1_5, in_1_5), (Version.V1_2, in_1_2)):
            said = lowered(v16.StatusNotificationRequest, status("Faulted", code), version)
            assert said == (status("Faulted", word), [] if word == code else ["$.errorCode"])


def test_details_of_a_status_have_no_place_in_1_2() -> None:
    details = {"info": "x", "timestamp": AT_NOON, "vendorId": "y", "vendorErrorCode": "z"}
    said = lowered(v16.StatusNotificationRequest, status("Available") | details, Version.V1_2)
    assert said == (
        status("Available"),
        ["$.info", "$.timestamp", "$.vendorId", "$.vendorErrorCode"],
    )


@pytest.mark.parametrize(
    ("kind", "word", "said"),
    [
        (v16.ChangeConfigurationResponse, "RebootRequired", "Accepted"),
        (v16.UnlockConnectorResponse, "NotSupported", "Rejected"),
        (v16.FirmwareStatusNotificationRequest, "Idle", None),
        (v16.FirmwareStatusNotificationRequest, "Downloading", None),
        (v16.DiagnosticsStatusNotificationRequest, "Uploading", None),
    ],
)
def test_a_word_of_1_6_becomes_a_near_one_or_nothing_at_all(
    kind: type[Request] | type[Response], word: str, said: str | None
) -> None:
    for version in (Version.V1_2, Version.V1_5):
        found = lower(codec.decode(kind, json.dumps({"status": word})), version)
        assert found.losses
        if said is None:
            assert found.message is None
        else:
            assert found.message is not None
            assert json.loads(codec.encode(found.message)) == {"status": said}


def test_pending_is_rejected_until_1_5() -> None:
    payload = {"status": "Pending", "currentTime": AT_NOON, "interval": 60}
    said, losses = lowered(v16.BootNotificationResponse, payload, Version.V1_5)
    assert said == {"status": "Rejected", "currentTime": AT_NOON, "heartbeatInterval": 60}
    assert losses == ["$.status"]


def test_an_action_that_came_later_cannot_be_said() -> None:
    request = v16.GetConfigurationRequest(key=[])
    assert lower(request, Version.V1_5).message == v15.GetConfigurationRequest(key=[])
    assert lower(request, Version.V1_2) == Lowered(
        None, (Remark("$", "1.2 has no GetConfiguration"),)
    )
    trigger = v16.TriggerMessageRequest(requested_message=v16.MessageTrigger.HEARTBEAT)
    assert lower(trigger, Version.V1_5).message is None


def test_a_sample_that_would_be_misread_is_left_out_as_a_whole() -> None:
    energy = {"value": "12", "unit": "Wh"}
    others = (
        {"value": "55", "measurand": "SoC", "unit": "Percent", "location": "EV"},
        {"value": "16", "measurand": "Current.Import", "unit": "A", "phase": "L1"},
    )
    said, losses = lowered(v16.MeterValuesRequest, samples(energy, *others), Version.V1_5)
    assert said["values"][0]["value"] == [energy]
    assert losses == ["$.meterValue[0].sampledValue[1]", "$.meterValue[0].sampledValue[2]"]
    assert lowered(v16.MeterValuesRequest, samples(*others), Version.V1_5)[0] is None


@pytest.mark.parametrize(
    ("sample", "value"),
    [
        ({"value": "12.6", "unit": "kWh"}, 12600),
        ({"value": "12.6"}, 13),
        ({"value": "7", "measurand": "Energy.Active.Import.Register", "unit": "Wh"}, 7),
        ({"value": "7", "context": "Transaction.Begin"}, 7),
        ({"value": "7", "unit": "W", "measurand": "Power.Active.Import"}, None),
        ({"value": "7", "phase": "L1"}, None),
        ({"value": "ab", "format": "SignedData"}, None),
        ({"value": "ab"}, None),
        ({"value": "NaN"}, None),
        ({"value": "1e999999999"}, None),
        ({"value": str(2**31)}, None),
    ],
)
def test_1_2_has_the_energy_register_and_nothing_else(
    sample: dict[str, str], value: int | None
) -> None:
    said, losses = lowered(v16.MeterValuesRequest, samples(sample), Version.V1_2)
    assert losses
    if value is None:
        assert said is None
    else:
        assert said["values"] == [{"timestamp": AT_NOON, "value": value}]


def test_of_two_registers_1_2_has_the_first() -> None:
    said, losses = lowered(
        v16.MeterValuesRequest, samples({"value": "1"}, {"value": "2"}), Version.V1_2
    )
    assert said["values"][0]["value"] == 1
    assert losses == ["$.meterValue[0].sampledValue[1]"]


def test_a_number_that_xml_schema_cannot_hold_cannot_be_said() -> None:
    assert (
        lower(v16.RemoteStopTransactionRequest(transaction_id=2**31), Version.V1_5).message is None
    )


def test_versions_of_different_families_or_newer_ones_are_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match=r"a message of 1\.6 is not lowered to 2\.0\.1"):
        lower(v16.HeartbeatRequest(), Version.V2_0_1)
    with pytest.raises(ValueError, match=r"a message of 1\.5 is not lowered to 1\.2"):
        lower(v15.HeartbeatRequest(), Version.V1_2)
