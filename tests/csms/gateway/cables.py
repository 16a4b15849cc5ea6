"""Connections of one station whose network a test controls, step by step.

Everything from the link upwards is real; a cable stands where the socket is. What a station says
waits in it while the link is held, and its end is reported when the test says so, which may be long
after the link was closed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from contextlib import suppress
from random import Random
from typing import Any

from chargeplane.csms.contract import Block, Decision, Heard, NotConnected, Registration
from chargeplane.csms.gateway.admission import Admitted
from chargeplane.csms.gateway.conversation import Conversation
from chargeplane.csms.gateway.desk import Desk
from chargeplane.csms.gateway.gateway import Gateway
from chargeplane.csms.inventory import Known
from chargeplane.domain.commands import Accepted, Outcome, Raw
from chargeplane.domain.events import Event, StationConnected, StationDisconnected
from chargeplane.ocpp import v21
from chargeplane.runtime.bus import Bus
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.links import Address, Link, LinkFacts, LinkSettings
from chargeplane.runtime.links.wheel import Wheel
from chargeplane.runtime.links.wires import PING, PONG, TEXT
from chargeplane.runtime.store import Function, Store
from tests.csms.making import NOW, TENANT_ID
from tests.waiting import until

__all__ = ["Cable", "Network", "SkewedLoop"]

SETTINGS = LinkSettings(ping_interval_s=None)
COMMAND = Raw(action="DataTransfer", payload={"vendorId": "org.example"})


class SkewedLoop(asyncio.SelectorEventLoop):
    """A loop whose time a test puts forward."""

    skew_s = 0.0

    def time(self) -> float:
        return super().time() + self.skew_s


class Cable:
    """One connection: the wire of a link, and the station at its other end."""

    def __init__(self, network: Network, number: int, host: str, credential: str) -> None:
        """Dialled; ``authenticated`` follows. The epoch is what the store says at this moment."""
        self.network, self.number = network, number
        epoch = network.dice.choice((0, network.newest_epoch))
        known = Known(TENANT_ID, network.name, 0, None, Registration.ACCEPTED, epoch)
        facts = LinkFacts(
            network.name, "ocpp2.1", Address(host, 1), context=Admitted(known, credential)
        )
        self.link = Link(facts, SETTINGS, network.wheel)
        self.conversation: Conversation | None = None
        self.is_down = False
        self._is_held = False
        self._said: list[str] = []
        self._messages = 0
        self._pings: list[bytes] = []
        self._asked: list[str] = []

    def authenticated(self) -> None:
        """As the listener does it."""
        self.link.open(self)
        receiver = self.network.node.opened(self.link)
        assert isinstance(receiver, Conversation)
        self.conversation = receiver
        self.network.conversations.append(receiver)
        self.link.attach(receiver)
        self.link.begin_reading(b"")

    # What the station does.

    def say(self) -> None:
        """A request."""
        self._messages += 1
        self._speak([2, f"{self.number}/{self._messages}", "Heartbeat", {}])

    def answer(self) -> None:
        """Answer a command, if there is one."""
        if self._asked:
            data = f"{self.number}/{self._asked[0]}"
            if self.network.node.conversations.get(self.network.key) is self.conversation:
                self.network.answered_by_owners.add(data)
            self._speak([3, self._asked.pop(0), {"status": "Accepted", "data": data}])

    def pong(self) -> None:
        """Answer all pings."""
        for payload in self._pings:
            self.link.on_frame(PONG, payload, True, False)
        self._pings.clear()

    def lost(self) -> None:
        """The connection has ended, and now it is noticed."""
        self.is_down = True
        self.link.on_lost()

    def _speak(self, frame: list[Any]) -> None:
        self._said.append(json.dumps(frame))
        self._deliver()

    def _deliver(self) -> None:
        while self._said and not self._is_held and not self.is_down:
            self.link.on_text(self._said.pop(0))

    # The wire.

    def write(self, opcode: int, payload: bytes | str, compressed: bool = False) -> None:
        if opcode == PING:
            assert isinstance(payload, bytes)
            self._pings.append(payload)
        elif opcode == TEXT:
            kind, message_id, *_ = json.loads(payload)
            self.network.counted(self.conversation)
            if kind == 2:
                self._asked.append(message_id)
            else:
                self.network.answered(self, message_id)

    def feed(self, data: bytes) -> None:
        assert not data

    def unsent_bytes(self) -> int:
        return 0

    def hang_up(self) -> None:
        """The station has still to notice."""

    def cut(self) -> None:
        """The station has still to notice."""

    def hold(self) -> None:
        self._is_held = True

    def go_on(self) -> None:
        self._is_held = False
        asyncio.get_running_loop().call_soon(self._deliver)


class Network:
    """All connections of one station, the commands to it, and what must hold at every moment."""

    def __init__(self, kind: type[Gateway], store: Store, name: str) -> None:
        """Nobody is connected."""
        self.name, self.key, self.dice = name, (TENANT_ID, name), Random(name)
        self.wheel, bus = Wheel(), Bus()
        block = Block("hearts", v2={v21.HeartbeatRequest: self._decide})
        self.node = kind((block,), store, bus, SystemClock())
        self._store = store
        self._desk = Desk(self.node, (block,))
        self.cables: list[Cable] = []
        self.conversations: list[Conversation] = []
        self.deciding: list[asyncio.Future[None]] = []
        self.commands: list[asyncio.Task[Outcome | None]] = []
        self.answered_by_owners: set[str] = set()
        self.newest_epoch = 0
        self.wrong: list[str] = []
        """What was noticed where an exception would be taken for a fault of a block."""
        self.presence: list[tuple[type[Event], int]] = []
        bus.listen(self._hear, StationConnected, StationDisconnected)

    def _hear(self, event: Event) -> None:
        assert isinstance(event, StationConnected | StationDisconnected)
        self.presence.append((type(event), event.epoch))

    def _decide(self, heard: Heard) -> Awaitable[Decision]:
        """A block that takes its time, from the moment on at which the frame counts."""
        owner = self.node.conversations.get(self.key)
        if owner is None or owner.station is not heard.station:
            self.wrong.append("a frame counts that is not the owner's")
        self.counted(owner)
        self.deciding.append(asyncio.get_running_loop().create_future())
        return self._decided(self.deciding[-1])

    async def _decided(self, decided: asyncio.Future[None]) -> Decision:
        await decided
        return Decision(v21.HeartbeatResponse(current_time=NOW), durable=False)

    def counted(self, conversation: Conversation | None) -> None:
        """A frame was heard or sent: only of the newest epoch there ever was."""
        if conversation is None or conversation.epoch < max(1, self.newest_epoch):
            self.wrong.append("a frame of a stale owner")

    def answered(self, cable: Cable, message_id: str) -> None:
        if not message_id.startswith(f"{cable.number}/"):
            self.wrong.append("an answer for somebody else")

    def command(self) -> None:
        self.commands.append(asyncio.get_running_loop().create_task(self._command()))

    async def _command(self) -> Outcome | None:
        with suppress(NotConnected):
            return await self._desk(TENANT_ID, self.name, COMMAND)
        return None

    def look(self) -> None:
        """At most one speaks, it is the one that is told of, and its epoch is the newest."""
        speaking = [each for each in self.conversations if each.epoch and not each.has_ended]
        owner = self.node.conversations.get(self.key)
        assert speaking == ([] if owner is None else [owner]), "not one owner"
        assert not self.wrong, self.wrong
        epochs = [each.epoch for each in self.conversations if each.epoch]
        assert len(epochs) == len(set(epochs)), "an epoch was granted twice"
        if owner is not None:
            assert owner.epoch >= self.newest_epoch, "an old epoch came back"
            self.newest_epoch = owner.epoch

    async def ended(self) -> None:
        """Everybody has gone: nothing is left, and what was told makes sense."""
        for future in self.deciding:
            if not future.done():
                future.set_result(None)
        outcomes = await asyncio.gather(*self.commands)
        await self.node.drain()
        await self._store.write(Function(lambda connection: None))  # behind what was flushed
        assert not self.node.conversations
        said = [
            str((each.response or {})["data"]) for each in outcomes if isinstance(each, Accepted)
        ]
        assert set(said) <= self.answered_by_owners, "an answer of a stale owner counts"
        assert len(said) == len(set(said)), "an answer counts twice"
        epochs = sorted(each.epoch for each in self.conversations if each.epoch)
        await until(lambda: len(self.presence) >= 2 * len(epochs))
        assert self.presence == [
            (kind, epoch) for epoch in epochs for kind in (StationConnected, StationDisconnected)
        ], "a station came and went otherwise than it was told"
