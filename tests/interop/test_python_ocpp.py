"""Against the PyPI package ``ocpp`` 2.1 (mobilityhouse), as charge point and as central system."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any

import pytest
from ocpp.messages import Call
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from chargeplane.ocpp.events import Answered, Called
from chargeplane.ocpp.versions import Role, Version
from tests.interop.conversation import Conversation
from tests.interop.messages import (
    CSMS_ASKS,
    CSMS_SAYS,
    NOW,
    STATION_ASKS,
    STATION_SAYS,
    TIME,
    to_csms,
    to_station,
)

VERSIONS = [Version.V1_6, Version.V2_0_1, Version.V2_1]


def theirs(version: Version, answers: dict[str, Any]) -> type[Any]:
    """Their ChargePoint class, which answers ``answers`` and validates both directions."""
    package = import_module(f"ocpp.{version.package}")
    on = import_module("ocpp.routing").on

    members = {}
    for action, answer in answers.items():

        async def handle(self: Any, answer: Any = answer, **_: Any) -> Any:
            return answer

        handle.__name__ = f"on_{action}"  # their routing looks the method up by this name
        members[handle.__name__] = on(action)(handle)
    return type("ChargePoint", (package.ChargePoint,), members)


def call_of(version: Version, action: str, payload: dict[str, Any]) -> Any:
    """A request object of theirs."""
    module = import_module(f"ocpp.{version.package}.call")
    names = import_module("ocpp.charge_point")
    return getattr(module, action)(**names.camel_to_snake_case(payload))


@pytest.mark.parametrize("version", VERSIONS)
async def test_their_charge_point_talks_with_our_csms(version: Version) -> None:
    result = import_module(f"ocpp.{version.package}.call_result")
    start = "RemoteStartTransaction" if version is Version.V1_6 else "RequestStartTransaction"
    station_type = theirs(version, {start: getattr(result, start)(status="Accepted")})
    outcome: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    conversations: list[Conversation] = []

    async def station(websocket: ServerConnection) -> None:
        conversation = Conversation(websocket, Role.CSMS, to_station)
        conversations.append(conversation)
        running = asyncio.create_task(conversation.run())
        outcome.set_result(await conversation.ask(CSMS_ASKS[version]))
        await running

    async with serve(
        station, "127.0.0.1", 0, subprotocols=[Subprotocol(version.subprotocol)]
    ) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"ws://127.0.0.1:{port}/CP1"
        async with connect(url, subprotocols=[Subprotocol(version.subprotocol)]) as websocket:
            charge_point = station_type("CP1", websocket)
            running = asyncio.create_task(charge_point.start())
            for action, payload in STATION_SAYS[version]:
                answer = await charge_point.call(call_of(version, action, payload), suppress=False)
                if action == "Heartbeat":
                    assert answer.current_time == TIME
            assert isinstance(await asyncio.wait_for(outcome, 10), Answered)
            running.cancel()
    called = [e.action.name for e in conversations[0].events if isinstance(e, Called)]
    assert called == [action for action, _ in STATION_SAYS[version]]


@pytest.mark.parametrize("version", VERSIONS)
async def test_our_station_talks_with_their_central_system(version: Version) -> None:
    result = import_module(f"ocpp.{version.package}.call_result")
    boot = result.BootNotification(current_time=NOW.isoformat(), interval=300, status="Accepted")
    csms_type = theirs(version, {"BootNotification": boot})
    answers: list[Any] = []
    booted = asyncio.Event()

    async def csms(websocket: ServerConnection) -> None:
        charge_point = csms_type("CP1", websocket)
        running = asyncio.create_task(charge_point.start())
        await booted.wait()
        for action, payload in CSMS_SAYS[version]:
            request = call_of(version, action, payload)
            answers.append(await charge_point.call(request, suppress=False))
        running.cancel()

    async with serve(
        csms, "127.0.0.1", 0, subprotocols=[Subprotocol(version.subprotocol)]
    ) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"ws://127.0.0.1:{port}/CP1"
        async with connect(url, subprotocols=[Subprotocol(version.subprotocol)]) as websocket:
            conversation = Conversation(websocket, Role.STATION, to_csms)
            running = asyncio.create_task(conversation.run())
            answer = await conversation.ask(STATION_ASKS[version])
            booted.set()
            await asyncio.wait_for(running, 10)
    assert isinstance(answer, Answered)
    assert len(answers) == len(CSMS_SAYS[version])


def test_their_frames_and_ours_are_the_same_text() -> None:
    theirs_text = Call("1", "Heartbeat", {}).to_json()
    assert theirs_text.replace(" ", "") == '[2,"1","Heartbeat",{}]'
