"""Every action that the station can send is sent, and no stranger finds anything wrong with it.

The station lives through a day on a clock that is moved by hand; the frames that it sent are then
shown to central systems of others, which check them against the official schemas.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest
from ocpp.messages import Call, validate_payload
from websockets.asyncio.client import connect

from chargeplane.ocpp.catalogue import find
from chargeplane.ocpp.codec import build, payload_of
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Response
from tests.interop.node import needs_node, node, report_of
from tests.interop.station.doing import NOT_SENT, sendable, sent_by, stage_of, story
from tests.station.stage import Stage

VERSIONS = [Version.V1_6, Version.V2_0_1, Version.V2_1]


def lived(version: Version) -> Stage:
    stage = stage_of(version).connect()

    def ask(action: str, payload: dict[str, Any]) -> None:
        row = find(version.newest_of_family, action)
        assert row is not None
        stage.ask(msgspec.convert(payload, row.request, strict=False))

    story(stage, ask)
    return stage


@pytest.mark.parametrize("version", VERSIONS)
def test_every_action_is_sent_and_the_package_ocpp_finds_all_of_them_valid(
    version: Version,
) -> None:
    sent = sent_by(lived(version))
    missing = sendable(version) - NOT_SENT[version] - sent.keys()
    assert missing == set()
    assert not sent.keys() & NOT_SENT[version], "the table is to be shortened"
    for action, payloads in sent.items():
        for payload in payloads:
            call = Call(unique_id="1", action=action, payload=payload)
            asyncio.run(validate_payload(call, version.value))


@needs_node
@pytest.mark.parametrize("version", VERSIONS[:2])
async def test_a_strict_central_system_of_ocpp_rpc_accepts_every_frame(version: Version) -> None:
    stage = lived(version)
    answers = {}
    for action in sent_by(stage):
        row = find(version, action)
        assert row is not None
        answers[action] = answer_of(stage, row.request, action)
    process = await node("station/csms.mjs", version.subprotocol, json.dumps(answers), talks=True)
    assert process.stdout is not None
    port = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
    refused, asked = [], []
    url = f"ws://127.0.0.1:{port}/CP1"
    async with connect(url, subprotocols=[version.subprotocol]) as websocket:  # type: ignore[list-item]
        for text in stage.frames:
            frame = json.loads(text)
            if frame[0] == 2:
                await websocket.send(text)
                answer = json.loads(await asyncio.wait_for(websocket.recv(), 10))
                asked.append(frame[2])
                if answer[0] != 3:
                    refused.append((frame[2], answer))
    assert process.stdin is not None
    process.stdin.close()
    report = await report_of(process)
    assert refused == []
    assert report["violations"] == []
    assert report["asked"] == asked
    assert set(asked) == sendable(version) - NOT_SENT[version]


def answer_of(stage: Stage, request: type[Any], action: str) -> Any:
    """What our small central system says to a request of this type, as it stands on the wire."""
    payload = sent_by(stage)[action][0]
    answer = stage.central.answer(build(request, payload))
    assert isinstance(answer, Response)
    return payload_of(answer)
