"""The second transport: the frames of the websockets library on a plain asyncio protocol.

It needs no compiled code, so it also runs where picows does not, and it speaks as a client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator

from websockets.exceptions import PayloadTooBig, ProtocolError
from websockets.extensions.base import Extension
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader
from websockets.typing import ExtensionName

from chargeplane.runtime.links.faults import CloseCode
from chargeplane.runtime.links.upgrading import switching_protocols
from chargeplane.runtime.links.wires import TEXT, FrameSink, Upgrade

__all__ = ["WebsocketsWire", "websockets_wire"]


class _CompressedBit(Extension):
    """Carries the bit RSV1 past the library, which refuses it unless an extension takes it."""

    name = ExtensionName("permessage-deflate")

    def __init__(self) -> None:
        self.was_set = False

    def decode(self, frame: Frame, **_bounds: int | None) -> Frame:
        self.was_set, frame.rsv1 = frame.rsv1, False
        return frame

    def encode(self, frame: Frame) -> Frame:
        frame.rsv1 = True
        return frame


class WebsocketsWire(asyncio.Protocol):
    """A connection whose frames the websockets library reads and writes.

    What is said while something is read is written in the next turn of the loop. With 1,024 sockets
    that have something to read, libuv asks for more up to 48 times before it looks at timers: a
    fleet whose every answer drew the next one in the same turn stood still for 20 seconds.
    """

    def __init__(self, transport: asyncio.Transport, sink: FrameSink, *, is_client: bool) -> None:
        """Take over a connection after its handshake."""
        self._transport = transport
        self._sink = sink
        self._is_client = is_client
        self._bit = _CompressedBit()
        self._stream = StreamReader()
        self._is_reading = False
        self._unwritten: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._frames: Generator[None, None, None] | None = self._read()
        next(self._frames)
        transport.set_protocol(self)

    # What asyncio tells.

    def data_received(self, data: bytes) -> None:
        self.feed(data)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._frames = None
        self._unwritten.clear()
        self._sink.on_lost()

    def pause_writing(self) -> None:
        self._sink.on_full()

    def resume_writing(self) -> None:
        self._sink.on_drained()

    # What the link does.

    def write(self, opcode: int, payload: bytes | str, compressed: bool = False) -> None:
        data = payload.encode() if isinstance(payload, str) else payload
        frame = Frame(Opcode(opcode), data)
        extensions = [self._bit] if compressed else []
        written = frame.serialize(mask=self._is_client, extensions=extensions)
        if self._unwritten:
            self._unwritten.append(written)
        elif self._is_reading:
            self._unwritten.append(written)
            self._loop.call_soon(self._flush)
        else:
            self._transport.write(written)

    def _flush(self) -> None:
        if self._unwritten:
            unwritten, self._unwritten = self._unwritten, []
            self._transport.write(unwritten[0] if len(unwritten) == 1 else b"".join(unwritten))

    def feed(self, data: bytes) -> None:
        if self._frames is None:
            return
        self._stream.feed_data(data)
        self._is_reading, done = True, False
        try:
            next(self._frames)
            done = True
        except PayloadTooBig:
            self._deafen(CloseCode.MESSAGE_TOO_BIG, "message too big")
        except ProtocolError as error:
            self._deafen(CloseCode.PROTOCOL_ERROR, str(error))
        finally:
            self._is_reading = False
            if not done:  # the loop may take the connection away now
                self._flush()

    def unsent_bytes(self) -> int:
        return self._transport.get_write_buffer_size() + sum(map(len, self._unwritten))

    def hang_up(self) -> None:
        self._flush()
        self._transport.close()

    def cut(self) -> None:
        self._unwritten.clear()
        self._transport.abort()

    def hold(self) -> None:
        self._transport.pause_reading()

    def go_on(self) -> None:
        self._transport.resume_reading()

    def _deafen(self, code: CloseCode, reason: str) -> None:
        self._frames = None
        self._sink.on_fault(code, reason)

    def _read(self) -> Generator[None, None, None]:
        while True:
            frame = yield from Frame.parse(
                self._stream.read_exact,
                mask=not self._is_client,
                max_size=self._sink.message_bytes_max,
                extensions=[self._bit],
            )
            opcode, compressed = int(frame.opcode), self._bit.was_set
            data = bytes(frame.data)
            if opcode == TEXT and frame.fin and not compressed:
                try:
                    text = data.decode()
                except UnicodeDecodeError:
                    self._sink.on_fault(CloseCode.INVALID_DATA, "text is not UTF-8")
                    continue
                self._sink.on_text(text)
            else:
                self._sink.on_frame(opcode, data, frame.fin, compressed)


def websockets_wire(
    transport: asyncio.Transport, upgrade: Upgrade, sink: FrameSink
) -> WebsocketsWire:
    """Answer 101 and take the connection over."""
    transport.write(switching_protocols(upgrade))
    return WebsocketsWire(transport, sink, is_client=False)
