"""What makes a virtual station send each action that it can send; the table of all of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import md5
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.versions import Version
from chargeplane.station import Core, Ev, EvseSpec, Inventory
from chargeplane.station.firmware.images import image
from chargeplane.station.grid import GridPoint
from chargeplane.station.monitoring.monitors import Monitor
from chargeplane.station.signals import ExternalLimitWanted, SecurityEventWanted, Signal
from chargeplane.station.signals.certificates import ContractWanted, RevocationWanted
from chargeplane.station.signals.screens import (
    BatteryInserted,
    BatteryTaken,
    PaymentEnded,
    VatNumberGiven,
)
from tests.interop.station.day import Day
from tests.station.firmware.test_updates import certificate, signature
from tests.station.test_certificate_questions import chain

STARTING = {"chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Absolute"}


def inventory() -> Inventory:
    return Inventory(evses=(EvseSpec(phases=0, voltage_v=400.0, discharge_w_max=10_000.0),) * 2)


def asks(
    version: Version, transaction_id: str, now: datetime, files: str
) -> list[tuple[str, dict[str, Any]]]:
    """What the central system asks while a transaction runs on EVSE 1."""
    when = now.isoformat()
    log = {"log": {"remoteLocation": files}, "logType": "DiagnosticsLog", "requestId": 1}
    common: list[tuple[str, dict[str, Any]]] = [("GetLog", log)]
    if version is Version.V1_6:
        return [
            *common,
            ("GetDiagnostics", {"location": files}),
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
        ("PublishFirmware", {"location": files, "checksum": checksum, "requestId": 6}),
        ("SetChargingProfile", {"evseId": 1, "chargingProfile": profile}),
        ("GetChargingProfiles", {"requestId": 7, "evseId": 1, "chargingProfile": {}}),
        ("TriggerMessage", {"requestedMessage": "MeterValues"}),
        ("TriggerMessage", {"requestedMessage": "SignChargingStationCertificate"}),
        ("ReserveNow", {"id": 8, "expiryDateTime": expires, "idToken": token, "evseId": 2}),
    ]
    return found + (_asks_2_1(transaction_id, when, monitor) if version is Version.V2_1 else [])


def _asks_2_1(
    transaction_id: str, when: str, monitor: dict[str, Any]
) -> list[tuple[str, dict[str, Any]]]:
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
    stream = {**monitor, "type": "Periodic", "periodicEventStream": {"values": 1}}
    return [
        ("SetVariableMonitoring", {"setMonitoringData": [stream]}),
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


async def deeds(day: Day) -> None:
    """What people, vehicles and machines at the station do meanwhile."""
    station = day.station
    wanted: list[Signal] = [SecurityEventWanted("SettingSystemTime")]
    if not station.core.is_1x:
        wanted += [
            ExternalLimitWanted(0, 9_000.0),
            ExternalLimitWanted(0),
            PaymentEnded("psp", "Settled", 1.0),
            VatNumberGiven("DE123456789", 1, lambda _: None),
            BatteryInserted(2, "s", 10.0),
            BatteryTaken(2),
            ContractWanted("cXVlc3Rpb24=", lambda _: None),
            RevocationWanted(chain(), lambda _: None),
            RevocationWanted(chain(), lambda _: None, of_vehicle=True),
        ]
        station.act(lambda core, now_s: core.set_grid(GridPoint(0, frequency_hz=50.5), now_s))
    for each in wanted:
        day.want(each)
        await day.wait(0)
    station.act(lambda core, _: core.hub.ask(_data_transfer(core)))
    await day.wait(0)


def _data_transfer(core: Core) -> Any:
    module: Any = v16 if core.is_1x else v21
    return module.DataTransferRequest(vendor_id="chargeplane")


async def story(day: Day) -> None:
    """A day at the station."""
    station, version = day.station, day.station.version
    day.want(BatteryInserted(1, "full", 95.0))
    await station.plug_in(1, Ev(capacity_wh=90_000, soc=0.5, discharge_w_max=9_000, edition="2"))
    await day.wait(10)
    await station.tap("DEADBEEF")
    await day.wait(70)
    transaction = station.evse(1).transaction
    assert transaction is not None
    for action, payload in asks(version, transaction.id, station.core.hub.time(), day.files):
        await day.ask(action, payload)
        await day.wait(1)
    await deeds(day)
    await day.wait(60)
    await station.tap("DEADBEEF")
    await day.wait(5)
    await station.unplug()
    await day.wait(400)
    if version is Version.V2_1:
        ids = [each.id for each in station.core.hub.memory.take_all("monitors", Monitor).values()]
        await day.ask("ClearVariableMonitoring", {"id": ids})
    await day.ask("TriggerMessage", {"requestedMessage": "Heartbeat"})
    await day.wait(1)
    await _updates(day)


async def _updates(day: Day) -> None:
    when = day.station.core.hub.time().isoformat()
    if day.station.version is Version.V1_6:
        await day.ask("UpdateFirmware", {"location": day.files, "retrieveDate": when})
        await day.wait(3)
        firmware = _signed(when, day.files)
        await day.ask("SignedUpdateFirmware", {"requestId": 1, "firmware": firmware})
        await day.wait(3)
        await day.ask("TriggerMessage", {"requestedMessage": "MeterValues"})
    else:
        simple = {"location": day.files, "retrieveDateTime": when}
        await day.ask("UpdateFirmware", {"requestId": 1, "firmware": simple})
    await day.wait(5)


def _signed(when: str, files: str) -> dict[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    return {
        "location": files,
        "retrieveDateTime": when,
        "signingCertificate": certificate(key),
        "signature": signature(key, image("2.0.0")),
    }
