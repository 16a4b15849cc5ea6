"""Commands as REST takes them, what a station hears of each, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chargeplane.ocpp.versions import Version
from tests.interop.central.stranger import Payload

__all__ = ["UNSUPPORTED", "Case", "cases_of"]

ALL_NEW = frozenset({Version.V2_0_1, Version.V2_1})
ALL_OLD = frozenset({Version.V1_2, Version.V1_5, Version.V1_6})
SINCE_1_5 = ALL_OLD - {Version.V1_2}
ONLY_1_6 = frozenset({Version.V1_6})
UNSUPPORTED = "unsupported"
ACCEPTED = {"status": "Accepted"}


@dataclass(frozen=True)
class Case:
    """One command."""

    name: str
    body: Payload
    action: str
    """What the station is asked."""
    asked: Payload
    """Members that the request has, among others."""
    answer: Payload
    status: str = "Accepted"
    versions: frozenset[Version] = ALL_OLD
    """Those of the family that have it; the others say so before anything is sent."""
    told: Payload | None = None
    """What the outcome has of the answer, if not the answer itself."""


def cases_of(version: Version) -> list[Case]:
    """All commands, for stations of this version."""
    if version in ALL_NEW:
        return NEW
    # What stations before 1.6 mean by their word is told in that of 1.6.
    said = {"status": "Unlocked" if version is Version.V1_6 else "Accepted"}
    unlock = Case(
        "unlock-connector",
        {"evse_id": 1},
        "UnlockConnector",
        {"connectorId": 1},
        said,
        "Unlocked",
        told={"status": "Unlocked"},
    )
    return [*OLD, unlock]


def _key(name: str, value: str) -> dict[str, Any]:
    return {"key": name, "readonly": False, "value": value}


_UNTIL = "2126-01-01T00:00:00Z"
_ANNA = {"id_token": {"value": "ANNA"}, "expires_at": _UNTIL}
_INTERVAL = {"name": "HeartbeatInterval"}
_KEYS = {"configurationKey": [_key("HeartbeatInterval", "300")]}

OLD = [
    Case("reset", {"type": "immediate"}, "Reset", {"type": "Hard"}, ACCEPTED),
    Case("reset", {}, "Reset", {"type": "Soft"}, ACCEPTED),
    Case(
        "change-availability",
        {"operative": False, "evse_id": 1},
        "ChangeAvailability",
        {"connectorId": 1, "type": "Inoperative"},
        {"status": "Scheduled"},
        "Scheduled",
    ),
    Case(
        "set-variables",
        {"values": [{"variable": _INTERVAL, "value": "60"}]},
        "ChangeConfiguration",
        {"key": "HeartbeatInterval", "value": "60"},
        ACCEPTED,
    ),
    Case("clear-cache", {}, "ClearCache", {}, ACCEPTED),
    Case("raw", {"action": "ClearCache", "payload": {}}, "ClearCache", {}, ACCEPTED),
    Case(
        "get-variables",
        {"variables": [_INTERVAL]},
        "GetConfiguration",
        {"key": ["HeartbeatInterval"]},
        _KEYS,
        versions=SINCE_1_5,
    ),
    Case("get-base-report", {}, "GetConfiguration", {}, _KEYS, versions=SINCE_1_5),
    Case("get-report", {}, "", {}, ACCEPTED, versions=frozenset()),
    Case(
        "reserve",
        _ANNA,
        "ReserveNow",
        {"connectorId": 0, "idTag": "ANNA"},
        {"status": "Accepted"},
        versions=SINCE_1_5,
    ),
    Case(
        "data-transfer",
        {"vendor_id": "org.example", "message_id": "m", "data": {"a": 1}},
        "DataTransfer",
        {"vendorId": "org.example", "messageId": "m", "data": '{"a":1}'},
        {"status": "Accepted", "data": "d"},
        versions=SINCE_1_5,
    ),
    Case(
        "raw",
        {"action": "GetLocalListVersion", "payload": {}},
        "GetLocalListVersion",
        {},
        {"listVersion": 3},
        versions=SINCE_1_5,
    ),
    Case(
        "trigger-message",
        {"message": "StatusNotification", "evse_id": 1},
        "TriggerMessage",
        {"requestedMessage": "StatusNotification", "connectorId": 1},
        ACCEPTED,
        versions=ONLY_1_6,
    ),
]

_NAMES = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
_VARIABLE = _INTERVAL | {"component": "OCPPCommCtrlr"}


def _new(
    name: str, body: Payload, action: str, asked: Payload, answer: Payload, status: str = "Accepted"
) -> Case:
    return Case(name, body, action, asked, answer, status, ALL_NEW)


NEW = [
    _new("reset", {"type": "immediate"}, "Reset", {"type": "Immediate"}, ACCEPTED),
    _new("reset", {"evse_id": 1}, "Reset", {"type": "OnIdle", "evseId": 1}, ACCEPTED),
    _new(
        "unlock-connector",
        {"evse_id": 1},
        "UnlockConnector",
        {"evseId": 1, "connectorId": 1},
        {"status": "Unlocked"},
        "Unlocked",
    ),
    _new(
        "change-availability",
        {"operative": False, "evse_id": 1},
        "ChangeAvailability",
        {"operationalStatus": "Inoperative", "evse": {"id": 1}},
        {"status": "Scheduled"},
        "Scheduled",
    ),
    _new(
        "trigger-message",
        {"message": "StatusNotification", "evse_id": 1},
        "TriggerMessage",
        {"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 1}},
        ACCEPTED,
    ),
    _new(
        "get-variables",
        {"variables": [_VARIABLE]},
        "GetVariables",
        {"getVariableData": [_NAMES]},
        {
            "getVariableResult": [
                _NAMES | {"attributeStatus": "Accepted", "attributeValue": "300"},
            ]
        },
    ),
    _new(
        "set-variables",
        {"values": [{"variable": _VARIABLE, "value": "60"}]},
        "SetVariables",
        {"setVariableData": [_NAMES | {"attributeValue": "60"}]},
        {"setVariableResult": [_NAMES | {"attributeStatus": "RebootRequired"}]},
        "RebootRequired",
    ),
    _new("get-base-report", {}, "GetBaseReport", {"reportBase": "FullInventory"}, ACCEPTED),
    _new(
        "get-report",
        {"variables": [_VARIABLE]},
        "GetReport",
        {"componentVariable": [_NAMES]},
        ACCEPTED,
    ),
    _new("clear-cache", {}, "ClearCache", {}, ACCEPTED),
    _new(
        "reserve",
        _ANNA | {"evse_id": 1},
        "ReserveNow",
        {"evseId": 1, "idToken": {"idToken": "ANNA", "type": "ISO14443"}},
        ACCEPTED,
    ),
    _new(
        "data-transfer",
        {"vendor_id": "org.example", "message_id": "m", "data": {"a": 1}},
        "DataTransfer",
        {"vendorId": "org.example", "messageId": "m", "data": {"a": 1}},
        {"status": "Accepted", "data": "d"},
    ),
    _new(
        "raw",
        {"action": "GetLocalListVersion", "payload": {}},
        "GetLocalListVersion",
        {},
        {"versionNumber": 3},
    ),
]
