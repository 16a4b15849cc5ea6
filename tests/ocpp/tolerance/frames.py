"""For every repair, a piece of OCPP that needs it, and what becomes of it. Data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chargeplane.ocpp import v16, v21, v201
from chargeplane.ocpp.versions import Version

T = "2024-05-06T07:08:09Z"

TEXTS = {
    "byte-order-mark": ('\ufeff[2,"7","Heartbeat",{}]', [2, "7", "Heartbeat", {}]),
    "control-character": (
        '[2,"7","StatusNotification",{"info":"door\nopen"}]\0\0',
        [2, "7", "StatusNotification", {"info": "door\nopen"}],
    ),
    "invalid-unicode": ('[3,"7",{"data":"\\ud83d cut"}]', [3, "7", {"data": "\ufffd cut"}]),
    "surrounding-garbage": ('OK [3,"7",{}]"},{"old":1}', [3, "7", {}]),
    "truncated-json": (
        '[3,"7",{"configurationKey":[{"key":"A","readonly":true},{"key":"B","reado',
        [3, "7", {"configurationKey": [{"key": "A", "readonly": True}, {"key": "B"}]}],
    ),
    "mismatched-brackets": (
        '[2,"7","MeterValues",{"meterValue":[{"sampledValue":[{"value":"1"}]]}]',
        [2, "7", "MeterValues", {"meterValue": [{"sampledValue": [{"value": "1"}]}]}],
    ),
    "commas": (
        '[2,"7","MeterValues",{"a":[,1,,2,],"b":[{"c":3} {"d":4}],}]',
        [2, "7", "MeterValues", {"a": [1, 2], "b": [{"c": 3}, {"d": 4}]}],
    ),
    "name-without-value": ('[3,"7",{"a":,"b":1,"c":}]', [3, "7", {"b": 1}]),
    "bad-escape": (
        r'[2,"7","Authorize",{"idTag":"AB\C","x":"D\"}]',
        [2, "7", "Authorize", {"idTag": "AB\\C", "x": "D"}],
    ),
    "unescaped-quote": (
        '[2,"7","StatusNotification",{"info":"the "left" cable"}]',
        [2, "7", "StatusNotification", {"info": 'the "left" cable'}],
    ),
    "single-quotes": (
        "[2,'7','Authorize',{'idTag':'it\\'s 5\" long'}]",
        [2, "7", "Authorize", {"idTag": "it's 5\" long"}],
    ),
    "unquoted-text": (
        '[2,"7",Authorize,{idTag:0042AB,number:007}]',
        [2, "7", "Authorize", {"idTag": "0042AB", "number": "007"}],
    ),
    "not-a-number": ('[3,"7",[NaN,-Infinity,1]]', [3, "7", [None, None, 1]]),
    "number-spelling": ('[3,"7",[+5,.5,6.,-.5e1,1e999]]', [3, "7", [5, 0.5, 6, -5.0, None]]),
    "literal-spelling": ('[3,"7",[True,FALSE,None]]', [3, "7", [True, False, None]]),
}
"""Name -> (text, what it means)."""


@dataclass(frozen=True)
class Case:
    """A payload that needs one repair and no other."""

    expected: type
    payload: Any
    repaired: Any
    path: str
    before: Any
    after: Any


STOP = {"transactionId": 7, "timestamp": T, "meterStop": 1200}
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
EVENT = {
    "eventType": "Updated",
    "timestamp": T,
    "triggerReason": "Trigger",
    "seqNo": 4,
    "transactionInfo": {"transactionId": "tx"},
}
FIRST = "$.meterValue[0].sampledValue[0]"
VALUE = "$.configurationKey[0].value"


def meter_values(*sampled: Any) -> dict[str, Any]:
    """The payload of a 1.6 MeterValues request."""
    return {"connectorId": 1, "meterValue": [{"timestamp": T, "sampledValue": list(sampled)}]}


def configuration(**members: Any) -> dict[str, Any]:
    """The payload of a 1.6 GetConfiguration response."""
    return {"configurationKey": [{"key": "K", "readonly": False} | members]}


def profile(limit: float) -> dict[str, Any]:
    """The payload of a 1.6 SetChargingProfile request."""
    periods = [{"startPeriod": 0, "limit": limit}]
    return {
        "connectorId": 1,
        "csChargingProfiles": {
            "chargingProfileId": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": periods},
        },
    }


def status(**members: Any) -> dict[str, Any]:
    """The payload of a 1.6 StatusNotification request."""
    return STATUS | members


def report(attributes: int) -> dict[str, Any]:
    """The payload of a 2.0.1 NotifyReport request, with so many attributes of a variable."""
    data = {
        "component": {"name": "EVSE"},
        "variable": {"name": "Power"},
        "variableAttribute": [{"value": "x"}] * attributes,
    }
    return {"requestId": 1, "generatedAt": T, "seqNo": 0, "reportData": [data]}


LONG = "User did not pull the cable within ten minutes after the end of charging"
AUTHORIZE = {"idTag": "AB12"}

PAYLOADS = {
    "null-payload": Case(v16.HeartbeatRequest, None, {}, "$", None, {}),
    "null-member": Case(
        v16.StatusNotificationRequest, status(info=None), STATUS, "$.info", None, None
    ),
    "placeholder": Case(
        v16.StatusNotificationRequest, status(timestamp=""), STATUS, "$.timestamp", "", None
    ),
    "member-spelling": Case(
        v16.AuthorizeRequest, {"id_tag": "AB12"}, AUTHORIZE, "$.id_tag", "AB12", "$.idTag"
    ),
    "member-misplaced": Case(
        v201.TransactionEventRequest,
        EVENT | {"transactionInfo": {}, "transactionId": "tx"},
        EVENT,
        "$.transactionId",
        "tx",
        "$.transactionInfo.transactionId",
    ),
    "unknown-member": Case(
        v16.AuthorizeRequest, AUTHORIZE | {"slot": [2]}, AUTHORIZE, "$.slot", [2], None
    ),
    "single-item": Case(
        v16.MeterValuesRequest,
        {"connectorId": 1, "meterValue": {"timestamp": T, "sampledValue": [{"value": "1"}]}},
        meter_values({"value": "1"}),
        "$.meterValue",
        {"timestamp": T, "sampledValue": [{"value": "1"}]},
        [{"timestamp": T, "sampledValue": [{"value": "1"}]}],
    ),
    "json-in-string": Case(
        v16.AuthorizeRequest, '{"idTag":"AB12"}', AUTHORIZE, "$", '{"idTag":"AB12"}', AUTHORIZE
    ),
    "value-for-object": Case(
        v201.TransactionEventRequest,
        EVENT | {"evse": 2},
        EVENT | {"evse": {"id": 2}},
        "$.evse",
        2,
        {"id": 2},
    ),
    "object-for-value": Case(
        v16.AuthorizeRequest,
        {"idTag": {"idTag": "AB12"}},
        AUTHORIZE,
        "$.idTag",
        {"idTag": "AB12"},
        "AB12",
    ),
    "object-for-string": Case(
        v16.DataTransferRequest,
        {"vendorId": "v", "data": {"a": [1]}},
        {"vendorId": "v", "data": '{"a":[1]}'},
        "$.data",
        {"a": [1]},
        '{"a":[1]}',
    ),
    "number-for-string": Case(
        v16.MeterValuesRequest,
        meter_values({"value": 10.5}),
        meter_values({"value": "10.5"}),
        f"{FIRST}.value",
        10.5,
        "10.5",
    ),
    "boolean-for-string": Case(
        v16.GetConfigurationResponse,
        configuration(value=True),
        configuration(value="true"),
        VALUE,
        True,
        "true",
    ),
    "string-for-number": Case(
        v16.StopTransactionRequest,
        STOP | {"meterStop": " 1200.0"},
        STOP,
        "$.meterStop",
        " 1200.0",
        1200,
    ),
    "float-for-integer": Case(
        v16.StopTransactionRequest, STOP | {"meterStop": 1200.0}, STOP, "$.meterStop", 1200.0, 1200
    ),
    "value-for-boolean": Case(
        v16.GetConfigurationResponse,
        configuration(readonly=1),
        configuration(readonly=True),
        "$.configurationKey[0].readonly",
        1,
        True,
    ),
    "multiple-of": Case(
        v16.SetChargingProfileRequest,
        profile(16.04),
        profile(16.0),
        "$.csChargingProfiles.chargingSchedule.chargingSchedulePeriod[0].limit",
        16.04,
        16.0,
    ),
    "enum-spelling": Case(
        v16.StatusNotificationRequest,
        status(status="SUSPENDED_EV"),
        status(status="SuspendedEV"),
        "$.status",
        "SUSPENDED_EV",
        "SuspendedEV",
    ),
    "enum-synonym": Case(
        v201.StatusNotificationRequest,
        {"timestamp": T, "connectorStatus": "SuspendedEVSE", "evseId": 0, "connectorId": 0},
        {"timestamp": T, "connectorStatus": "Occupied", "evseId": 0, "connectorId": 0},
        "$.connectorStatus",
        "SuspendedEVSE",
        "Occupied",
    ),
    "date-without-zone": Case(
        v16.StatusNotificationRequest,
        status(timestamp="2024-05-06T07:08:09"),
        status(timestamp=T),
        "$.timestamp",
        "2024-05-06T07:08:09",
        T,
    ),
    "date-spelling": Case(
        v16.StatusNotificationRequest,
        status(timestamp="2024/5/6 9:08:09 +02"),
        status(timestamp=T),
        "$.timestamp",
        "2024/5/6 9:08:09 +02",
        T,
    ),
    "date-rollover": Case(
        v16.StatusNotificationRequest,
        status(timestamp="2024-05-06T24:00:00Z"),
        status(timestamp="2024-05-07T00:00:00Z"),
        "$.timestamp",
        "2024-05-06T24:00:00Z",
        "2024-05-07T00:00:00Z",
    ),
    "date-number": Case(
        v16.StatusNotificationRequest,
        status(timestamp=1714979289),
        status(timestamp=T),
        "$.timestamp",
        1714979289,
        T,
    ),
    "fraction-for-integer": Case(
        v16.StopTransactionRequest, STOP | {"meterStop": 1199.7}, STOP, "$.meterStop", 1199.7, 1200
    ),
    "too-long": Case(
        v16.StatusNotificationRequest,
        status(info=LONG),
        status(info=LONG[:50]),
        "$.info",
        LONG,
        LONG[:50],
    ),
    "too-many-items": Case(
        v201.NotifyReportRequest,
        report(5),
        report(4),
        "$.reportData[0].variableAttribute",
        [{"value": "x"}] * 5,
        [{"value": "x"}] * 4,
    ),
    "out-of-range": Case(
        v21.TransactionEventRequest, EVENT | {"seqNo": -1}, EVENT | {"seqNo": 0}, "$.seqNo", -1, 0
    ),
    "enum-catch-all": Case(
        v16.StatusNotificationRequest,
        status(errorCode="E17"),
        status(errorCode="OtherError"),
        "$.errorCode",
        "E17",
        "OtherError",
    ),
    "enum-dropped": Case(
        v16.MeterValuesRequest,
        meter_values({"value": "50", "measurand": "Frequency", "unit": "Hertz"}),
        meter_values({"value": "50", "measurand": "Frequency"}),
        f"{FIRST}.unit",
        "Hertz",
        None,
    ),
    "empty-list": Case(
        v201.TransactionEventRequest, EVENT | {"meterValue": []}, EVENT, "$.meterValue", [], None
    ),
    "required-value-unknown": Case(
        v16.StopTransactionRequest,
        {"timestamp": T, "meterStop": 1200},
        STOP | {"transactionId": -1},
        "$.transactionId",
        None,
        -1,
    ),
    "unusable-part": Case(
        v16.MeterValuesRequest,
        meter_values({"unit": "Wh"}, {"value": "1"}),
        meter_values({"value": "1"}),
        FIRST,
        {"unit": "Wh"},
        None,
    ),
}
"""Name -> a payload that needs it."""

ACTIONS = {
    "action-spelling": (Version.V1_6, "boot_notificationRequest", "1.6 BootNotification"),
    "foreign-action": (Version.V2_0_1, "StartTransaction", "1.6 StartTransaction"),
}
"""Name -> (version of the connection, action in the frame, action that is meant)."""

OF_PEER = {
    "message-id-number",
    "message-id-long",
    "extra-frame-elements",
    "missing-payload",
    "incomplete-error",
    "message-id-reused",
}
"""Made by ``Peer``; tested with it."""
