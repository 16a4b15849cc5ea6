"""What the two ends say to each other in the interoperability tests, per version."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from chargeplane.ocpp import v16, v21, v201
from chargeplane.ocpp.catalogue import Action
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request, Response

NOW = datetime(2026, 11, 21, 12, 0, 0, 250_000, tzinfo=UTC)
TIME = "2026-11-21T12:00:00.250Z"

# What our CSMS answers to a station.
TO_STATION: dict[tuple[Version, str], Response] = {
    (Version.V1_6, "BootNotification"): v16.BootNotificationResponse(
        status=v16.RegistrationStatus.ACCEPTED, current_time=NOW, interval=300
    ),
    (Version.V1_6, "Heartbeat"): v16.HeartbeatResponse(current_time=NOW),
    (Version.V1_6, "StatusNotification"): v16.StatusNotificationResponse(),
    (Version.V1_6, "StartTransaction"): v16.StartTransactionResponse(
        transaction_id=7, id_tag_info=v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED)
    ),
    (Version.V1_6, "MeterValues"): v16.MeterValuesResponse(),
}
# What our station answers to a CSMS.
TO_CSMS: dict[tuple[Version, str], Response] = {
    (Version.V1_6, "RemoteStartTransaction"): v16.RemoteStartTransactionResponse(
        status=v16.RemoteStartStopStatus.ACCEPTED
    ),
    (Version.V1_6, "GetCompositeSchedule"): v16.GetCompositeScheduleResponse(
        status=v16.GetCompositeScheduleStatus.ACCEPTED,
        connector_id=1,
        schedule_start=NOW,
        charging_schedule=v16.ChargingSchedule(
            charging_rate_unit=v16.ChargingRateUnitType.A,
            charging_schedule_period=[
                v16.ChargingSchedulePeriod(start_period=0, limit=Decimal("16.1"))
            ],
        ),
    ),
}
for _version, _v in ((Version.V2_0_1, v201), (Version.V2_1, v21)):
    _accepted: Any = _v.RegistrationStatusEnumType.ACCEPTED
    TO_STATION |= {
        (_version, "BootNotification"): _v.BootNotificationResponse(
            status=_accepted, current_time=NOW, interval=300
        ),
        (_version, "Heartbeat"): _v.HeartbeatResponse(current_time=NOW),
        (_version, "StatusNotification"): _v.StatusNotificationResponse(),
        (_version, "TransactionEvent"): _v.TransactionEventResponse(
            total_cost=1.25,
            id_token_info=_v.IdTokenInfoType(status=_v.AuthorizationStatusEnumType.ACCEPTED),
        ),
    }
    TO_CSMS |= {
        (_version, "RequestStartTransaction"): _v.RequestStartTransactionResponse(
            status=_v.RequestStartStopStatusEnumType.ACCEPTED, transaction_id="T1"
        ),
        (_version, "GetVariables"): _v.GetVariablesResponse(
            get_variable_result=[
                _v.GetVariableResultType(
                    attribute_status=_v.GetVariableStatusEnumType.ACCEPTED,
                    attribute_value="300",
                    component=_v.ComponentType(name="OCPPCommCtrlr"),
                    variable=_v.VariableType(name="HeartbeatInterval"),
                )
            ]
        ),
    }


def to_station(action: Action) -> Response | None:
    """Our CSMS's answer, or None for what it does not support."""
    return TO_STATION.get((action.version, action.name))


def to_csms(action: Action) -> Response | None:
    """Our station's answer, or None for what it does not support."""
    return TO_CSMS.get((action.version, action.name))


def _metered_16() -> list[Any]:
    sample = {"value": "1200", "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
    return [{"timestamp": TIME, "sampledValue": [sample, {"value": "21.5", "unit": "Celsius"}]}]


# What a foreign station sends to our CSMS, as plain JSON.
_EVENT = {
    "eventType": "Started",
    "timestamp": TIME,
    "triggerReason": "Authorized",
    "seqNo": 0,
    "transactionInfo": {"transactionId": "T1"},
    "idToken": {"idToken": "04A1", "type": "ISO14443"},
}
_STATUS_2 = {"timestamp": TIME, "connectorStatus": "Occupied", "evseId": 1, "connectorId": 1}
_BOOT_2 = {"reason": "PowerUp", "chargingStation": {"model": "M", "vendorName": "V"}}
STATION_SAYS: dict[Version, list[tuple[str, dict[str, Any]]]] = {
    Version.V1_6: [
        ("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}),
        ("Heartbeat", {}),
        ("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Preparing"}),
        (
            "StartTransaction",
            {"connectorId": 1, "idTag": "04A1", "meterStart": 0, "timestamp": TIME},
        ),
        ("MeterValues", {"connectorId": 1, "transactionId": 7, "meterValue": _metered_16()}),
    ],
    Version.V2_0_1: [
        ("BootNotification", _BOOT_2),
        ("Heartbeat", {}),
        ("StatusNotification", _STATUS_2),
        ("TransactionEvent", _EVENT),
    ],
    Version.V2_1: [
        ("BootNotification", _BOOT_2),
        ("Heartbeat", {}),
        ("StatusNotification", _STATUS_2),
        ("TransactionEvent", _EVENT | {"evseSleep": False}),
    ],
}
# What our CSMS asks a foreign station, and what our station asks a foreign CSMS.
CSMS_ASKS: dict[Version, Request] = {
    Version.V1_6: v16.RemoteStartTransactionRequest(id_tag="04A1", connector_id=1),
    Version.V2_0_1: v201.RequestStartTransactionRequest(
        remote_start_id=1,
        id_token=v201.IdTokenType(id_token="04A1", type="ISO14443"),  # type: ignore[arg-type]
    ),
    Version.V2_1: v21.RequestStartTransactionRequest(
        remote_start_id=1, id_token=v21.IdTokenType(id_token="04A1", type="ISO14443")
    ),
}
STATION_ASKS: dict[Version, Request] = {
    Version.V1_6: v16.BootNotificationRequest(charge_point_vendor="V", charge_point_model="M"),
    Version.V2_0_1: v201.BootNotificationRequest(
        reason=v201.BootReasonEnumType.POWER_UP,
        charging_station=v201.ChargingStationType(model="M", vendor_name="V"),
    ),
    Version.V2_1: v21.BootNotificationRequest(
        reason=v21.BootReasonEnumType.POWER_UP,
        charging_station=v21.ChargingStationType(model="M", vendor_name="V"),
    ),
}
# What a foreign CSMS asks our station, as plain JSON.
_VARIABLE = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
_START_2 = {"remoteStartId": 1, "idToken": {"idToken": "04A1", "type": "ISO14443"}}
CSMS_SAYS: dict[Version, list[tuple[str, dict[str, Any]]]] = {
    Version.V1_6: [
        ("RemoteStartTransaction", {"idTag": "04A1", "connectorId": 1}),
        ("GetCompositeSchedule", {"connectorId": 1, "duration": 3600}),
    ],
    Version.V2_0_1: [
        ("RequestStartTransaction", _START_2),
        ("GetVariables", {"getVariableData": [_VARIABLE]}),
    ],
    Version.V2_1: [
        ("RequestStartTransaction", _START_2),
        ("GetVariables", {"getVariableData": [_VARIABLE]}),
    ],
}
