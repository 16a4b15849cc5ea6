"""A pending station is looked at and set up before it is let in, and is not served otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx
import pytest

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.store import Function, Store
from tests.csms.driving import Driver, driving
from tests.csms.making import NOW, TENANT_ID
from tests.csms.rest import client

BOOT = {"reason": "PowerUp", "chargingStation": {"vendorName": "Acme", "model": "One"}}
OLD_BOOT = {"chargePointVendor": "Acme", "chargePointModel": "One"}
AT = "2026-11-21T12:00:00Z"
STATUS = {"evseId": 1, "connectorId": 1, "connectorStatus": "Available", "timestamp": AT}
INTERVAL = {"component": "OCPPCommCtrlr", "name": "HeartbeatInterval"}
ACCEPTED = {"status": "Accepted"}


@pytest.fixture
async def central(sqlite_store: Store) -> AsyncIterator[CentralSystem]:
    names = {"PENDING": Registration.PENDING, "REJECTED": Registration.REJECTED}
    for name, registration in names.items():
        known = Known(TENANT_ID, name, 0, None, registration, 0)
        await sqlite_store.write(Function(partial(register, known=known, now=NOW)))
    central = CentralSystem(sqlite_store, SystemClock())
    await central.start()
    yield central
    await central.stop()


@pytest.fixture
async def rest(central: CentralSystem, sqlite_store: Store) -> AsyncIterator[httpx.AsyncClient]:
    async with client(sqlite_store, *central.routes) as rest:
        yield rest


async def commanded(
    rest: httpx.AsyncClient, station: Driver, name: str, body: Any, answer: Any = None
) -> tuple[str, Any]:
    """A command; what was asked, and the outcome. Without an answer nothing may be asked."""
    path = f"/stations/{station.link.identity}/commands/{name}"
    giving = asyncio.create_task(rest.post(path, json=body))
    action = ""
    if answer is not None:
        _, message_id, action, _ = await station.hear()
        station.say(3, message_id, answer)
    told = (await giving).json()
    assert station.heard.empty()
    return action, told


def report(request_id: int, seq_no: int, *, tbc: bool = False) -> dict[str, Any]:
    data = {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": f"Variable{seq_no}"},
        "variableAttribute": [{"value": "300"}],
    }
    return {
        "requestId": request_id,
        "generatedAt": AT,
        "seqNo": seq_no,
        "tbc": tbc,
        "reportData": [data],
    }


async def test_a_pending_station_reports_what_it_was_asked_for_and_no_more(
    central: CentralSystem, rest: httpx.AsyncClient
) -> None:
    port = await central.listen("127.0.0.1", 0)
    async with driving(port, "PENDING", "ocpp2.1") as station:
        assert (await station.ask("BootNotification", BOOT))["status"] == "Pending"
        unasked = await station.ask("NotifyReport", report(1, 0))
        assert unasked[2] == "SecurityError"
        asked, told = await commanded(rest, station, "get-base-report", {}, ACCEPTED)
        assert (asked, told["outcome"]) == ("GetBaseReport", "accepted")
        request_id = told["response"]["request_id"]
        assert await station.ask("NotifyReport", report(request_id, 0, tbc=True)) == {}
        assert await station.ask("NotifyReport", report(request_id, 1)) == {}
        assert await station.ask("NotifyReport", report(request_id, 1)) == {}  # it repeats itself
        unasked = await station.ask("NotifyReport", report(request_id + 1, 0))
        assert unasked[2] == "SecurityError"
    shown = (await rest.get("/stations/PENDING/variables")).json()["items"]
    assert [each["name"] for each in shown] == ["Variable0", "Variable1"]


async def test_a_pending_station_is_set_up_let_in_and_told_to_boot_again(
    central: CentralSystem, rest: httpx.AsyncClient
) -> None:
    port = await central.listen("127.0.0.1", 0)
    async with driving(port, "PENDING", "ocpp2.1") as station:
        await station.ask("BootNotification", BOOT)
        result = {
            "attributeStatus": "Accepted",
            "component": {"name": "OCPPCommCtrlr"},
            "variable": {"name": "HeartbeatInterval"},
        }
        wish: dict[str, Any] = {"values": [{"variable": INTERVAL, "value": "300"}]}
        answer = {"setVariableResult": [result]}
        asked, told = await commanded(rest, station, "set-variables", wish, answer)
        assert (asked, told["outcome"]) == ("SetVariables", "accepted")

        # It may not charge (B02.FR.05), and is asked for no other message of its own.
        for name, body in (
            ("start-charging", {"id_token": {"value": "ABC"}, "evse_id": 1}),
            ("trigger-message", {"message": "Heartbeat"}),
            ("raw", {"action": "ClearCache", "payload": {}}),
        ):
            _, told = await commanded(rest, station, name, body)
            assert (told["outcome"], told["status"]) == ("refused", "Pending")
            assert "pending" in told["reason"]
        assert (await station.ask("StatusNotification", STATUS))[2] == "SecurityError"

        await rest.patch("/stations/PENDING", json={"registration": "accepted"})
        wish = {"message": "BootNotification"}
        asked, told = await commanded(rest, station, "trigger-message", wish, ACCEPTED)
        assert (asked, told["outcome"]) == ("TriggerMessage", "accepted")
        again = await station.ask("BootNotification", BOOT | {"reason": "Triggered"})
        assert again["status"] == "Accepted"
        assert await station.ask("StatusNotification", STATUS) == {}


async def test_a_pending_station_of_1_6_is_asked_for_its_keys(
    central: CentralSystem, rest: httpx.AsyncClient
) -> None:
    port = await central.listen("127.0.0.1", 0)
    async with driving(port, "PENDING", "ocpp1.6") as station:
        assert (await station.ask("BootNotification", OLD_BOOT))["status"] == "Pending"
        keys = {"configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "1"}]}
        asked, told = await commanded(rest, station, "get-variables", {}, keys)
        assert (asked, told["outcome"]) == ("GetConfiguration", "accepted")
        wish = {"message": "BootNotification"}
        asked, told = await commanded(rest, station, "trigger-message", wish, ACCEPTED)
        assert (asked, told["outcome"]) == ("TriggerMessage", "accepted")


async def test_a_rejected_station_is_asked_nothing(
    central: CentralSystem, rest: httpx.AsyncClient
) -> None:
    port = await central.listen("127.0.0.1", 0)
    async with driving(port, "REJECTED", "ocpp2.1") as station:
        assert (await station.ask("BootNotification", BOOT))["status"] == "Rejected"
        for name, body in (
            ("get-base-report", {}),
            ("trigger-message", {"message": "BootNotification"}),
        ):
            _, told = await commanded(rest, station, name, body)
            assert (told["outcome"], told["status"]) == ("refused", "Rejected")
        assert (await station.ask("NotifyReport", report(1, 0)))[2] == "SecurityError"
