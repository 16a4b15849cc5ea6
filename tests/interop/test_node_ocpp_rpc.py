"""Against ``ocpp-rpc`` 2.2 (npm) in strict mode, which validates both directions with ajv.

1.6 and 2.0.1: its strict mode looks up the schemas of 2.1 by names that they do not have, and so
refuses every message of that version.
"""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from chargeplane.ocpp.events import Answered, Called
from chargeplane.ocpp.versions import Role, Version
from tests.interop.conversation import Conversation
from tests.interop.messages import (
    CSMS_ASKS,
    CSMS_SAYS,
    STATION_ASKS,
    STATION_SAYS,
    TIME,
    to_csms,
    to_station,
)
from tests.interop.node import needs_node, node, report_of

VERSIONS = [Version.V1_6, Version.V2_0_1]

pytestmark = needs_node


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_strict_station_accepts_everything_that_our_csms_says(version: Version) -> None:
    conversations: list[Conversation] = []
    asked = []

    async def station(websocket: ServerConnection) -> None:
        conversation = Conversation(websocket, Role.CSMS, to_station)
        conversations.append(conversation)
        running = asyncio.create_task(conversation.run())
        asked.append(await conversation.ask(CSMS_ASKS[version]))
        await running

    says = [*STATION_SAYS[version], ("DataTransfer", {"vendorId": "x"})]
    async with serve(
        station, "127.0.0.1", 0, subprotocols=[Subprotocol(version.subprotocol)]
    ) as server:
        port = server.sockets[0].getsockname()[1]
        process = await node(
            "station.mjs", f"ws://127.0.0.1:{port}", version.subprotocol, json.dumps(says)
        )
        report = await report_of(process)
    assert report["violations"] == []
    answers = dict(report["answers"])
    assert answers["Heartbeat"] == {"currentTime": TIME}
    assert answers["DataTransfer"] == {"error": "NotSupported", "message": "not here"}
    assert [action for action, _ in report["answers"]] == [action for action, _ in says]
    assert not any("error" in answers[action] for action, _ in STATION_SAYS[version])
    assert len(report["asked"]) == 1
    assert isinstance(asked[0], Answered)
    called = [e.action.name for e in conversations[0].events if isinstance(e, Called)]
    assert called == [action for action, _ in says]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_strict_csms_accepts_everything_that_our_station_says(version: Version) -> None:
    boot = {"currentTime": TIME, "interval": 300, "status": "Accepted"}
    process = await node(
        "csms.mjs", version.subprotocol, json.dumps(CSMS_SAYS[version]), json.dumps(boot)
    )
    assert process.stdout is not None
    port = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
    url = f"ws://127.0.0.1:{port}/CP1"
    async with connect(url, subprotocols=[Subprotocol(version.subprotocol)]) as websocket:
        conversation = Conversation(websocket, Role.STATION, to_csms)
        running = asyncio.create_task(conversation.run())
        answer = await conversation.ask(STATION_ASKS[version])
        await running
    report = await report_of(process)
    assert isinstance(answer, Answered)
    assert report["violations"] == []
    assert [action for action, _ in report["answers"]] == [a for a, _ in CSMS_SAYS[version]]
    assert not any("error" in answer for _, answer in report["answers"])
