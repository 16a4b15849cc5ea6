"""What the gateway does for stations that are odd: nothing they say is lost, and it is counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
from sqlalchemy import Connection

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.csms.options import Options
from chargeplane.csms.preferences import UnknownTokens
from chargeplane.csms.repair_counts import of_station
from chargeplane.domain.commands import Accepted, GetVariables
from chargeplane.ocpp.frames import Limits
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.links import NO_PONG, LinkSettings
from chargeplane.runtime.store import Function, Store
from tests.csms.driving import Driver, driving
from tests.csms.making import NOW, TENANT_ID

BOOT = {"chargePointVendor": "Acme", "chargePointModel": "One"}
HISTORY_COUNT = 600


@pytest.fixture
async def central(sqlite_store: Store) -> AsyncIterator[CentralSystem]:
    def fill(connection: Connection) -> None:
        register(connection, Known(TENANT_ID, "CP1", 0, None, Registration.ACCEPTED, 0), NOW)

    await sqlite_store.write(Function(fill))
    options = Options(unknown_tokens=UnknownTokens.ACCEPT)
    central = CentralSystem(sqlite_store, SystemClock(), options)
    await central.start()
    yield central
    await central.stop()


@pytest.fixture
async def port(central: CentralSystem) -> int:
    return await central.listen("127.0.0.1", 0)


async def test_a_message_of_the_other_family_is_answered_in_its_own_words(port: int) -> None:
    async with driving(port, "CP1", "ocpp2.0.1") as station:
        booted = await station.ask("BootNotification", BOOT)
        assert (booted["status"], booted["interval"]) == ("Accepted", 300)
        started = await station.ask(
            "StartTransaction",
            {"connectorId": 1, "idTag": "C0FFEE", "meterStart": 0, "timestamp": NOW.isoformat()},
        )
        assert started["idTagInfo"] == {"status": "Accepted"}
        assert "currentTime" in await station.ask("Heartbeat", {})


async def test_repairs_of_answers_and_of_the_handshake_are_counted(
    central: CentralSystem, port: int
) -> None:
    async with driving(port, "CP1", "ocpp1.6") as station:
        await station.ask("Heartbeat", {})
        order = asyncio.ensure_future(central.send(TENANT_ID, "CP1", GetVariables()))
        _, message_id, *_ = await station.hear()
        key = {"key": "HeartbeatInterval", "readonly": 0, "value": 60}
        station.say(3, message_id, {"configurationKey": [key]})
        assert isinstance(await order, Accepted)
        assert central.gateway.meter.repairs == {"value-for-boolean": 1, "number-for-string": 1}
    assert await counted(central) == {
        "value-for-boolean": (1, True),
        "number-for-string": (1, True),
    }


async def counted(central: CentralSystem) -> dict[str, tuple[int, bool]]:
    """What was counted for CP1, and whether a frame is named."""
    await central.gateway.repairs.settle()
    store = central.gateway.store
    found = await store.read(partial(of_station, tenant_id=TENANT_ID, station_id="CP1"))
    return {each.name: (each.count, each.frame_id is not None) for each in found}


async def test_what_is_odd_about_a_handshake_and_about_binary_texts_is_counted_for_the_station(
    central: CentralSystem, port: int
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = [
        "GET /ocpp/CP1 HTTP/1.1", "Host: here", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", "",
    ]  # fmt: skip
    writer.write("\r\n".join(head).encode())
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    text = b'[2,"1","Heartbeat",{}]'
    writer.write(bytes([0x82, 0x80 | len(text), 0, 0, 0, 0]) + text)
    await reader.readuntil(b"currentTime")
    assert await counted(central) == {
        "subprotocol-missing": (1, False),
        "binary-message": (1, True),
    }
    writer.close()


async def hear_results(station: Driver, count: int) -> list[str]:
    answers = [await station.hear() for _ in range(count)]
    assert {answer[0] for answer in answers} == {3}
    return [answer[1] for answer in answers]


@pytest.mark.parametrize("action", ["Heartbeat", "StatusNotification"])
async def test_a_history_that_comes_at_once_is_answered_in_order(port: int, action: str) -> None:
    assert Limits().requests_waiting_max < HISTORY_COUNT
    status = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
    async with driving(port, "CP1", "ocpp1.6") as station:
        ids = [str(number) for number in range(HISTORY_COUNT)]
        for message_id in ids:
            station.say(2, message_id, action, status if action != "Heartbeat" else {})
        assert await hear_results(station, HISTORY_COUNT) == ids


async def test_what_is_asked_amid_a_history_is_asked_and_answered(
    central: CentralSystem, port: int
) -> None:
    status = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
    async with driving(port, "CP1", "ocpp1.6") as station:
        await station.ask("Heartbeat", {})
        order = asyncio.ensure_future(central.send(TENANT_ID, "CP1", GetVariables()))
        _, asked, *_ = await station.hear()
        for number in range(100):
            station.say(2, f"h{number}", "StatusNotification", status)
        station.say(3, asked, {"configurationKey": []})
        assert len(await hear_results(station, 100)) == 100
        assert isinstance(await order, Accepted)


async def test_a_request_that_is_repeated_for_hours_does_not_cost_the_connection(
    port: int,
) -> None:
    async with driving(port, "CP1", "ocpp1.6") as station:
        first = await station.ask("BootNotification", BOOT, "1000001")
        for _ in range(50):
            assert await station.ask("BootNotification", BOOT, "1000001") == first
        assert not station.ending.done()


async def cut_off(central: CentralSystem, port: int, *, answers_pings: bool) -> float | None:
    """What the next connection of a station is given that was cut off for its silence."""
    async with driving(port, "CP1", "ocpp1.6") as station:
        await station.ask("Heartbeat", {})
        conversation = central.gateway.conversation(TENANT_ID, "CP1")
        assert conversation is not None
        if answers_pings:
            await conversation.link.ping()
        conversation.link.cut(NO_PONG)
        await station.ending
    async with driving(port, "CP1", "ocpp1.6") as station:
        await station.ask("Heartbeat", {})
        conversation = central.gateway.conversation(TENANT_ID, "CP1")
        assert conversation is not None
        return conversation.link.ping_interval_s


async def test_a_station_that_never_answers_a_ping_gets_the_time_of_two_heartbeats(
    central: CentralSystem, port: int
) -> None:
    assert await cut_off(central, port, answers_pings=False) == 600


async def test_a_station_that_has_answered_one_is_pinged_as_before(
    central: CentralSystem, port: int
) -> None:
    assert await cut_off(central, port, answers_pings=True) == LinkSettings().ping_interval_s
