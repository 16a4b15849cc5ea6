"""What a station says on an ordinary day, in the words of its family."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import uuid4

from chargeplane.ocpp.versions import Version
from tests.interop.central.stranger import Payload, Stranger

__all__ = ["NewWords", "OldWords", "Words", "words_of"]

START_WH, SAMPLE_WH, STOP_WH = 1000, 1500, 3000


class Words(Protocol):
    """A day; each method is one request, and gives the word that decides in the answer."""

    wire_id: str
    """What the station calls its transaction."""

    async def boot(self) -> str: ...
    async def status(self) -> None: ...
    async def authorize(self, token: str) -> str: ...
    async def start(self, token: str, remote_start_id: int | None = None) -> str: ...
    async def sample(self) -> None: ...
    async def stop(self, reason: str) -> None: ...


def words_of(station: Stranger) -> Words:
    """The words that a station uses."""
    return (
        OldWords(station) if station.version.newest_of_family is Version.V1_6 else NewWords(station)
    )


class _Day:
    def __init__(self, station: Stranger) -> None:
        self.ask, self.version = station.ask, station.version
        self.wire_id = ""
        self._start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)

    def at(self, minutes: int) -> str:
        """A moment of the transaction."""
        return (self._start + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


class OldWords(_Day):
    """1.2, 1.5 and 1.6."""

    async def boot(self) -> str:
        answer = await self.ask(
            "BootNotification", {"chargePointVendor": "Acme", "chargePointModel": "Stranger"}
        )
        interval = "interval" if self.version is Version.V1_6 else "heartbeatInterval"
        assert int(answer[interval]) == 300
        return str(answer["status"])

    async def status(self) -> None:
        payload = {"connectorId": 1, "status": "Available", "errorCode": "NoError"}
        if self.version is not Version.V1_2:
            payload["timestamp"] = self.at(0)
        await self.ask("StatusNotification", payload)

    async def authorize(self, token: str) -> str:
        return str((await self.ask("Authorize", {"idTag": token}))["idTagInfo"]["status"])

    async def start(self, token: str, remote_start_id: int | None = None) -> str:
        payload = {"connectorId": 1, "idTag": token}
        answer = await self.ask(
            "StartTransaction", payload | {"meterStart": START_WH, "timestamp": self.at(0)}
        )
        self.wire_id = str(answer["transactionId"])
        return str(answer["idTagInfo"]["status"])

    async def sample(self) -> None:
        await self.ask("MeterValues", {"connectorId": 1} | self._sampled())

    def _sampled(self) -> Payload:
        at = self.at(10)
        if self.version is Version.V1_2:
            return {"values": [{"timestamp": at, "value": SAMPLE_WH}]}
        mine = {"transactionId": int(self.wire_id)}
        if self.version is Version.V1_5:
            return mine | {"values": [{"timestamp": at, "value": [{"value": str(SAMPLE_WH)}]}]}
        sample = {"value": str(SAMPLE_WH), "context": "Sample.Periodic", "unit": "Wh"}
        return mine | {"meterValue": [{"timestamp": at, "sampledValue": [sample]}]}

    async def stop(self, reason: str) -> None:
        payload = {"transactionId": int(self.wire_id), "meterStop": STOP_WH}
        more = {"reason": reason} if self.version is Version.V1_6 else {}
        await self.ask("StopTransaction", payload | {"timestamp": self.at(20)} | more)


class NewWords(_Day):
    """2.0.1 and 2.1."""

    async def boot(self) -> str:
        station = {"vendorName": "Acme", "model": "Stranger"}
        answer = await self.ask(
            "BootNotification", {"reason": "PowerUp", "chargingStation": station}
        )
        assert answer["interval"] == 300
        return str(answer["status"])

    async def status(self) -> None:
        await self.ask(
            "StatusNotification",
            {
                "timestamp": self.at(0),
                "connectorStatus": "Available",
                "evseId": 1,
                "connectorId": 1,
            },
        )

    async def authorize(self, token: str) -> str:
        answer = await self.ask("Authorize", {"idToken": _token(token)})
        return str(answer["idTokenInfo"]["status"])

    async def start(self, token: str, remote_start_id: int | None = None) -> str:
        self.wire_id = str(uuid4())
        remote = {"remoteStartId": remote_start_id} if remote_start_id else {}
        answer = await self._event(
            "Started", 0, 0, START_WH, remote, idToken=_token(token), evse=_EVSE
        )
        return str(answer["idTokenInfo"]["status"])

    async def sample(self) -> None:
        await self._event("Updated", 1, 10, SAMPLE_WH, {})

    async def stop(self, reason: str) -> None:
        await self._event("Ended", 2, 20, STOP_WH, {"stoppedReason": reason})

    async def _event(
        self, kind: str, seq_no: int, minutes: int, value_wh: int, info: Payload, **more: object
    ) -> Payload:
        context = {"Started": "Transaction.Begin", "Ended": "Transaction.End"}
        sample = {"value": value_wh, "context": context.get(kind, "Sample.Periodic")}
        at = self.at(minutes)
        return await self.ask(
            "TransactionEvent",
            {
                "eventType": kind,
                "timestamp": at,
                "triggerReason": "Authorized" if kind == "Started" else "MeterValuePeriodic",
                "seqNo": seq_no,
                "transactionInfo": {"transactionId": self.wire_id, **info},
                "meterValue": [{"timestamp": at, "sampledValue": [sample]}],
                **more,
            },
        )


_EVSE = {"id": 1, "connectorId": 1}


def _token(value: str) -> Payload:
    return {"idToken": value, "type": "ISO14443"}
