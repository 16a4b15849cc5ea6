"""A station's end of the wire: it says what a test makes it say, and keeps what it hears."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from chargeplane.runtime.links import Ending, Link, connect

__all__ = ["Driver", "driving"]


class Driver:
    """One connection of a station."""

    def __init__(self) -> None:
        self.link: Link
        self.heard: asyncio.Queue[list[Any]] = asyncio.Queue()
        self.ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._count = 0

    def received(self, text: str) -> None:
        self.heard.put_nowait(msgspec.json.decode(text))

    def closed(self, ending: Ending) -> None:
        self.ending.set_result(ending)

    def say(self, *frame: object) -> None:
        self.link.send(msgspec.json.encode(frame).decode())

    async def hear(self) -> list[Any]:
        async with asyncio.timeout(10):
            return await self.heard.get()

    async def ask(self, action: str, payload: object, message_id: str | None = None) -> Any:
        """Send a CALL; the payload of the answer, or the whole CALLERROR."""
        self._count += 1
        message_id = message_id or f"m{self._count}"
        self.say(2, message_id, action, payload)
        while (answer := await self.hear())[1] != message_id:
            pass
        return answer[2] if answer[0] == 3 else answer


@asynccontextmanager
async def driving(
    port: int,
    name: str,
    subprotocol: str = "ocpp2.0.1",
    *,
    password: str | None = None,
    path: str = "ocpp",
) -> AsyncIterator[Driver]:
    """A connected station."""
    driver = Driver()
    headers = []
    if password is not None:
        credentials = base64.b64encode(f"{name}:{password}".encode()).decode()
        headers = [("Authorization", f"Basic {credentials}")]

    def opened(link: Link) -> Driver:
        driver.link = link
        return driver

    await connect(
        f"ws://127.0.0.1:{port}/{path}/{name}",
        opened,
        subprotocols=[subprotocol],
        headers=headers,
    )
    try:
        yield driver
    finally:
        driver.link.close()
        async with asyncio.timeout(10):
            await driver.ending
