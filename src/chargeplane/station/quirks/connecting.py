"""Quirks of connections, of registration and of the frames as such."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

from chargeplane.ocpp.versions import Version
from chargeplane.station.quirks.frames import (
    Frame,
    Heard,
    Hearing,
    Payload,
    Rule,
    Said,
    answered,
    as_heard,
    as_is,
    changed,
    is_call,
    line,
)
from chargeplane.station.quirks.quirk import Quirk

__all__ = ["CONNECTING"]

_1X, _2X = Version.V1_6, Version.V2_1
NEVER_S = 30 * 86_400.0
_MESSAGE_ID = re.compile(r"<(\w+:)?MessageID[^>]*>[^<]*</(\w+:)?MessageID>")
OLD_STATUS: dict[str, Any] = {
    "connectorId": 0,
    "errorCode": "OtherError",
    "info": "Modbus TCP/IP lost, in safe mode max 14.0A",
    "status": "Faulted",
    "timestamp": "2022-01-31T14:44:28Z",
    "vendorErrorCode": "210",
}


def _stuck() -> tuple[Rule, Hearing]:
    """Mute for ever once it is asked for its configuration while it registers."""
    boots: set[str] = set()
    state = {"stuck": False}

    def rule(frame: Frame) -> Said:
        if is_call(frame, "BootNotification"):
            boots.add(frame[1])
        return Said() if state["stuck"] else as_is(frame)

    def hearing(frame: Frame) -> Heard:
        if is_call(frame, "GetConfiguration", "GetBaseReport", "GetVariables") and boots:
            state["stuck"] = True
        boots.discard(frame[1])
        return Heard() if state["stuck"] else as_heard(frame)

    return rule, hearing


def _same_id() -> tuple[Rule, Hearing]:
    """Each request has the same id; the station itself knows which is meant."""
    open_ids: list[str] = []

    def rule(frame: Frame) -> Said:
        if not is_call(frame):
            return as_is(frame)
        open_ids.append(frame[1])
        return Said([line([2, "1000001", *frame[2:]])])

    def hearing(frame: Frame) -> Heard:
        if frame[0] in {3, 4} and frame[1] == "1000001" and open_ids:
            return Heard([line([frame[0], open_ids.pop(0), *frame[2:]])])
        return as_heard(frame)

    return rule, hearing


def _around_boot(early: Payload, *, before: bool) -> Rule:
    """A status beside each BootNotification."""
    number = count(1)

    def rule(frame: Frame) -> Said:
        if not is_call(frame, "BootNotification"):
            return as_is(frame)
        status = line([2, f"status-{next(number)}-{frame[1]}"[:36], "StatusNotification", early])
        return Said([status, line(frame)] if before else [line(frame), status])

    return rule


def _without_id(frame: Frame) -> Said:
    return Said([line([3, "", *frame[2:]])]) if frame[0] == 3 else as_is(frame)


def _of_1_6(frame: Frame) -> Said:
    """What a 1.6 station would say, on a connection of 2.x."""
    if is_call(frame, "BootNotification"):
        station = frame[3]["chargingStation"]
        frame[3] = {
            "chargePointVendor": station["vendorName"],
            "chargePointModel": station["model"],
        }
    elif is_call(frame, "StatusNotification"):
        told = frame[3]
        status = "Charging" if told["connectorStatus"] == "Occupied" else told["connectorStatus"]
        frame[3] = {
            "connectorId": told["evseId"],
            "errorCode": "NoError",
            "status": status,
            "timestamp": told["timestamp"],
        }
    return as_is(frame)


def _has_offset(payload: Payload) -> str | None:
    return "FormationViolation" if "+00:00" in str(payload) else None


CONNECTING = (
    Quirk(
        "messages-of-1.6",
        7,
        "says on a connection of 2.x what a 1.6 station would say",
        lambda: _of_1_6,
        family=_2X,
    ),
    Quirk(
        "slow-redial",
        8,
        "is silent for 6 to 19 minutes before it dials again",
        redial_s=lambda usual_s: 360.0 + min(usual_s * 20.0, 780.0),
    ),
    Quirk(
        "no-redial",
        11,
        "does not dial again when it has lost the connection",
        redial_s=lambda _: NEVER_S,
    ),
    Quirk(
        "stuck-by-early-configuration",
        13,
        "is stuck if it is asked for its configuration before it is registered",
        both=_stuck,
    ),
    Quirk("late-first-dial", 14, "takes 15 minutes to connect", first_dial_s=900.0),
    Quirk(
        "signal-as-iccid",
        17,
        "sends the strength of its signal where the number of the SIM card belongs",
        changed("BootNotification", lambda each: each.update(iccid="-67")),
        family=_1X,
    ),
    Quirk(
        "status-before-boot",
        20,
        "reports a status before it registers",
        lambda: _around_boot(
            {"connectorId": 0, "errorCode": "NoError", "status": "Available"}, before=True
        ),
        family=_1X,
    ),
    Quirk(
        "same-message-id",
        22,
        "gives every request the same message id",
        both=_same_id,
    ),
    Quirk(
        "silent-on-availability",
        23,
        "does not answer a change of availability",
        hearing=lambda: (
            lambda frame: Heard() if is_call(frame, "ChangeAvailability") else as_heard(frame)
        ),
    ),
    Quirk(
        "answers-without-id",
        29,
        "answers with an empty message id",
        lambda: _without_id,
    ),
    Quirk(
        "refuses-offset-times",
        71,
        "refuses requests with times that end in +00:00 and not in Z",
        hearing=answered(
            "ReserveNow SetChargingProfile UpdateFirmware GetDiagnostics RequestStartTransaction",
            _has_offset,
        ),
    ),
    Quirk(
        "old-status",
        73,
        "reports a status of long ago when it registers",
        lambda: _around_boot(OLD_STATUS, before=False),
        family=_1X,
    ),
    Quirk(
        "no-soap-message-id",
        86,
        "leaves the message id out of its SOAP envelopes",
        envelope=lambda text: _MESSAGE_ID.sub("", text),
        family=_1X,
    ),
    Quirk(
        "identity-of-the-other-service",
        88,
        "puts its identity into the namespace of the Charge Point service",
        envelope=lambda text: re.sub(
            r"<(\w+:)?chargeBoxIdentity[^>]*>([^<]*)</(\w+:)?chargeBoxIdentity>",
            r'<o:chargeBoxIdentity xmlns:o="urn://Ocpp/Cp/2012/06/">\2</o:chargeBoxIdentity>',
            text,
        ),
        family=_1X,
    ),
)
"""Every one."""
