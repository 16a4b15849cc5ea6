"""What is asked of a station of 1.6 and of one of 2.1 ends alike: over REST, wire words apart.

``test_both_families.py`` compares what stations say by themselves; this what they are asked to do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from chargeplane.csms.central import CentralSystem
from chargeplane.runtime.store import Function, Store
from tests.csms.driving import Driver, driving
from tests.csms.one_token import TAG, with_one_token
from tests.csms.rest import client

OLD, NEW = "CP16", "CP21"
START, MIDDLE, END = "2026-11-21T12:00:00Z", "2026-11-21T12:10:00Z", "2026-11-21T12:20:00Z"
ACCEPTED = {"status": "Accepted"}
APART = {
    "id", "station_id", "wire_id", "remote_start_id", "ocpp_version", "response",
    "transaction_id",
}  # fmt: skip
"""Names, and the words of the wire."""


@pytest.fixture
async def central(store: Store) -> AsyncIterator[CentralSystem]:
    async with with_one_token(store, OLD, NEW) as central:
        yield central


class Day:
    """One station, an operator before his console, and what he sees."""

    def __init__(
        self, central: CentralSystem, store: Store, rest: httpx.AsyncClient, station: Driver
    ) -> None:
        self.central, self.store, self.rest, self.station = central, store, rest, station
        self.name = station.link.identity
        self.seen: list[tuple[str, Any]] = []
        self.remote_start_id = 0

    async def command(self, name: str, body: dict[str, Any], answer: dict[str, Any]) -> Any:
        """Give a command, and answer it as the station; the outcome."""
        path = f"/stations/{self.name}/commands/{name}"
        given = asyncio.get_running_loop().create_task(self.rest.post(path, json=body))
        kind, message_id, _, asked = await self.station.hear()
        assert kind == 2
        self.remote_start_id = asked.get("remoteStartId", self.remote_start_id)
        self.station.say(3, message_id, answer)
        told = await given
        self.seen.append((f"{name} {told.status_code}", told.json()))
        return told.json()

    async def look(self, path: str, **query: str) -> Any:
        """What REST shows, which is noted."""
        shown = (await self.rest.get(path, params=query)).json()
        self.seen.append((path.replace(self.name, "CP"), shown))
        return shown

    async def settled(self) -> None:
        """What nobody waits for is stored as well."""
        self.central.gateway.tray.flush()
        await self.store.write(Function(lambda connection: None))  # behind what was flushed

    async def transaction(self) -> str:
        """The id of the only one; what is shown of it is noted."""
        (found,) = (await self.look("/transactions", station_id=self.name))["items"]
        values = await self.rest.get(f"/transactions/{found['id']}/meter-values")
        self.seen.append(("meter values", values.json()))
        return str(found["id"])

    async def asked_for(self, begin: Any, go_on: Any, stop: Any) -> None:
        """A charging session that an operator begins and ends, and what else he may want."""
        wish = {"id_token": {"value": TAG}, "evse_id": 1}
        await self.command("start-charging", wish, ACCEPTED)
        await begin()
        await go_on()
        stopping = {"transaction_id": await self.transaction()}
        await self.command("stop-charging", stopping, ACCEPTED)
        await stop()
        await self.transaction()
        await self.command("unlock-connector", {"evse_id": 1}, {"status": "Unlocked"})
        wish = {"message": "StatusNotification", "evse_id": 1}
        await self.command("trigger-message", wish, ACCEPTED)
        wish = {"operative": False, "evse_id": 1}
        await self.command("change-availability", wish, {"status": "Scheduled"})
        await self.command("clear-cache", {}, {"status": "Rejected"})
        await self.command("reset", {"type": "on_idle"}, ACCEPTED)
        await self.settled()
        await self.look(f"/stations/{self.name}")
        await self.look(f"/stations/{self.name}/commands")


async def old(day: Day) -> None:
    """In the words of 1.6."""
    station = day.station
    boot = {"chargePointVendor": "Acme", "chargePointModel": "One", "firmwareVersion": "1.0"}
    await station.ask("BootNotification", boot)
    status = {"errorCode": "NoError", "status": "Available", "timestamp": START}
    await station.ask("StatusNotification", status | {"connectorId": 1})
    number = 0

    async def begin() -> None:
        nonlocal number
        said = {"connectorId": 1, "idTag": TAG, "meterStart": 1000, "timestamp": START}
        number = (await station.ask("StartTransaction", said))["transactionId"]

    async def go_on() -> None:
        values = [{"timestamp": MIDDLE, "sampledValue": [{"value": "1500"}]}]
        said = {"connectorId": 1, "transactionId": number, "meterValue": values}
        await station.ask("MeterValues", said)

    async def stop() -> None:
        said = {"transactionId": number, "meterStop": 2000, "timestamp": END, "reason": "Remote"}
        await station.ask("StopTransaction", said)

    await day.asked_for(begin, go_on, stop)


async def new(day: Day) -> None:
    """In the words of 2.1."""
    station = day.station
    about = {"vendorName": "Acme", "model": "One", "firmwareVersion": "1.0"}
    await station.ask("BootNotification", {"reason": "PowerUp", "chargingStation": about})
    status = {"evseId": 1, "connectorStatus": "Available", "timestamp": START}
    await station.ask("StatusNotification", status | {"connectorId": 1})

    async def say(kind: str, seq_no: int, at: str, wh: int, **more: Any) -> None:
        context = {0: "Transaction.Begin", 1: "Sample.Periodic", 2: "Transaction.End"}[seq_no]
        info = {"transactionId": "tx1"} | more.pop("info", {})
        said = {
            "eventType": kind,
            "timestamp": at,
            "triggerReason": "RemoteStart" if seq_no == 0 else "MeterValuePeriodic",
            "seqNo": seq_no,
            "transactionInfo": info,
            "evse": {"id": 1, "connectorId": 1},
            "meterValue": [{"timestamp": at, "sampledValue": [{"value": wh, "context": context}]}],
        }
        await station.ask("TransactionEvent", said | more)

    async def begin() -> None:
        token = {"idToken": TAG, "type": "Central"}
        info = {"remoteStartId": day.remote_start_id}
        await say("Started", 0, START, 1000, idToken=token, info=info)

    async def go_on() -> None:
        await say("Updated", 1, MIDDLE, 1500)

    async def stop() -> None:
        await say("Ended", 2, END, 2000, info={"stoppedReason": "Remote"})

    await day.asked_for(begin, go_on, stop)


def without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {name: without(inner, names) for name, inner in value.items() if name not in names}
    if isinstance(value, list):
        return [without(inner, names) for inner in value]
    return value


async def test_what_is_asked_of_either_family_ends_alike(
    central: CentralSystem, store: Store
) -> None:
    port = await central.listen("127.0.0.1", 0)
    seen: list[list[tuple[str, Any]]] = []
    async with client(store, *central.routes) as rest:
        for name, subprotocol, words in ((OLD, "ocpp1.6", old), (NEW, "ocpp2.1", new)):
            async with driving(port, name, subprotocol) as station:
                day = Day(central, store, rest, station)
                await words(day)
                seen.append(day.seen)
    for one, other in zip(*seen, strict=True):
        assert (one[0], without(one[1], APART)) == (other[0], without(other[1], APART))
    outcomes = [shown["outcome"] for _, shown in seen[0] if "outcome" in shown]
    assert outcomes == ["accepted"] * 5 + ["refused", "accepted"]
    (ended,) = seen[0][4][1]["items"]
    assert (ended["state"], ended["stop_reason"], ended["energy_wh"]) == ("ended", "remote", 1000)
    for remote in (seen[0], seen[1]):
        (started,) = remote[1][1]["items"]
        assert started["remote_start_id"] == str(remote[0][1]["response"]["remote_start_id"])
