"""One end of an OCPP-J connection over ``websockets``, as an application would write it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from websockets.exceptions import ConnectionClosed

from chargeplane.ocpp.catalogue import Action
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.events import Called, Event
from chargeplane.ocpp.peer import Peer
from chargeplane.ocpp.tolerance import STRICT
from chargeplane.ocpp.versions import Role, Version
from chargeplane.ocpp.wire import Request, Response

Answers = Callable[[Action], Response | None]


class Conversation:
    """Answers what comes, asks what it is told to, and remembers every event."""

    def __init__(self, websocket: Any, role: Role, answers: Answers) -> None:
        version = Version.of_subprotocol(websocket.subprotocol)
        assert version is not None
        self.websocket = websocket
        self.peer = Peer(version, role, tolerance=STRICT)
        self.answers = answers
        self.events: list[Event] = []
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Until the other end closes."""
        try:
            async for text in self.websocket:
                events = self.peer.receive(text, time.monotonic())
                for event in events:
                    if isinstance(event, Called):
                        events += self._answer(event)
                self.events += events
                await self._send()
                self._changed.set()
        except ConnectionClosed:
            self._changed.set()

    def _answer(self, event: Called) -> list[Event]:
        response = self.answers(event.action)
        if response is None:
            return self.peer.refuse(event.message_id, ErrorCode.NOT_SUPPORTED, "not here")
        return self.peer.answer(event.message_id, response)

    async def ask(self, request: Request) -> Event:
        """Send a request and wait for the event that ends it."""
        message_id = self.peer.call(request, time.monotonic())
        await self._send()
        while True:
            for event in self.events:
                if getattr(event, "message_id", None) == message_id:
                    return event
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), 10)

    async def _send(self) -> None:
        for text in self.peer.outgoing():
            await self.websocket.send(text)
