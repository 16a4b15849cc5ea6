"""2.0.1 as 2.1, and back: what is kept, what is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chargeplane.ocpp import codec, v21, v201
from chargeplane.ocpp.errors import LocalError
from chargeplane.ocpp.family import Lowered, Remark, lift, lower
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request, Response

AT_NOON = "2026-03-01T12:00:00Z"
V2_0_1 = Version.V2_0_1
OLD_REASONS = set(map(str, v201.TriggerReasonEnumType))


def event(**members: Any) -> dict[str, Any]:
    return {
        "eventType": "Updated",
        "timestamp": AT_NOON,
        "triggerReason": "MeterValuePeriodic",
        "seqNo": 3,
        "transactionInfo": {"transactionId": "t"},
    } | members


def lowered(kind: type[Request] | type[Response], payload: Any) -> tuple[Any, list[str]]:
    """The payload of the lowered message or None, and the places of the losses."""
    found = lower(codec.decode(kind, json.dumps(payload)), V2_0_1)
    said = None if found.message is None else json.loads(codec.encode(found.message))
    return said, [loss.path for loss in found.losses]


def profile(*periods: dict[str, Any], **members: Any) -> dict[str, Any]:
    schedule = {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": list(periods)}
    return {
        "evseId": 1,
        "chargingProfile": {
            "id": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": [schedule | members],
        },
    }


def test_a_message_of_2_0_1_is_one_of_2_1_with_all_its_content() -> None:
    payload = event(
        idToken={"idToken": "AA", "type": "ISO14443"},
        evse={"id": 1, "customData": {"vendorId": "x", "more": [1]}},
        meterValue=[{"timestamp": AT_NOON, "sampledValue": [{"value": 1.5}]}],
    )
    message = codec.decode(v201.TransactionEventRequest, json.dumps(payload))
    found = lift(message)
    assert isinstance(found.message, v21.TransactionEventRequest)
    assert found.remarks == ()
    assert json.loads(codec.encode(found.message)) == payload
    assert lower(found.message, V2_0_1) == Lowered(message)


def test_the_one_field_that_2_1_demands_is_assumed() -> None:
    monitor = {"id": 1, "transaction": False, "value": 1, "type": "Delta", "severity": 5}
    data = {
        "component": {"name": "EVSE"},
        "variable": {"name": "Power"},
        "variableMonitoring": [monitor],
    }
    report = {"requestId": 1, "seqNo": 0, "generatedAt": AT_NOON, "monitor": [data]}
    message = codec.decode(v201.NotifyMonitoringReportRequest, json.dumps(report))
    found = lift(message)
    (remark,) = found.remarks
    assert remark.path == "$.monitor[0].variableMonitoring[0].eventNotificationType"
    said = codec.payload_of(found.message)["monitor"][0]["variableMonitoring"][0]
    assert said == monitor | {"eventNotificationType": "CustomMonitor"}
    assert lower(found.message, V2_0_1).message == message


def test_a_number_below_the_new_bounds_is_moved_or_left_out_with_a_remark() -> None:
    found = lift(v201.ClearVariableMonitoringRequest(id=[-1, 4]))
    assert found.message == v21.ClearVariableMonitoringRequest(id=[0, 4])
    assert found.remarks == (Remark("$.id[0]", "moved to 0: `$.id[0]` is less than 0", -1),)
    reset = lift(v201.ResetRequest(type=v201.ResetEnumType.ON_IDLE, evse_id=-1))
    assert reset.message == v21.ResetRequest(type=v21.ResetEnumType.ON_IDLE)
    assert [(remark.path, remark.value) for remark in reset.remarks] == [("$.evseId", -1)]


def test_a_number_that_no_float_can_hold_is_left_out() -> None:
    needs = {"evMaxCurrent": 10**400, "evMaxVoltage": 400}
    payload = {
        "evseId": 1,
        "chargingNeeds": {"requestedEnergyTransfer": "DC", "dcChargingParameters": needs},
    }
    found = lift(codec.decode(v201.NotifyEVChargingNeedsRequest, json.dumps(payload)))
    assert "dcChargingParameters" not in codec.payload_of(found.message)["chargingNeeds"]
    assert [remark.path for remark in found.remarks] == ["$.chargingNeeds.dcChargingParameters"]


def test_a_message_that_breaks_its_own_schema_is_our_mistake() -> None:
    with pytest.raises(LocalError):
        lift(v201.ResetRequest(type="Nonsense"))  # type: ignore[arg-type]
    with pytest.raises(LocalError):
        lift(v201.HeartbeatResponse(current_time="noon"))  # type: ignore[arg-type]


def test_a_field_of_2_1_is_left_out_and_told_with_its_value() -> None:
    message = codec.decode(
        v21.TransactionEventRequest,
        json.dumps(event(evseSleep=True, transactionInfo={"transactionId": "t", "tariffId": "x"})),
    )
    found = lower(message, V2_0_1)
    assert found.message == codec.decode(v201.TransactionEventRequest, json.dumps(event()))
    assert [(loss.path, loss.value) for loss in found.losses] == [
        ("$.evseSleep", True),
        ("$.transactionInfo.tariffId", "x"),
    ]


def test_an_action_of_2_1_cannot_be_said() -> None:
    request = v21.UsePriorityChargingRequest(transaction_id="t", activate=True)
    assert lower(request, V2_0_1) == Lowered(
        None, (Remark("$", "2.0.1 has no UsePriorityCharging"),)
    )


@pytest.mark.parametrize("reason", sorted(set(v21.TriggerReasonEnumType) - OLD_REASONS))
def test_an_event_of_a_transaction_is_never_lost_for_its_reason(reason: str) -> None:
    said, losses = lowered(v21.TransactionEventRequest, event(triggerReason=reason))
    assert said is not None
    assert losses == ["$.triggerReason"]


def test_a_sample_that_would_be_misread_is_left_out_as_a_whole() -> None:
    values = [
        {"value": 12.0},
        {"value": 80.0, "measurand": "Display.PresentSOC"},
        {"value": 3.0, "location": "Upstream"},
    ]
    payload = event(meterValue=[{"timestamp": AT_NOON, "sampledValue": values}])
    said, losses = lowered(v21.TransactionEventRequest, payload)
    assert said["meterValue"][0]["sampledValue"] == values[:1]
    assert losses == [f"$.meterValue[0].sampledValue[{index}]" for index in (1, 2)]
    payload = event(meterValue=[{"timestamp": AT_NOON, "sampledValue": values[1:]}])
    assert lowered(v21.TransactionEventRequest, payload) == (event(), ["$.meterValue"])
    only = {"evseId": 1, "meterValue": payload["meterValue"]}
    assert lowered(v21.MeterValuesRequest, only)[0] is None


def test_a_signed_value_without_a_key_has_an_empty_one() -> None:
    signed = {"signedMeterData": "data", "encodingMethod": "OCMF"}
    values = [{"value": 1.0, "signedMeterValue": signed}]
    said, losses = lowered(
        v21.TransactionEventRequest,
        event(meterValue=[{"timestamp": AT_NOON, "sampledValue": values}]),
    )
    found = said["meterValue"][0]["sampledValue"][0]["signedMeterValue"]
    assert found == signed | {"signingMethod": "", "publicKey": ""}
    assert len(losses) == 2


def test_a_long_token_is_never_cut() -> None:
    token = {"idToken": "x" * 37, "type": "Central"}
    assert lowered(v21.AuthorizeRequest, {"idToken": token})[0] is None
    assert lowered(v21.TransactionEventRequest, event(idToken=token)) == (event(), ["$.idToken"])
    unknown = {"idToken": "x", "type": "DirectPayment"}
    assert lowered(v21.AuthorizeRequest, {"idToken": unknown})[0] is None


def test_a_text_for_people_is_cut() -> None:
    info = {"reasonCode": "x", "additionalInfo": "y" * 513}
    said, losses = lowered(v21.ClearCacheResponse, {"status": "Rejected", "statusInfo": info})
    assert said["statusInfo"]["additionalInfo"] == "y" * 511 + "…"
    assert losses == ["$.statusInfo.additionalInfo"]


def test_a_schedule_loses_no_period_and_no_limit_of_a_phase() -> None:
    six, ten = {"startPeriod": 0, "limit": 6.0}, {"startPeriod": 60, "limit": 10.0}
    assert lowered(v21.SetChargingProfileRequest, profile(six, ten)) == (profile(six, ten), [])
    for period in (
        {"startPeriod": 60},
        ten | {"limit_L2": 6.0},
        ten | {"operationMode": "CentralSetpoint", "setpoint": -5.0},
    ):
        said, losses = lowered(v21.SetChargingProfileRequest, profile(six, period))
        assert said is None
        assert losses
    assert lowered(v21.SetChargingProfileRequest, profile(six, useLocalTime=True))[0] is None
    assert lowered(v21.SetChargingProfileRequest, profile(six, randomizedDelay=5)) == (
        profile(six),
        ["$.chargingProfile.chargingSchedule[0].randomizedDelay"],
    )


def test_a_filter_that_would_match_more_is_not_sent() -> None:
    criteria = {"chargingProfilePurpose": "PriorityCharging", "stackLevel": 1}
    clear = {"chargingProfileCriteria": criteria}
    assert lowered(v21.ClearChargingProfileRequest, clear)[0] is None
    source = {"chargingLimitSource": ["EMS", "MyAggregator"]}
    said, losses = lowered(
        v21.GetChargingProfilesRequest, {"requestId": 1, "chargingProfile": source}
    )
    assert said["chargingProfile"] == {"chargingLimitSource": ["EMS", "Other"]}
    assert losses == ["$.chargingProfile.chargingLimitSource[1]"]


def test_an_item_of_a_list_of_its_own_is_left_out_alone() -> None:
    monitors = [
        {
            "value": 1.0,
            "type": kind,
            "severity": 5,
            "component": {"name": "c"},
            "variable": {"name": "v"},
        }
        for kind in ("Delta", "TargetDelta")
    ]
    said, losses = lowered(v21.SetVariableMonitoringRequest, {"setMonitoringData": monitors})
    assert said == {"setMonitoringData": monitors[:1]}
    assert losses == ["$.setMonitoringData[1]"]


def test_a_fraction_is_rounded_where_2_0_1_has_whole_numbers() -> None:
    def needs(current: float) -> dict[str, Any]:
        direct = {"evMaxCurrent": current, "evMaxVoltage": 400}
        chosen = {"requestedEnergyTransfer": "DC", "dcChargingParameters": direct}
        return {"evseId": 1, "chargingNeeds": chosen}

    path = "$.chargingNeeds.dcChargingParameters.evMaxCurrent"
    assert lowered(v21.NotifyEVChargingNeedsRequest, needs(32.0)) == (needs(32), [])
    assert lowered(v21.NotifyEVChargingNeedsRequest, needs(32.4)) == (needs(32), [path])


def test_custom_data_goes_both_ways_untouched() -> None:
    data = {"vendorId": "org.example", "someThing": {"deep": [None, 1.5]}}
    message = codec.decode(v201.ResetRequest, json.dumps({"type": "OnIdle", "customData": data}))
    up = lift(message).message
    assert isinstance(up, v21.ResetRequest)
    assert up.custom_data == data
    assert lower(up, V2_0_1) == Lowered(message)
