"""A station at the other end of a conversation, without a socket between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

from chargeplane.csms.contract import Block, Registration, Station
from chargeplane.csms.gateway.conversation import Conversation
from chargeplane.csms.gateway.gateway import Gateway
from chargeplane.ocpp import events
from chargeplane.ocpp.catalogue import find
from chargeplane.ocpp.codec import build
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.frames import Limits
from chargeplane.ocpp.peer import Peer
from chargeplane.ocpp.versions import Role, Version
from chargeplane.ocpp.wire import Request
from chargeplane.runtime.bus import Bus
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.links import CloseCode
from chargeplane.runtime.store import Store
from tests.csms.making import TENANT_ID

__all__ = ["SILENCE", "FarEnd", "gateway"]

SILENCE = object()
"""What a station says that never answers."""

Say = Callable[[Request], Any]


class FarEnd:
    """A link to a station that answers as the test says, by the name of the action.

    An answer is a payload, an error code, ``SILENCE``, or the text of a whole frame in which ``ID``
    stands for the id of the message.
    """

    def __init__(self, gateway: Gateway, version: Version, **answers: Any) -> None:
        """Connected and silent."""
        self.facts = SimpleNamespace(peer=SimpleNamespace(host="192.0.2.1"))
        self.answers = answers
        self.asked: list[Request] = []
        self.heard = asyncio.Event()
        self._peer = Peer(version, Role.STATION)
        self._owed: events.Called | None = None
        self.station = Station(TENANT_ID, "CP1", version, registration=Registration.ACCEPTED)
        link: Any = self
        self.conversation = Conversation(gateway, link, self.station)
        gateway.conversations[TENANT_ID, "CP1"] = self.conversation

    def send(self, text: str) -> None:
        """A frame has arrived at the station."""
        self._take(self._peer.receive(text, 0))
        asyncio.get_running_loop().call_soon(self._deliver, self._peer.outgoing())

    def _take(self, happened: Iterable[events.Event]) -> None:
        for event in happened:
            if isinstance(event, events.Called):
                self.asked.append(event.request)
                self.heard.set()
                self._answer(event)

    def _answer(self, event: events.Called) -> None:
        said = self.answers.get(event.action.name, SILENCE)
        if isinstance(said, str) and not isinstance(said, ErrorCode):
            text = said.replace("ID", event.message_id)
            asyncio.get_running_loop().call_soon(self._deliver, [text])
        elif isinstance(said, ErrorCode):
            self._take(self._peer.refuse(event.message_id, said, "so it is", {"detail": 1}))
        elif said is SILENCE:
            self._owed = event
        else:
            assert event.action.response is not None
            self._take(self._peer.answer(event.message_id, build(event.action.response, said)))

    def answer_at_last(self, said: Any) -> None:
        """Answer what was met with silence."""
        owed, self._owed = self._owed, None
        assert owed is not None
        assert owed.action.response is not None
        self._take(self._peer.answer(owed.message_id, build(owed.action.response, said)))
        self._deliver(self._peer.outgoing())

    def _deliver(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.conversation.received(text)

    def speak(self) -> None:
        """Say something first, as a station does when it has connected."""
        heartbeat = find(self.station.version, "Heartbeat")
        assert heartbeat is not None
        self._peer.call(heartbeat.request(), 0)
        self._deliver(self._peer.outgoing())

    def close(self, code: CloseCode = CloseCode.NORMAL, reason: str = "") -> None:
        """The connection has ended."""
        self.conversation.end()


def gateway(store: Store, *blocks: Block, **limits: Any) -> Gateway:
    """One without any port."""
    return Gateway(blocks, store, Bus(), SystemClock(), limits=Limits(**limits))
