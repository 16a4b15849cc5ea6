"""The messages that are measured: typical ones of the field, with their usual answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chargeplane.ocpp import v16, v201
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request, Response

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TIME = "2026-11-21T12:00:00Z"


@dataclass(frozen=True)
class Sample:
    """A request as a station sends it, and the answer that it gets."""

    name: str
    version: Version
    action: str
    request: type[Request]
    payload: dict[str, Any]
    response: Response
    answer: dict[str, Any]
    """The same values as ``response``, in plain containers."""

    @property
    def payload_text(self) -> bytes:
        """The payload as it travels."""
        return json.dumps(self.payload, separators=(",", ":")).encode()

    def frame(self, message_id: str) -> str:
        """The whole CALL."""
        return f'[2,"{message_id}","{self.action}",{self.payload_text.decode()}]'


def _sampled_16(phase: str) -> dict[str, str]:
    return {
        "value": "16.12",
        "context": "Sample.Periodic",
        "format": "Raw",
        "measurand": "Current.Import",
        "phase": phase,
        "location": "Outlet",
        "unit": "A",
    }


SAMPLES = (
    Sample(
        "BootNotification",
        Version.V2_0_1,
        "BootNotification",
        v201.BootNotificationRequest,
        {
            "reason": "PowerUp",
            "chargingStation": {
                "model": "Wallbox 22",
                "vendorName": "Example",
                "serialNumber": "SN-000123",
                "firmwareVersion": "1.2.3-b4",
            },
        },
        v201.BootNotificationResponse(
            current_time=NOW,
            interval=300,
            status=v201.RegistrationStatusEnumType.ACCEPTED,
        ),
        {"currentTime": NOW, "interval": 300, "status": "Accepted"},
    ),
    Sample(
        "MeterValues",
        Version.V2_0_1,
        "MeterValues",
        v201.MeterValuesRequest,
        {
            "evseId": 1,
            "meterValue": [
                {
                    "timestamp": TIME,
                    "sampledValue": [
                        {
                            "value": 1234.5,
                            "context": "Sample.Periodic",
                            "measurand": "Energy.Active.Import.Register",
                            "unitOfMeasure": {"unit": "Wh"},
                        }
                    ],
                }
            ],
        },
        v201.MeterValuesResponse(),
        {},
    ),
    Sample(
        "TransactionEvent",
        Version.V2_0_1,
        "TransactionEvent",
        v201.TransactionEventRequest,
        {
            "eventType": "Updated",
            "timestamp": TIME,
            "triggerReason": "MeterValuePeriodic",
            "seqNo": 17,
            "offline": False,
            "transactionInfo": {
                "transactionId": "6f1c2f64-1d3a-4c8b-9f0e-2f7d2a1b3c4d",
                "chargingState": "Charging",
                "timeSpentCharging": 840,
            },
            "evse": {"id": 1, "connectorId": 1},
            "idToken": {"idToken": "04A2B3C4D5E680", "type": "ISO14443"},
            "meterValue": [
                {
                    "timestamp": TIME,
                    "sampledValue": [
                        {"value": 1234.5, "measurand": "Energy.Active.Import.Register"}
                    ],
                }
            ],
        },
        v201.TransactionEventResponse(
            id_token_info=v201.IdTokenInfoType(status=v201.AuthorizationStatusEnumType.ACCEPTED)
        ),
        {"idTokenInfo": {"status": "Accepted"}},
    ),
    Sample(
        "MeterValues 1.6, 16 values",
        Version.V1_6,
        "MeterValues",
        v16.MeterValuesRequest,
        {
            "connectorId": 1,
            "transactionId": 1804289383,
            "meterValue": [
                {
                    "timestamp": TIME,
                    "sampledValue": [_sampled_16(f"L{n % 3 + 1}") for n in range(16)],
                }
            ],
        },
        v16.MeterValuesResponse(),
        {},
    ),
)
