"""What a transport must be able to do to carry links, so that there can be more than one.

A transport turns bytes into frames and frames into bytes. Everything else that RFC 6455 and 7692
say (messages, text, pings, closing) is ``link.Link``, once for all transports.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple, Protocol

from chargeplane.runtime.links.faults import CloseCode

__all__ = [
    "BINARY",
    "CLOSE",
    "CONTINUATION",
    "NOWHERE",
    "PING",
    "PONG",
    "TEXT",
    "FrameSink",
    "Upgrade",
    "Wire",
    "WireFactory",
]

# The opcodes of RFC 6455 5.2. Plain numbers: they are compared for each frame.
CONTINUATION = 0
TEXT = 1
BINARY = 2
CLOSE = 8
PING = 9
PONG = 10


class FrameSink(Protocol):
    """What a transport tells: the inner face of a link."""

    message_bytes_max: int

    def on_text(self, text: str) -> None:
        """A whole, unfragmented, uncompressed text message, already decoded."""

    def on_frame(self, opcode: int, payload: bytes, final: bool, compressed: bool) -> None:
        """Any frame. ``compressed`` is the bit RSV1."""

    def on_fault(self, code: CloseCode, reason: str) -> None:
        """The peer sent what is no frame. Nothing that follows can be read."""

    def on_lost(self) -> None:
        """The connection is gone. Called once, as the last of all."""

    def on_full(self) -> None:
        """The peer reads more slowly than we write."""

    def on_drained(self) -> None:
        """The peer has caught up."""


class Wire(Protocol):
    """One connection of a transport, after the handshake."""

    def write(self, opcode: int, payload: bytes | str, compressed: bool = False) -> None:
        """Send one whole frame, or keep it until the peer reads. Never blocks."""
        ...

    def feed(self, data: bytes) -> None:
        """Take bytes that came before this wire did."""
        ...

    def unsent_bytes(self) -> int:
        """What waits for the peer to read."""
        ...

    def hang_up(self) -> None:
        """Send what waits, then close the connection."""
        ...

    def cut(self) -> None:
        """Close the connection at once."""
        ...

    def hold(self) -> None:
        """Stop reading; the peer will notice in time."""
        ...

    def go_on(self) -> None:
        """Read again."""
        ...


class _Nowhere:
    """The wire of a link that has none yet, or none any more: whatever it is told, nothing is."""

    def write(self, opcode: int, payload: bytes | str, compressed: bool = False) -> None:
        """Lost, like anything sent into a connection that is gone."""

    def feed(self, data: bytes) -> None:
        """Nobody reads."""

    def unsent_bytes(self) -> int:
        return 0

    def hang_up(self) -> None:
        """It is closed."""

    def cut(self) -> None:
        """It is closed."""

    def hold(self) -> None:
        """It does not read."""

    def go_on(self) -> None:
        """It does not read."""


NOWHERE: Wire = _Nowhere()


class Upgrade(NamedTuple):
    """What the server answers a handshake that it accepts."""

    key: str
    """The value of ``Sec-WebSocket-Key``."""
    headers: tuple[tuple[str, str], ...]
    """What is negotiated: sub-protocol and extension."""


class WireFactory(Protocol):
    """Writes the 101 answer and takes the connection over."""

    def __call__(self, transport: asyncio.Transport, upgrade: Upgrade, sink: FrameSink) -> Wire: ...
