"""What makes a virtual station send each action that it can send; the table of all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import md5
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.catalogue import actions
from chargeplane.ocpp.versions import Role, Version
from chargeplane.station import Ev, EvseSpec, Inventory
from chargeplane.station.file_signals import DownloadWanted, PublishWanted, UploadWanted
from chargeplane.station.firmware.images import image
from chargeplane.station.grid import GridPoint
from chargeplane.station.screen_signals import (
    BatteryInserted,
    BatteryTaken,
    PaymentEnded,
    VatNumberGiven,
)
from chargeplane.station.signals import ExternalLimitWanted, SecurityEventWanted
from tests.station.firmware.test_updates import certificate, signature
from tests.station.stage import Stage

NOT_SENT: Mapping[Version, frozenset[str]] = {
    Version.V1_6: frozenset(),
    Version.V2_0_1: frozenset({"Get15118EVCertificate", "GetCertificateStatus"}),
    Version.V2_1: frozenset(
        {
            "Get15118EVCertificate",
            "GetCertificateStatus",
            "GetCertificateChainStatus",
            "OpenPeriodicEventStream",
            "ClosePeriodicEventStream",
            "NotifyPeriodicEventStream",
        }
    ),
}
"""What this station has no occasion for: contract certificates, and streams of events."""

STARTING = {"chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Absolute"}
Ask = Callable[[str, dict[str, Any]], None]


def sendable(version: Version) -> frozenset[str]:
    """All actions of the catalogue that a station may send."""
    rows = actions(version).values()
    return frozenset(each.name for each in rows if each.may_be_sent_by(Role.STATION))


def inventory() -> Inventory:
    return Inventory(evses=(EvseSpec(phases=0, voltage_v=400.0, discharge_w_max=10_000.0),) * 2)


def stage_of(version: Version) -> Stage:
    """A station whose files come and go at once."""
    stage = Stage(version, inventory=inventory())
    hub = stage.core.hub
    hub.hears(DownloadWanted, lambda wanted: wanted.done(image("2.0.0")))
    hub.hears(UploadWanted, lambda wanted: wanted.done("Uploaded"))
    hub.hears(PublishWanted, lambda wanted: wanted.done(["http://10.0.0.1/fw"]))
    return stage


def asks(version: Version, transaction_id: str, now: datetime) -> list[tuple[str, dict[str, Any]]]:
    """What the central system asks while a transaction runs on EVSE 1."""
    when = now.isoformat()
    log = {"log": {"remoteLocation": "http://x/"}, "logType": "DiagnosticsLog", "requestId": 1}
    common: list[tuple[str, dict[str, Any]]] = [("GetLog", log)]
    if version is Version.V1_6:
        return [
            *common,
            ("GetDiagnostics", {"location": "http://x/"}),
            ("ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"}),
        ]
    component = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}
    monitor = {"value": 1.0, "type": "UpperThreshold", "severity": 5, **component}
    message = {
        "id": 1,
        "priority": "AlwaysFront",
        "message": {"format": "UTF8", "content": "hello"},
    }
    checksum = md5(image("2.0.0"), usedforsecurity=False).hexdigest()
    token = {"idToken": "DEADBEEF", "type": "ISO14443"}
    expires = (now + timedelta(seconds=30)).isoformat()
    profile = {"id": 5, "stackLevel": 0, "transactionId": transaction_id, **STARTING}
    period = {"startPeriod": 0, "limit": 9_000.0}
    schedule = {"id": 1, "startSchedule": when, "chargingRateUnit": "W"}
    profile["chargingSchedule"] = [{**schedule, "chargingSchedulePeriod": [period]}]
    found = [
        *common,
        ("GetBaseReport", {"requestId": 2, "reportBase": "FullInventory"}),
        ("SetVariableMonitoring", {"setMonitoringData": [monitor]}),
        ("GetMonitoringReport", {"requestId": 3}),
        ("SetDisplayMessage", {"message": message}),
        ("GetDisplayMessages", {"requestId": 4}),
        ("CustomerInformation", {"requestId": 5, "report": True, "clear": False, "idToken": token}),
        ("PublishFirmware", {"location": "http://x/", "checksum": checksum, "requestId": 6}),
        ("SetChargingProfile", {"evseId": 1, "chargingProfile": profile}),
        ("GetChargingProfiles", {"requestId": 7, "evseId": 1, "chargingProfile": {}}),
        ("TriggerMessage", {"requestedMessage": "MeterValues"}),
        ("TriggerMessage", {"requestedMessage": "SignChargingStationCertificate"}),
        ("ReserveNow", {"id": 8, "expiryDateTime": expires, "idToken": token, "evseId": 2}),
    ]
    return found + (_asks_2_1(transaction_id, when) if version is Version.V2_1 else [])


def _asks_2_1(transaction_id: str, when: str) -> list[tuple[str, dict[str, Any]]]:
    profile = {
        "id": 6,
        "stackLevel": 1,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Dynamic",
        "transactionId": transaction_id,
        "dynUpdateInterval": 5,
    }
    period = {"startPeriod": 0, "limit": 8_000.0}
    schedule = {"id": 1, "chargingRateUnit": "W", "chargingSchedulePeriod": [period]}
    priority = {"id": 7, "stackLevel": 0, "chargingProfilePurpose": "PriorityCharging"}
    absolute = {**schedule, "startSchedule": when}
    limit = {"priority": 1, "pctMaxDischargePower": 50.0, "startTime": when, "duration": 20.0}
    droop = {"priority": 1, "overFreq": 50.1, "underFreq": 49.9, "overDroop": 0.05}
    droop |= {"underDroop": 0.05, "responseTime": 1.0}
    kind = {"controlType": "LimitMaxDischarge", "controlId": "a", "isDefault": False}
    return [
        (
            "SetChargingProfile",
            {"evseId": 1, "chargingProfile": {**profile, "chargingSchedule": [schedule]}},
        ),
        (
            "SetChargingProfile",
            {
                "evseId": 1,
                "chargingProfile": {
                    **priority,
                    "chargingProfileKind": "Absolute",
                    "chargingSchedule": [absolute],
                },
            },
        ),
        ("UsePriorityCharging", {"transactionId": transaction_id, "activate": True}),
        ("SetDERControl", {**kind, "limitMaxDischarge": limit}),
        (
            "SetDERControl",
            {"controlType": "FreqDroop", "controlId": "b", "isDefault": True, "freqDroop": droop},
        ),
        ("GetDERControl", {"requestId": 9}),
        ("RequestBatterySwap", {"idToken": {"idToken": "D", "type": "ISO14443"}, "requestId": 10}),
    ]


def deeds(stage: Stage) -> None:
    """What people and machines at the station do meanwhile."""
    core, now_s = stage.core, stage.now_s
    core.want(SecurityEventWanted("SettingSystemTime"), now_s)
    core.hub.ask(_data_transfer(stage))
    if core.is_1x:
        return
    core.want(ExternalLimitWanted(0, 9_000.0), now_s)
    core.want(ExternalLimitWanted(0), now_s)
    core.set_grid(GridPoint(0, frequency_hz=50.5), now_s)
    core.want(PaymentEnded("psp", "Settled", 1.0), now_s)
    core.want(VatNumberGiven("DE123456789", 1, lambda _: None), now_s)
    core.want(BatteryInserted(2, "s", 10.0), now_s)
    core.want(BatteryTaken(2), now_s)


def _data_transfer(stage: Stage) -> Any:
    module: Any = v16 if stage.core.is_1x else v21
    return module.DataTransferRequest(vendor_id="chargeplane")


def story(stage: Stage, ask: Ask) -> None:
    """A day at the station; ``ask`` lets the central system ask."""
    version = stage.version
    stage.core.want(BatteryInserted(1, "full", 95.0), stage.now_s)
    stage.plug_in(1, Ev(capacity_wh=90_000, soc=0.5, discharge_w_max=9_000, edition="2"))
    stage.wait(10).tap().wait(70)
    transaction = stage.core.evse(1).transaction
    assert transaction is not None
    for action, payload in asks(version, transaction.id, stage.core.hub.time()):
        ask(action, payload)
        stage.wait(1)
    deeds(stage)
    stage.carry().wait(60)
    stage.tap().wait(5).unplug().wait(400)
    when = stage.core.hub.time().isoformat()
    if version is Version.V1_6:
        ask("UpdateFirmware", {"location": "http://x/", "retrieveDate": when})
        stage.wait(3)
        ask("SignedUpdateFirmware", {"requestId": 1, "firmware": _signed(when)})
        stage.wait(3)
        ask("TriggerMessage", {"requestedMessage": "MeterValues"})
    else:
        firmware = {"location": "http://x/", "retrieveDateTime": when}
        ask("UpdateFirmware", {"requestId": 1, "firmware": firmware})
    stage.wait(5)


def _signed(when: str) -> dict[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    return {
        "location": "http://x/",
        "retrieveDateTime": when,
        "signingCertificate": certificate(key),
        "signature": signature(key, image("2.0.0")),
    }


def sent_by(stage: Stage) -> dict[str, list[dict[str, Any]]]:
    """Payloads of the requests that left, by action."""
    found: dict[str, list[dict[str, Any]]] = {}
    for text in stage.frames:
        frame = json.loads(text)
        if frame[0] in {2, 6}:
            found.setdefault(frame[2], []).append(frame[3])
    return found
