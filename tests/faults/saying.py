"""Single messages, for tests that need few."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from chargeplane.ocpp.versions import Version
from tests.faults.wire import Wire

__all__ = ["START", "event", "is_served"]


def event(wire_id: str, seq_no: int, kind: str = "Updated", register_wh: int = 0) -> dict[str, Any]:
    at = datetime(2026, 11, 20, 12, 0, seq_no % 60, tzinfo=UTC).isoformat()
    sample = {"timestamp": at, "sampledValue": [{"value": 1_000 + register_wh}]}
    return {
        "eventType": kind,
        "timestamp": at,
        "triggerReason": "MeterValuePeriodic",
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": wire_id},
        "evse": {"id": 1, "connectorId": 1},
        "meterValue": [sample],
    }


START = {
    "connectorId": 1,
    "idTag": "ABBA",
    "meterStart": 7,
    "timestamp": "2026-11-20T12:00:00Z",
}


async def is_served(wire: Wire, wire_id: str = "still-here") -> bool:
    """Whether a station gets a transaction message stored and answered."""
    if wire.link.facts.subprotocol == Version.V1_6.subprotocol:
        answer = await wire.answer("StartTransaction", START)
    else:
        answer = await wire.answer("TransactionEvent", event(wire_id, 0, "Started"))
    return bool(answer[0] == 3)
