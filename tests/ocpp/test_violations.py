"""Every rule, every place: the thorough look at a payload that was refused."""

from __future__ import annotations

from typing import Any

import pytest

from chargeplane.ocpp import v12, v16, v21, v201
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.violations import Rule, Violation, json_path, violations

NOON = "2026-03-01T12:00:00Z"
TYPE, OCCURRENCE = ErrorCode.TYPE_CONSTRAINT_VIOLATION, ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION
PROPERTY = ErrorCode.PROPERTY_CONSTRAINT_VIOLATION


def only(payload: Any, expected: type) -> Violation:
    (fault,) = violations(payload, expected)
    return fault


def profile(limit: Any) -> dict[str, Any]:
    periods = [{"startPeriod": 0, "limit": 6}, {"startPeriod": 60, "limit": limit}]
    return {
        "status": "Accepted",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": periods},
    }


@pytest.mark.parametrize(
    ("payload", "expected", "rule", "code", "sentence"),
    [
        ({"idTag": 7}, v16.AuthorizeRequest, Rule.TYPE, TYPE, "`$.idTag` is not a string"),
        ({"idTag": None}, v16.AuthorizeRequest, Rule.TYPE, TYPE, "`$.idTag` is not a string"),
        ([], v16.AuthorizeRequest, Rule.TYPE, TYPE, "`$` is not an object"),
        (
            {"transactionId": True},
            v16.RemoteStopTransactionRequest,
            Rule.TYPE,
            TYPE,
            "`$.transactionId` is not an integer",
        ),
        (
            {"totalCost": "1", "transactionId": "x"},
            v201.CostUpdatedRequest,
            Rule.TYPE,
            TYPE,
            "`$.totalCost` is not a number",
        ),
        (
            {"messagesInQueue": 1},
            v201.GetTransactionStatusResponse,
            Rule.TYPE,
            TYPE,
            "`$.messagesInQueue` is not a boolean",
        ),
        (
            {"getVariableData": {}},
            v201.GetVariablesRequest,
            Rule.TYPE,
            TYPE,
            "`$.getVariableData` is not an array",
        ),
        ({"type": 1}, v16.ResetRequest, Rule.TYPE, TYPE, "`$.type` is not a string"),
        (
            {"type": "hard"},
            v16.ResetRequest,
            Rule.ENUM,
            PROPERTY,
            "`$.type` is not one of Hard, Soft",
        ),
        (
            {"currentTime": "today"},
            v16.HeartbeatResponse,
            Rule.FORMAT,
            PROPERTY,
            "`$.currentTime` is not an RFC 3339 date and time",
        ),
        (
            {"idTag": "x" * 21},
            v16.AuthorizeRequest,
            Rule.LENGTH_MAX,
            PROPERTY,
            "`$.idTag` is longer than 20 characters",
        ),
        (
            {"type": "OnIdle", "evseId": -1},
            v21.ResetRequest,
            Rule.MINIMUM,
            PROPERTY,
            "`$.evseId` is less than 0",
        ),
        (
            {"connectorId": 2**31},
            v12.UnlockConnectorRequest,
            Rule.MAXIMUM,
            PROPERTY,
            "`$.connectorId` is greater than 2147483647",
        ),
        (
            profile(16.15),
            v16.GetCompositeScheduleResponse,
            Rule.MULTIPLE_OF,
            PROPERTY,
            "`$.chargingSchedule.chargingSchedulePeriod[1].limit` is not a multiple of 0.1",
        ),
        ({}, v16.AuthorizeRequest, Rule.REQUIRED, OCCURRENCE, "`$.idTag` is missing"),
        (
            {"idTag": "x", "id_tag": "x"},
            v16.AuthorizeRequest,
            Rule.UNKNOWN,
            ErrorCode.FORMAT_VIOLATION,
            "`$.id_tag` is not a field of AuthorizeRequest",
        ),
        (
            {"getVariableData": []},
            v201.GetVariablesRequest,
            Rule.ITEMS_MIN,
            OCCURRENCE,
            "`$.getVariableData` has fewer than 1 items",
        ),
    ],
)
def test_each_rule_has_its_code_and_its_sentence(
    payload: Any, expected: type, rule: Rule, code: ErrorCode, sentence: str
) -> None:
    fault = only(payload, expected)
    assert (fault.rule, fault.code, str(fault)) == (rule, code, sentence)


