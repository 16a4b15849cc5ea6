"""A station that puts what no page should run into every field that it fills."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

# Calling hit() is what a script of a station would do.
WORDS = (
    "<svg/onload=hit()>",
    "<script>hit()</script>",
    '"><img src=x onerror=hit()>',
    "javascript:hit()",
    "=HYPERLINK(0)+hit()",
    "@SUM(1)",
    "+1|hit",
    "-1+hit()",
    "\t=1+1",
    "\u202egpj.exe\u2066",
    "nul\x00bel\x07esc\x1b[31m",
    "{{hit()}}${hit()}",
    "'; hit(); //",
)
AT = "2026-11-21T10:00:00Z"
HUGE = "<b onclick=hit()>" * 2_000


class HostileStation:
    """One connection. Each text that it sends is the next of ``WORDS``."""

    def __init__(self, wire: ClientConnection) -> None:
        self._wire = wire
        self._words = itertools.cycle(WORDS)
        self._numbers = itertools.count()

    def word(self, characters_max: int) -> str:
        """The next that fits into a field."""
        return next(each for each in self._words if len(each) <= characters_max)

    def ask(self, action: str, payload: dict[str, Any]) -> list[Any]:
        """The frame that answers; questions of the server get hostile errors."""
        message_id = f"{next(self._numbers)}"
        self._wire.send(json.dumps([2, message_id, action, payload]))
        while True:
            frame: list[Any] = json.loads(self._wire.recv(timeout=10))
            if frame[0] == 2:
                error = [4, frame[1], "InternalError", self.word(255), {"x": self.word(255)}]
                self._wire.send(json.dumps(error))
            elif frame[1] == message_id:
                return frame


@contextmanager
def connected(stations: str, identity: str, subprotocol: str) -> Iterator[HostileStation]:
    """A connection under an identity, which may be hostile too."""
    address, offered = stations + quote(identity, safe=""), [Subprotocol(subprotocol)]
    with connect(address, subprotocols=offered, proxy=None) as wire:
        yield HostileStation(wire)


def speak_1_6(station: HostileStation) -> None:
    """Everything that a 1.6 station says with texts of its own."""
    word = station.word
    boot = {name: word(20) for name in ("chargePointVendor", "chargePointModel", "iccid", "imsi")}
    boot |= {name: word(25) for name in ("chargePointSerialNumber", "meterType")}
    station.ask("BootNotification", boot | {"firmwareVersion": word(50)})
    for number, error in enumerate(("OtherError", "GroundFailure", "NoError")):
        status = {"connectorId": number, "errorCode": error, "timestamp": AT}
        status |= {"status": "Faulted" if error != "NoError" else "Available"}
        status |= {"info": word(50), "vendorId": word(255), "vendorErrorCode": word(50)}
        station.ask("StatusNotification", status)
    for _ in WORDS:
        station.ask("Authorize", {"idTag": word(20)})
    start = {"connectorId": 1, "idTag": word(20), "meterStart": 0, "timestamp": AT}
    started = station.ask("StartTransaction", start)[2]
    sampled = {"value": "1000", "measurand": "Energy.Active.Import.Register"}
    samples = [sampled, {"value": word(30)}]
    values = {"connectorId": 1, "meterValue": [{"timestamp": AT, "sampledValue": samples}]}
    station.ask("MeterValues", values | {"transactionId": started["transactionId"]})
    stop = {"transactionId": started["transactionId"], "idTag": word(20), "timestamp": AT}
    station.ask("StopTransaction", stop | {"meterStop": 1000, "reason": "Local"})
    station.ask("DataTransfer", {"vendorId": word(255), "messageId": word(50), "data": HUGE})
    event = {"type": word(50), "timestamp": AT, "techInfo": word(255)}
    station.ask("SecurityEventNotification", event)
    station.ask(word(36), {word(36): word(255)})


def speak_2_1(station: HostileStation) -> None:
    """The same for 2.1, with variables, events and texts of displays."""
    word = station.word
    modem = {"iccid": word(20), "imsi": word(20)}
    box = {"vendorName": word(50), "model": word(20), "serialNumber": word(25), "modem": modem}
    box["firmwareVersion"] = word(50)
    station.ask("BootNotification", {"reason": "PowerUp", "chargingStation": box})
    status = {"timestamp": AT, "connectorStatus": "Faulted", "evseId": 1, "connectorId": 1}
    station.ask("StatusNotification", status)
    for kind in ("Alerting", "Delta"):
        event = {"eventId": 1, "timestamp": AT, "trigger": kind, "actualValue": word(2500)}
        event |= {"techCode": word(50), "techInfo": word(500), "severity": 0}
        event |= {"eventNotificationType": "HardWiredNotification"}
        event |= {"component": {"name": word(50)}, "variable": {"name": word(50)}}
        station.ask("NotifyEvent", {"generatedAt": AT, "seqNo": 0, "eventData": [event]})
    facts = [
        {
            "component": {"name": word(50), "instance": word(50)},
            "variable": {"name": word(50), "instance": word(50)},
            "variableAttribute": [{"type": "Actual", "value": word(2500)}],
            "variableCharacteristics": {
                "dataType": "string", "supportsMonitoring": False, "unit": word(16),
                "valuesList": word(1000),
            },
        }
        for _ in WORDS
    ]  # fmt: skip
    report = {"requestId": 1, "generatedAt": AT, "seqNo": 0, "reportData": facts}
    station.ask("NotifyReport", report)
    message = {"format": "HTML", "content": word(1024), "language": word(8)}
    shown = [{"id": 1, "priority": "AlwaysFront", "message": message}]
    station.ask("NotifyDisplayMessages", {"requestId": 1, "messageInfo": shown})
    token = {"idToken": word(255), "type": word(20), "additionalInfo": []}
    info = {"transactionId": word(36), "chargingState": "Charging"}
    for seq_no, kind in enumerate(("Started", "Ended")):
        said = {"eventType": kind, "timestamp": AT, "triggerReason": "Authorized", "seqNo": seq_no}
        said |= {"transactionInfo": info, "idToken": token, "evse": {"id": 1, "connectorId": 1}}
        station.ask("TransactionEvent", said)
    event = {"type": word(50), "timestamp": AT, "techInfo": word(255)}
    station.ask("SecurityEventNotification", event)
