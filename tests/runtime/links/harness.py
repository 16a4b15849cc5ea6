"""A listener to test, and a peer that speaks bytes, so that it can also speak wrongly."""

import asyncio
import os
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from chargeplane.runtime.links import (
    Accept,
    Attempt,
    Ending,
    Link,
    LinkSettings,
    Listener,
    ListenerSettings,
    Refuse,
    Request,
    Response,
    Transport,
)
from tests.waiting import until

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # with its answer the example of RFC 6455 1.3
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


@dataclass
class Station:
    """A receiver that writes down what it is told."""

    link: Link
    texts: list[str] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    closed_at_s: float = 0.0
    heard: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def received(self, text: str) -> None:
        self.texts.append(text)
        self.heard.put_nowait(text)

    def closed(self, ending: Ending) -> None:
        self.endings.append(ending)
        self.closed_at_s = asyncio.get_running_loop().time()
        self.over.set()

    async def ending(self) -> Ending:
        await asyncio.wait_for(self.over.wait(), 10)
        (ending,) = self.endings
        return ending


class Site:
    """A listener with what it opened."""

    def __init__(self, listener: Listener, stations: list[Station], port: int) -> None:
        self.listener = listener
        self.stations = stations
        self.port = port
        self.peers: list[Peer] = []

    @property
    def station(self) -> Station:
        (station,) = self.stations
        return station

    async def dial(self) -> "Peer":
        peer = Peer(*await asyncio.open_connection("127.0.0.1", self.port, limit=2**24))
        self.peers.append(peer)
        return peer

    async def upgraded(self, path: str = "/ocpp/CP1", **headers: str) -> "Peer":
        peer = await self.dial()
        peer.send(upgrade(path, **headers))
        assert (await peer.response()).status == 101
        return peer


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Peer:
    """The other end, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    def frame(self, opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0) -> None:
        self.send(frame(opcode, payload, fin=fin, rsv=rsv))

    async def response(self) -> Answer:
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)
        first, *lines = head.decode("latin-1").rstrip().split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(int(first.split()[1]), headers, body)

    async def read_frame(self) -> tuple[int, bytes]:
        """The next frame: its first byte (with the bits FIN and RSV), and the payload."""
        async with asyncio.timeout(10):
            first, length = await self.reader.readexactly(2)
            if length == 126:
                (length,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
            return first, await self.reader.readexactly(length)

    async def close_code(self) -> int | None:
        """The code of the close frame that comes next, whatever stands before it."""
        while True:
            first, payload = await self.read_frame()
            if first & 15 == CLOSE:
                return int.from_bytes(payload[:2]) if payload else None

    async def ended(self) -> bool:
        """Whether the connection ends."""
        try:
            async with asyncio.timeout(10):
                while await self.reader.read(65536):
                    continue
        except ConnectionError:
            return True
        return True

    def leave(self) -> None:
        self.writer.transport.abort()


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0) -> bytes:
    """A masked frame, valid or not."""
    first, mask = fin << 7 | rsv << 4 | opcode, os.urandom(4)
    length = len(payload)
    if length < 126:
        head = struct.pack("!BB", first, 128 | length)
    elif length < 65536:
        head = struct.pack("!BBH", first, 128 | 126, length)
    else:
        head = struct.pack("!BBQ", first, 128 | 127, length)
    repeated = (mask * (length // 4 + 1))[:length]
    masked = int.from_bytes(payload) ^ int.from_bytes(repeated)
    return head + mask + masked.to_bytes(length)


def upgrade(path: str = "/ocpp/CP1", **changes: str) -> bytes:
    """An upgrade request. A header is changed by its name in snake_case, and left out if empty."""
    headers = {
        "host": "localhost",
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": KEY,
        "sec-websocket-protocol": "ocpp1.6",
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [f"{name}: {value}" for name, value in headers.items() if value]
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode("latin-1")


async def admit_all(attempt: Attempt) -> Accept | Refuse:
    if attempt.identity is None:
        return Refuse(HTTPStatus.NOT_FOUND, reason="no identity")
    return Accept(attempt.identity)


async def no_pages(request: Request) -> Response | None:
    return None


# Short times, so that the tests are; the defaults are for networks.
QUICK = LinkSettings(ping_interval_s=None, close_timeout_s=0.1)


@asynccontextmanager
async def site(
    transport: Transport,
    *,
    link: LinkSettings = QUICK,
    settings: ListenerSettings | None = None,
    admit: Callable[[Attempt], Awaitable[Accept | Refuse]] = admit_all,
    respond: Callable[[Request], Awaitable[Response | None]] = no_pages,
    station: Callable[[Link], Station] = Station,
) -> AsyncIterator[Site]:
    """A listener on a free port, drained at the end."""
    stations: list[Station] = []

    def opened(new: Link) -> Station:
        stations.append(station(new))
        return stations[-1]

    listener = Listener(
        admit,
        opened,
        respond=respond,
        settings=settings or ListenerSettings(link=link),
        transport=transport,
    )
    port = await listener.listen("127.0.0.1", 0)
    built = Site(listener, stations, port)
    try:
        yield built
    finally:
        for peer in built.peers:
            peer.leave()
        await listener.drain(0.2)
        await until(lambda: listener.reception.connections == 0)
