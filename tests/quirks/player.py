"""Plays a story: a station on a real socket, and a central system that knows nothing of it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import NotConnected
from chargeplane.domain.commands import COMMANDS, Command
from chargeplane.runtime.clock import SimulatedClock
from tests.csms.making import TENANT_ID
from tests.quirks.corpus_reader import Handshake, Step, Story, steps
from tests.quirks.matching import filled, mismatch
from tests.quirks.soap_side import SoapSide
from tests.runtime.links.harness import BINARY, CLOSE, PING, PONG, TEXT, Peer, upgrade
from tests.waiting import until

__all__ = ["Player", "station_id_of"]

SILENCE_S = 0.05
CHARGING = timedelta(minutes=30)


def station_id_of(story: Story) -> str:
    """The identity that the station of a story has."""
    return f"CP{story.row:02}"


class Player:
    """One station through one talk."""

    def __init__(
        self, story: Story, central: CentralSystem, clock: SimulatedClock, port: int
    ) -> None:
        """Nothing is said yet."""
        self.story = story
        self.station_id = station_id_of(story)
        self._central = central
        self._clock = clock
        self._port = port
        self._peer: Peer | None = None
        self._last = "", ""
        """What was said and heard before."""
        self._ordered: asyncio.Task[Any] | None = None
        self._names: dict[str, Any] = {}
        self._soap = SoapSide(port, self._names)
        self._count = 0
        self._verbs: dict[str, Callable[[str], Awaitable[None]]] = {
            "dial": self._dial,
            "->": self._say,
            "bytes": self._say_bytes,
            "<-": self._hear,
            "charges": self._charge,
            "order": self._order,
            "outcome": self._outcome,
            "@": self._wait_until,
            "ping": self._ping,
            "silent": self._stay_silent,
            "patience": self._find_patience,
            "hang up": self._hang_up,
            "knock": self._knock,
            "flood": self._flood,
            "repeat": self._repeat,
            "listen": self._listen,
            "post": self._post,
            "asked": self._asked,
            "reply": self._reply,
        }

    async def play(self) -> None:
        """All of it. Whatever else the station hears is an error."""
        for step in steps(self.story):
            await self._do(step)
        assert self._ordered is None, "the outcome of the last order is not told"
        if self._peer is not None:
            # The answer to a ping comes behind all that was sent before.
            await self._ping("")

    async def leave(self) -> None:
        """Cut the connection if there is one."""
        if self._peer is not None:
            self._peer.leave()
        if self._ordered is not None:
            self._ordered.cancel()
        await self._soap.close()

    async def _do(self, step: Step) -> None:
        try:
            await self._verbs[step.verb](step.text)
        except (AssertionError, TimeoutError, EOFError, ConnectionError) as error:
            told = f"line {step.line}: {step.verb} {step.text}\n{type(error).__name__}: {error}"
            raise AssertionError(told) from error

    # The connection -------------------------------------------------------------------------

    async def _dial(self, text: str) -> None:
        status, changes = text.partition(" ")[::2] if text[:1].isdecimal() else ("101", text)
        told = msgspec.to_builtins(self.story.handshake) | json.loads(changes or "{}")
        handshake = msgspec.convert(told, Handshake)
        peer = await self._connection()
        headers = {"sec_websocket_protocol": f"ocpp{self.story.version}"}
        if handshake.subprotocol is not None:
            headers["sec_websocket_protocol"] = handshake.subprotocol
        if handshake.connection is not None:
            headers["connection"] = handshake.connection
        if handshake.user_agent is not None:
            headers["user_agent"] = handshake.user_agent
        if handshake.origin is not None:
            headers["origin"] = handshake.origin
        if handshake.user is not None:
            name = base64.b64encode(f"{handshake.user}:".encode()).decode()
            headers["authorization"] = f"Basic {name}"
        path = f"/ocpp/{self.station_id}" if handshake.path is None else handshake.path
        peer.send(upgrade(path, **headers))
        answer = await peer.response()
        if answer.status == 101:
            self._peer = peer
        else:
            peer.leave()
        assert str(answer.status) == status, f"the answer is {answer.status} {answer.body!r}"

    async def _knock(self, _: str) -> None:
        peer = await self._connection()
        peer.send(upgrade(f"/ocpp/{self.station_id}")[:50])
        peer.leave()

    async def _connection(self) -> Peer:
        return Peer(*await asyncio.open_connection("127.0.0.1", self._port))

    async def _hang_up(self, _: str) -> None:
        self._connected.leave()
        self._peer = None
        await until(lambda: not self._is_connected)

    async def _ping(self, _: str) -> None:
        self._connected.frame(PING, b"still there?")
        opcode, payload = await self._read()
        assert opcode == PONG, f"instead of a pong came {payload.decode()}"

    async def _stay_silent(self, _: str) -> None:
        conversation = self._central.gateway.conversation(TENANT_ID, self.station_id)
        assert conversation is not None
        conversation.link.tune_ping(SILENCE_S, SILENCE_S)
        opcode, _payload = await self._read()
        assert opcode == PING
        assert await self._connected.ended()
        self._connected.leave()
        self._peer = None
        await until(lambda: not self._is_connected)

    async def _find_patience(self, text: str) -> None:
        conversation = self._central.gateway.conversation(TENANT_ID, self.station_id)
        assert conversation is not None
        assert conversation.link.ping_interval_s == float(text)

    @property
    def _connected(self) -> Peer:
        assert self._peer is not None, "there is no connection"
        return self._peer

    @property
    def _is_connected(self) -> bool:
        return self._central.is_connected(TENANT_ID, self.station_id)

    async def _read(self) -> tuple[int, bytes]:
        first, payload = await self._connected.read_frame()
        assert first & 15 != CLOSE, f"the central system hangs up: {payload!r}"
        return first & 15, payload

    # What is said ---------------------------------------------------------------------------

    async def _say(self, text: str) -> None:
        self._last = text, ""
        self._clock.step(1)
        self._connected.frame(TEXT, filled(text, self._names).encode())

    async def _say_bytes(self, text: str) -> None:
        self._clock.step(1)
        self._connected.frame(BINARY, filled(text, self._names).encode())

    async def _hear(self, text: str) -> None:
        if self._peer is None:
            self._soap.hear(text)
            return
        self._last = self._last[0], text
        opcode, payload = await self._read()
        assert opcode == TEXT
        told = mismatch(json.loads(text), json.loads(payload), self._names)
        assert told is None, f"{told} in {payload.decode()}"

    async def _repeat(self, text: str) -> None:
        said, heard = self._last
        for _ in range(int(text)):
            await self._say(said)
            await self._hear(heard)

    async def _flood(self, text: str) -> None:
        count, _, template = text.partition(" ")
        for number in range(int(count)):
            await self._say(template.replace("{n}", f"{number:02}"))
        for number in range(int(count)):
            await self._hear(json.dumps([3, f"{number:02}", {}]))

    async def _ask(self, action: str, payload: dict[str, Any], answer: dict[str, Any]) -> None:
        self._count += 1
        message_id = f"charges-{self._count}"
        await self._say(json.dumps([2, message_id, action, payload]))
        await self._hear(json.dumps([3, message_id, answer]))

    # Over SOAP ------------------------------------------------------------------------------

    async def _listen(self, _: str) -> None:
        await self._soap.listen()

    async def _post(self, text: str) -> None:
        self._clock.step(1)
        await self._soap.post(text)

    async def _asked(self, text: str) -> None:
        await self._soap.asked(text)

    async def _reply(self, text: str) -> None:
        self._soap.reply(text)

    async def _wait_until(self, text: str) -> None:
        passed = datetime.fromisoformat(text) - self._clock.now()
        assert passed > timedelta(0), f"it is {self._clock.now()} already"
        self._clock.step(passed.total_seconds())

    # An ordinary transaction ----------------------------------------------------------------

    async def _charge(self, text: str) -> None:
        tag, start, stop = text.split()
        charge = self._charge_1x if self.story.version.startswith("1") else self._charge_2x
        await charge(tag, int(start), int(stop))

    async def _charge_1x(self, tag: str, start_wh: int, stop_wh: int) -> None:
        self._names.pop("ordinary", None)
        started = {"connectorId": 1, "idTag": tag, "meterStart": start_wh, "timestamp": self._time}
        answer = {"transactionId": "{ordinary}", "idTagInfo": {"status": "Accepted"}}
        await self._ask("StartTransaction", started, answer)
        self._clock.step(CHARGING.total_seconds())
        stopped = {
            "transactionId": self._names["ordinary"],
            "meterStop": stop_wh,
            "timestamp": self._time,
        }
        await self._ask("StopTransaction", stopped, {})

    async def _charge_2x(self, tag: str, start_wh: int, stop_wh: int) -> None:
        token = {"idToken": {"idToken": tag, "type": "ISO14443"}}
        started = self._event("Started", "Authorized", 0, start_wh, "Transaction.Begin")
        await self._ask(
            "TransactionEvent", started | token, {"idTokenInfo": {"status": "Accepted"}}
        )
        self._clock.step(CHARGING.total_seconds())
        ended = self._event("Ended", "EVDeparted", 1, stop_wh, "Transaction.End")
        await self._ask("TransactionEvent", ended, {})

    def _event(
        self, kind: str, trigger: str, seq_no: int, register_wh: int, context: str
    ) -> dict[str, Any]:
        at = self._time
        return {
            "eventType": kind,
            "triggerReason": trigger,
            "seqNo": seq_no,
            "timestamp": at,
            "transactionInfo": {"transactionId": "ordinary"},
            "evse": {"id": 1, "connectorId": 1},
            "meterValue": [
                {"timestamp": at, "sampledValue": [{"value": register_wh, "context": context}]}
            ],
        }

    @property
    def _time(self) -> str:
        return self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    # Commands -------------------------------------------------------------------------------

    async def _order(self, text: str) -> None:
        assert self._ordered is None
        name, _, members = text.partition(" ")
        said = json.loads(members or "{}") | {"command": name}
        command: Command = msgspec.convert(said, COMMANDS[name])
        self._ordered = asyncio.ensure_future(
            self._central.send(TENANT_ID, self.station_id, command)
        )
        await asyncio.sleep(0)  # it is on its way before anything else happens

    async def _outcome(self, text: str) -> None:
        assert self._ordered is not None
        ordered, self._ordered = self._ordered, None
        try:
            async with asyncio.timeout(10):
                found = msgspec.to_builtins(await ordered)
        except NotConnected:
            found = {"outcome": "not connected"}
        told = mismatch(json.loads(text), found, self._names)
        assert told is None, f"{told} in {found}"
