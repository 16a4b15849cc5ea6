"""Quirks of how a station answers: its configuration, and what it does with commands."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from chargeplane.ocpp.versions import Version
from chargeplane.station.quirks.frames import Payload, answer_changed, answered
from chargeplane.station.quirks.quirk import Quirk

__all__ = ["ANSWERING"]

_1X, _2X = Version.V1_6, Version.V2_1
LONG_CHARS = 551
_HEX = frozenset("0123456789abcdefABCDEF")
_RATE_UNIT = "ChargingScheduleAllowedChargingRateUnit"


def _numeric_readonly(payload: Payload) -> None:
    for each in payload["configurationKey"]:
        each["readonly"] = int(each["readonly"])


def _typed(payload: Payload) -> None:
    for each in payload["configurationKey"]:
        value = each.get("value", "")
        if value in {"true", "false"}:
            each["value"] = value == "true"
        elif value.isdecimal():
            each["value"] = int(value)


def _digits(payload: Payload) -> None:
    for each in payload["configurationKey"]:
        each["value"] = {"true": "1", "false": "0"}.get(each.get("value"), each.get("value", ""))


def _long(payload: Payload) -> None:
    if payload["configurationKey"]:
        payload["configurationKey"][0]["value"] = "x" * LONG_CHARS


def _as(key: str, value: str) -> Any:
    def change(payload: Payload) -> None:
        for each in payload["configurationKey"]:
            if each["key"] == key:
                each["value"] = value

    return change


def _unless_hex(payload: Payload) -> Payload | None:
    return None if set(payload["idTag"]) <= _HEX else {"status": "Rejected"}


def _without_connector(payload: Payload) -> Payload | None:
    is_one = payload["requestedMessage"] == "MeterValues" and "connectorId" not in payload
    return {"status": "Rejected"} if is_one else None


def _limits(value: Any) -> list[Decimal]:
    """Every limit in a profile."""
    if isinstance(value, list):
        return [limit for each in value for limit in _limits(each)]
    if not isinstance(value, dict):
        return []
    own = [Decimal(str(value["limit"]))] if isinstance(value.get("limit"), int | float) else []
    return own + [limit for each in value.values() for limit in _limits(each)]


def _in_tenths(payload: Payload) -> str | None:
    is_finer = any(limit % Decimal("0.1") for limit in _limits(payload))
    return "PropertyConstraintViolation" if is_finer else None


ANSWERING = (
    Quirk(
        "numeric-readonly",
        31,
        "says 0 and 1 instead of false and true for keys that are read only",
        answer_changed("configurationKey", _numeric_readonly),
        family=_1X,
    ),
    Quirk(
        "typed-configuration",
        32,
        "sends configuration values as numbers and booleans and not as text",
        answer_changed("configurationKey", _typed),
        family=_1X,
    ),
    Quirk(
        "long-configuration",
        34,
        "has a configuration value that is longer than allowed",
        answer_changed("configurationKey", _long),
        family=_1X,
    ),
    Quirk(
        "rate-unit-as-watts",
        35,
        "names the units of charging rates by other words",
        answer_changed("configurationKey", _as(_RATE_UNIT, "W")),
        family=_1X,
    ),
    Quirk(
        "booleans-as-digits",
        37,
        "says 0 and 1 for booleans of its configuration",
        answer_changed("configurationKey", _digits),
        family=_1X,
    ),
    Quirk(
        "trigger-needs-connector",
        56,
        "refuses to send meter values if no connector is named",
        hearing=answered("TriggerMessage", _without_connector),
        family=_1X,
    ),
    Quirk(
        "hex-tags-only",
        64,
        "refuses to start for an id tag that is not hexadecimal",
        hearing=answered("RemoteStartTransaction", _unless_hex),
        family=_1X,
    ),
    Quirk(
        "stack-level-0",
        79,
        "has no stack levels but 0",
        answer_changed("configurationKey", _as("ChargeProfileMaxStackLevel", "0")),
        family=_1X,
    ),
    Quirk(
        "ignores-profiles",
        80,
        "accepts charging profiles and charges on as before",
        hearing=answered("SetChargingProfile", lambda _: {"status": "Accepted"}),
    ),
    Quirk(
        "limits-in-tenths",
        82,
        "refuses limits that are no multiple of 0.1",
        hearing=answered("SetChargingProfile", _in_tenths),
    ),
    Quirk(
        "rejects-profiles",
        83,
        "rejects every charging profile",
        hearing=answered("SetChargingProfile", lambda _: {"status": "Rejected"}),
    ),
    Quirk(
        "profiles-of-1.6",
        85,
        "checks charging profiles of 2.x with the schema of 1.6",
        hearing=answered("SetChargingProfile", lambda _: "PropertyConstraintViolation"),
        family=_2X,
    ),
)
"""Every one."""
