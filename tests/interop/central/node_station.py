"""A station made of the npm package ``ocpp-rpc`` in strict mode, in a process of its own."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from chargeplane.ocpp.versions import Version
from tests.interop.central.stranger import ErrorAnswer, Memory, Payload
from tests.interop.node import node

__all__ = ["NodeError", "NodeStation"]


class NodeError(Exception):
    """The library says that something went wrong."""


class NodeStation:
    """Their RPCClient."""

    def __init__(
        self, version: Version, station_id: str, process: asyncio.subprocess.Process
    ) -> None:
        self.id = station_id
        self.version = version
        self.memory = Memory()
        self._process = process
        self._count = 0
        self._waiting: dict[int, asyncio.Future[Payload]] = {}
        self._living = asyncio.create_task(self._live())

    @classmethod
    async def dial(
        cls, port: int, station_id: str, version: Version, password: str | None
    ) -> NodeStation:
        """Connect.

        Raises:
            NodeError: the central system does not let it.
        """
        where = f"ws://127.0.0.1:{port}/ocpp"
        words = (where, station_id, version.subprotocol, password or "")
        process = await node("central/station.mjs", *words, talks=True)
        assert process.stdout is not None
        first = json.loads(await process.stdout.readline())
        if "error" in first:
            await process.communicate()
            raise NodeError(first["error"][1])
        assert first == {"connected": version.subprotocol}
        return cls(version, station_id, process)

    async def ask(self, action: str, payload: Payload) -> Payload:
        self._count += 1
        self._waiting[self._count] = asyncio.get_running_loop().create_future()
        self._say({"ask": [self._count, action, payload]})
        return await self._waiting[self._count]

    async def aclose(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._living
        _, errors = await self._process.communicate()
        assert (self._process.returncode, errors) == (0, b"")

    def _say(self, line: Payload) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line).encode() + b"\n")

    async def _live(self) -> None:
        assert self._process.stdout is not None
        async for text in self._process.stdout:
            ((kind, said),) = json.loads(text).items()
            self._heard(kind, said)

    def _heard(self, kind: str, said: Any) -> None:
        match kind:
            case "answer":
                self._waiting.pop(said[0]).set_result(said[1])
            case "error":
                self._waiting.pop(said[0]).set_exception(NodeError(said[1]))
            case "violation":
                self.memory.violations.append(said)
            case _:
                number, action, payload = said
                answer = self.memory.answer_to(action, payload)
                if answer is None:
                    self._say({"hangUp": True})
                elif isinstance(answer, ErrorAnswer):
                    self._say({"error": [number, answer.code]})
                else:
                    self._say({"answer": [number, answer]})
