"""Every action that the station can send is sent, and no stranger finds anything wrong with it.

A real station lives through a day over a real WebSocket, at central systems that others have
written; these check every frame of it, both ways, against the official schemas.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import suppress
from importlib import import_module, resources
from typing import Any

import jsonschema
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosedOK
from websockets.typing import Subprotocol

from chargeplane.ocpp.versions import Version
from tests.interop.node import needs_node, node, report_of
from tests.interop.station.answers import answers, sendable
from tests.interop.station.day import day_at
from tests.interop.station.doing import inventory, story
from tests.interop.test_python_ocpp import call_of, theirs

NEVER_SENT: dict[Version, frozenset[str]] = {
    Version.V1_6: frozenset(),
    Version.V2_0_1: frozenset(),
    Version.V2_1: frozenset(),
}
"""The table of actions that the station cannot send: nothing."""
VERSIONS = list(NEVER_SENT)


def asked_in(frames: list[str]) -> Counter[str]:
    """The requests among frames, by action."""
    found = [frame for frame in map(json.loads, frames) if frame[0] in {2, 6}]
    return Counter(frame[2] for frame in found)


class Tapped:
    """Their connection; notes the errors that they answer, and takes what they cannot read."""

    def __init__(self, websocket: ServerConnection) -> None:
        self._websocket = websocket
        self.errors: list[str] = []

    async def recv(self) -> Any:
        text = str(await self._websocket.recv())
        while text.startswith("[6"):  # their package has its schema, but refuses the type of frame
            frame = json.loads(text)
            schemas = resources.files("ocpp.v21.schemas")
            schema = schemas.joinpath(f"{frame[2]}.json").read_text("utf-8-sig")
            jsonschema.validate(frame[3], json.loads(schema))
            text = str(await self._websocket.recv())
        return text

    async def send(self, text: str) -> None:
        if json.loads(text)[0] == 4:
            self.errors.append(text)
        await self._websocket.send(text)


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_package_ocpp_finds_every_action_valid(version: Version) -> None:
    result = import_module(f"ocpp.{version.package}.call_result")
    snake = import_module("ocpp.charge_point").camel_to_snake_case
    said = answers(version)
    csms_type = theirs(version, {each: getattr(result, each)(**snake(said[each])) for each in said})
    came: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def csms(websocket: ServerConnection) -> None:
        tapped = Tapped(websocket)
        charge_point = csms_type("CP1", tapped)
        came.set_result((charge_point, tapped))
        with suppress(ConnectionClosedOK):
            await charge_point.start()

    async def ask(action: str, payload: dict[str, Any]) -> Any:
        charge_point = (await came)[0]
        return await charge_point.call(call_of(version, action, payload), suppress=False)

    async with serve(
        csms, "127.0.0.1", 0, subprotocols=[Subprotocol(version.subprotocol)]
    ) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with day_at(url, version, inventory(), ask) as (day, frames):
            await story(day)
    assert (await came)[1].errors == []
    assert asked_in(frames).keys() | NEVER_SENT[version] == sendable(version)
    assert not asked_in(frames).keys() & NEVER_SENT[version], "the table is to be shortened"


@needs_node
@pytest.mark.parametrize("version", VERSIONS[:2])
async def test_a_strict_central_system_of_ocpp_rpc_accepts_every_action(version: Version) -> None:
    says = json.dumps(answers(version))
    process = await node("station/csms.mjs", version.subprotocol, says, talks=True)
    assert process.stdin is not None
    assert process.stdout is not None
    output, keyboard = process.stdout, process.stdin

    async def told() -> Any:
        return json.loads(await asyncio.wait_for(output.readline(), 20))

    async def ask(action: str, payload: dict[str, Any]) -> Any:
        keyboard.write(json.dumps([action, payload]).encode() + b"\n")
        said = await told()
        assert "error" not in said, (action, said)
        return said["answer"]

    url = f"ws://127.0.0.1:{await told()}"
    async with day_at(url, version, inventory(), ask) as (day, frames):
        await story(day)
    keyboard.close()
    report = await report_of(process)
    assert report["violations"] == []
    assert Counter(report["asked"]) == asked_in(frames)
    assert asked_in(frames).keys() | NEVER_SENT[version] == sendable(version)