def test_too_many_items_are_a_fault_of_the_list_and_not_of_its_items() -> None:
    hashes = {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": "a",
        "issuerKeyHash": "b",
        "serialNumber": "c",
        "responderURL": "d",
    }
    payload: dict[str, Any] = {"idToken": {"idToken": "x", "type": "Central"}}
    payload["iso15118CertificateHashData"] = []
    assert only(payload, v201.AuthorizeRequest).rule is Rule.ITEMS_MIN
    payload["iso15118CertificateHashData"] = [hashes] * 4
    assert violations(payload, v201.AuthorizeRequest) == []
    payload["iso15118CertificateHashData"] = [hashes] * 5
    fault = only(payload, v201.AuthorizeRequest)
    assert (fault.rule, fault.code, fault.limit) == (Rule.ITEMS_MAX, OCCURRENCE, 4)
    assert str(fault) == "`$.iso15118CertificateHashData` has more than 4 items"


def test_all_faults_are_found_in_the_order_of_the_type() -> None:
    payload = {
        "vendor": "x",
        "chargePointModel": "x" * 21,
        "iccid": 7,
        "imsi": None,
    }
    assert [
        (fault.path, fault.rule) for fault in violations(payload, v16.BootNotificationRequest)
    ] == [
        (("vendor",), Rule.UNKNOWN),
        (("chargePointVendor",), Rule.REQUIRED),
        (("chargePointModel",), Rule.LENGTH_MAX),
        (("iccid",), Rule.TYPE),
        (("imsi",), Rule.TYPE),
    ]


def test_a_fault_deep_inside_is_named_by_its_path_with_limit_and_value() -> None:
    sample = {"value": 1.5, "unitOfMeasure": {"unit": "x" * 21}}
    payload = {
        "evseId": 1,
        "meterValue": [
            {"timestamp": NOON, "sampledValue": [{"value": 1}]},
            {"timestamp": NOON, "sampledValue": [{"value": 1}, sample]},
        ],
    }
    fault = only(payload, v201.MeterValuesRequest)
    assert fault.path == ("meterValue", 1, "sampledValue", 1, "unitOfMeasure", "unit")
    assert json_path(fault.path) == "$.meterValue[1].sampledValue[1].unitOfMeasure.unit"
    assert (fault.limit, fault.value) == (20, "x" * 21)
    assert fault.type is not None


def test_custom_data_is_open_but_for_its_vendor() -> None:
    assert violations({"customData": {"vendorId": "x", "more": None}}, v201.HeartbeatRequest) == []
    for value, path, rule in (
        (7, "$.customData", Rule.TYPE),
        ({}, "$.customData.vendorId", Rule.REQUIRED),
        ({"vendorId": 7}, "$.customData.vendorId", Rule.TYPE),
        ({"vendorId": "x" * 256}, "$.customData.vendorId", Rule.LENGTH_MAX),
    ):
        fault = only({"customData": value}, v201.HeartbeatRequest)
        assert (json_path(fault.path), fault.rule) == (path, rule)


def test_a_long_list_of_values_is_cut_short() -> None:
    sentence = str(only({"requestedMessage": "X", "evse": {"id": 1}}, v201.TriggerMessageRequest))
    assert sentence.startswith("`$.requestedMessage` is not one of BootNotification, ")
    assert sentence.endswith(", ...")
    assert sentence.count(",") == 8


@pytest.mark.parametrize("limit", [10**40, 1e300, -1e27, 0.1, 3, -0.0])
def test_a_huge_limit_is_a_multiple_of_a_tenth_and_no_crash(limit: float) -> None:
    assert violations(profile(limit), v16.GetCompositeScheduleResponse) == []


def test_characters_are_counted_and_not_bytes() -> None:
    assert violations({"idTag": "𝄞" * 20}, v16.AuthorizeRequest) == []
    assert only({"idTag": "𝄞" * 21}, v16.AuthorizeRequest).limit == 20


def test_a_valid_payload_has_no_faults() -> None:
    assert violations({"type": "Hard"}, v16.ResetRequest) == []
    assert violations({}, v12.HeartbeatRequest) == []
    assert json_path(()) == "$"
