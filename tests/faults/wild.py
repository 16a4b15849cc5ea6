"""Stations that keep to no protocol: raw sockets, and frames made by hand."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from random import Random

from chargeplane.ocpp.versions import Version

__all__ = ["BINARY", "COMPRESSED", "FIN", "TEXT", "Wild", "frame", "junk"]

TEXT, BINARY, CLOSE = 1, 2, 8
FIN, COMPRESSED = 0x80, 0x40


def frame(opcode: int, payload: bytes, *, flags: int = FIN, is_masked: bool = True) -> bytes:
    """A WebSocket frame, masked with nothing."""
    mask_bit, mask = (0x80, bytes(4)) if is_masked else (0, b"")
    if len(payload) < 126:
        length = bytes([mask_bit | len(payload)])
    elif len(payload) < 65_536:
        length = bytes([mask_bit | 126]) + len(payload).to_bytes(2, "big")
    else:
        length = bytes([mask_bit | 127]) + len(payload).to_bytes(8, "big")
    return bytes([flags | opcode]) + length + mask + payload


def junk(dice: Random) -> bytes:
    """Something that no station would say."""
    noise = dice.randbytes(dice.randrange(200))
    return dice.choice(
        [
            frame(TEXT, b"not json"),
            frame(TEXT, b"[2]"),
            frame(TEXT, b'[2,"1","TransactionEvent",' + b"[" * 2_000),
            frame(TEXT, b'[3,"nobody asked",{}]'),
            frame(TEXT, b'{"a":' * 300),
            frame(TEXT, noise),
            frame(BINARY, noise),
            frame(dice.randrange(16), noise, flags=dice.randrange(256) & 0xF0),
            noise,
        ]
    )


class Wild:
    """A connection that has shaken hands, and then does what it likes."""

    def __init__(self, plain: socket.socket) -> None:
        self._socket = plain
        self._loop = asyncio.get_running_loop()

    @classmethod
    @asynccontextmanager
    async def dial(
        cls,
        port: int,
        name: str,
        version: Version,
        *more: str,
        early: bytes = b"",
        host: str = "127.0.0.1",
    ) -> AsyncGenerator[Wild, None]:
        """Shake hands; cut off at the end, without a word.

        Args:
            port: of the server.
            name: the identity.
            version: the sub-protocol.
            more: lines for the head.
            early: sent in the same breath as the head.
            host: where it comes from.
        """
        with socket.socket() as plain:
            # So small that the kernel does not read in place of who does not read.
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            plain.setblocking(False)
            plain.bind((host, 0))
            wild = cls(plain)
            await wild._loop.sock_connect(plain, ("127.0.0.1", port))
            lines = (
                f"GET /ocpp/{name} HTTP/1.1",
                "Host: localhost",
                "Connection: Upgrade",
                "Upgrade: websocket",
                "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                f"Sec-WebSocket-Protocol: {version.subprotocol}",
                *more,
            )
            await wild.send("\r\n".join((*lines, "", "")).encode() + early)
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += await wild.receive(1)
            if b" 101 " not in head:
                raise ConnectionRefusedError(head.decode())
            yield wild

    async def send(self, data: bytes) -> None:
        """Send, as far as the server reads."""
        await self._loop.sock_sendall(self._socket, data)

    async def receive(self, size_bytes: int) -> bytes:
        """Exactly so much."""
        data = b""
        while len(data) < size_bytes:
            more = await self._loop.sock_recv(self._socket, size_bytes - len(data))
            if not more:
                raise ConnectionResetError("the server has closed the connection")
            data += more
        return data

    async def close_code(self) -> int:
        """The code that the server closes with, after whatever it says before; 0 if it just cuts.

        For servers that say little: no frame longer than 65,535 bytes is understood.
        """
        with suppress(ConnectionError):
            while True:
                first, length = await self.receive(2)
                if length == 126:
                    length = int.from_bytes(await self.receive(2), "big")
                payload = await self.receive(length)
                if first & 0x0F == CLOSE:
                    return int.from_bytes(payload[:2], "big")
        return 0
