"""One connection of a station that keeps to the protocol, on the links of the product."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

from chargeplane.ocpp.versions import Version
from chargeplane.runtime.links import Ending, Link, LinkSettings, Wheel, connect

__all__ = ["Payload", "Refused", "Wire"]

PLAIN = LinkSettings(compression=False)
Payload = dict[str, Any]


class Refused(Exception):
    """The request was answered with a CALLERROR."""


class Wire:
    """One connection of a station."""

    def __init__(self) -> None:
        self.link: Link
        self.ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._waiting: dict[str, asyncio.Future[list[Any]]] = {}

    @classmethod
    async def dial(cls, port: int, name: str, version: Version, wheel: Wheel | None = None) -> Wire:
        """Open a connection."""
        wire = cls()
        wire.link = await connect(
            f"ws://127.0.0.1:{port}/ocpp/{name}",
            lambda _: wire,
            subprotocols=[version.subprotocol],
            settings=PLAIN,
            wheel=wheel,
        )
        return wire

    def received(self, text: str) -> None:
        frame = json.loads(text)
        waiting = self._waiting.pop(frame[1], None)
        if waiting is not None and not waiting.done():
            waiting.set_result(frame)

    def closed(self, ending: Ending) -> None:
        self.ending.set_result(ending)
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionResetError(ending.reason))
                waiting.exception()  # perhaps nobody waits for this answer

    def say(self, text: str, message_id: str) -> asyncio.Future[list[Any]]:
        """Send a text; the frame that comes back with an id, if any does."""
        answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._waiting[message_id] = answer
        self.link.send(text)
        return answer

    async def answer(self, action: str, payload: Payload, message_id: str | None = None) -> Any:
        """The frame that answers a request."""
        message_id = message_id or str(uuid4())
        return await self.say(json.dumps([2, message_id, action, payload]), message_id)

    async def ask(self, action: str, payload: Payload) -> Payload:
        """The payload that answers a request.

        Raises:
            ConnectionError: the connection has gone; nobody knows whether it was heard.
            Refused: it was answered with an error.
        """
        frame = await self.answer(action, payload)
        if frame[0] != 3:
            raise Refused(frame)
        result: Payload = frame[2]
        return result
