"""The default transport: picows, whose frame parser is compiled.

This file is the only one that knows picows. Three things are taken into our own hands:

* **The handshake.** picows' own server cannot await authentication, shows neither the address nor
  the certificate of the client, and refuses ``Connection: keep-alive, Upgrade`` and any POST. So
  the HTTP front reads the request, and a ``WSProtocol`` is built here and fed a request of the form
  that it expects. It is not documented as something to be constructed by others: the version is
  pinned exactly, and a test fails when the constructor changes.
* **Its beginning.** A ``WSProtocol`` that is told of the end before it was told of its transport
  follows a null pointer, which ends the process. So the transport learns of it only when it is
  whole, and nothing that a peer does to the socket meanwhile can stop that: it is shown none.
* **Writing.** picows parses one frame ahead, and would answer a fault in the second frame before
  the first is delivered. It is given a transport that says nothing (``_Mute``), so that what goes
  out, and when the connection ends, is decided in one place: the link.
"""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from struct import Struct
from typing import Any

from picows import (
    WSAutoPingStrategy,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
)
from picows import picows as engine

from chargeplane.runtime.links.faults import CloseCode
from chargeplane.runtime.links.upgrading import switching_protocols
from chargeplane.runtime.links.wires import CLOSE, FrameSink, Upgrade

__all__ = ["PicowsWire", "WSProtocol", "picows_wire"]

# The types of picows leave its protocol out.
WSProtocol: Any = vars(engine)["WSProtocol"]

# The smallest read buffer that picows makes; it grows when a frame needs more.
_READ_BUFFER_BYTES = 2048
# After a longer frame the buffer that has grown is given up, for picows never makes it smaller: one
# report of 100 kB would keep twice as much of each station as long as that is connected.
_LONG_FRAME_BYTES = 2 * _READ_BUFFER_BYTES

# A server's frame is its head and the payload as it is (RFC 6455 5.2).
_SHORT = Struct("!BB").pack
_MIDDLE = Struct("!BBH").pack
_LONG = Struct("!BBQ").pack
_FINAL = 0x80
_COMPRESSED = 0x40
# The request that picows sees. It keeps it as long as the connection, so all share their headers,
# which it looks up by these names.
_REQUEST = b"GET / HTTP/1.1\r\n\r\n"
_HEADERS: Any = {
    "upgrade": "websocket",
    "connection": "upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


class _Log(logging.LoggerAdapter[logging.Logger]):
    """picows logs what peers do wrong as errors, which lets them fill the log; links count it."""

    def info(self, msg: object, *args: object, **kwargs: Any) -> None:
        self.logger.debug(msg, *args, **kwargs)

    def warning(self, msg: object, *args: object, **kwargs: Any) -> None:
        self.logger.debug(msg, *args, **kwargs)

    def error(self, msg: object, *args: object, **kwargs: Any) -> None:
        self.logger.debug(msg, *args, **kwargs)

    def exception(self, msg: object, *args: object, **kwargs: Any) -> None:
        # Raised by our own callbacks: a bug of ours stays an error, with its trace.
        self.log(logging.ERROR, msg, *args, exc_info=True)


_LOG = _Log(logging.getLogger(__name__), {})


class _NoSocket:
    """The socket that picows sees. The true one may be gone already; it is tuned by the front."""

    __slots__ = ()

    def fileno(self) -> int:
        return -1

    def setsockopt(self, *_: object) -> None:
        """Nothing."""

    def getsockopt(self, *_: object) -> int:
        return 0


_NO_SOCKET = _NoSocket()


class _Unheard(WSUpgradeResponse):
    """What picows answers, one for all connections: it goes nowhere, the true answer is out."""

    def __init__(self) -> None:
        self.status = HTTPStatus.SWITCHING_PROTOCOLS
        self.headers = WSUpgradeResponse.create_101_response().headers

    def to_bytes(self) -> bytearray:
        """No frame of a close, at any rate."""
        return bytearray(1)


_UNHEARD = _Unheard()


class _Mute:
    """The transport that picows sees: it writes nothing and closes nothing."""

    __slots__ = ("_transport", "_wire")

    def __init__(self, transport: asyncio.Transport, wire: PicowsWire) -> None:
        self._transport = transport
        self._wire = wire

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        if name == "socket":
            return _NO_SOCKET
        return self._transport.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        return 1  # at 0, picows writes to the socket directly

    def write(self, data: bytes) -> None:
        # After the handshake, the one thing that picows says by itself is why it cannot go on.
        if data[0] == _FINAL | CLOSE:
            self._wire.refused(data[4:] if data[1] == 126 else data[2:])

    def close(self) -> None:
        """The link does that, in its own time."""

    def abort(self) -> None:
        """The link does that, in its own time."""


class PicowsWire(WSListener):
    """A connection whose frames picows reads: its listener, and our wire."""

    __slots__ = ("_protocol", "_sink", "_transport")

    def __init__(self, transport: asyncio.Transport, sink: FrameSink) -> None:
        """Take over a connection after its handshake."""
        super().__init__()
        self._transport = transport
        self._sink = sink
        self._protocol: Any
        self._begin()

    def _begin(self) -> None:
        """Have picows read what comes from now on."""
        self._protocol = _protocol(self, self._sink.message_bytes_max)
        self._protocol.connection_made(_Mute(self._transport, self))
        self.feed(_REQUEST)
        self._transport.set_protocol(self._protocol)

    def _begin_anew(self) -> None:
        """Give up a buffer that has grown; nothing of the next frame is in it yet."""
        if self._protocol is not None:
            self._begin()

    # What picows tells.

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind: Any = frame.msg_type  # an IntEnum, which the types of picows do not say
        if frame.rsv2 or frame.rsv3:
            self._sink.on_fault(CloseCode.PROTOCOL_ERROR, "reserved bit")
        elif kind == WSMsgType.TEXT and frame.fin and not frame.rsv1:
            try:
                text = frame.get_payload_as_utf8_text()
            except UnicodeDecodeError:
                self._sink.on_fault(CloseCode.INVALID_DATA, "text is not UTF-8")
                return
            self._sink.on_text(text)
        else:
            self._sink.on_frame(
                int(kind),
                frame.get_payload_as_bytes(),
                bool(frame.fin),
                bool(frame.rsv1),
            )
        if frame.payload_size > _LONG_FRAME_BYTES and frame.tail_size == 0:
            self._begin_anew()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._protocol = None  # which holds this object: a cycle for each connection
        self._sink.on_lost()

    def pause_writing(self) -> None:
        self._sink.on_full()

    def resume_writing(self) -> None:
        self._sink.on_drained()

    def refused(self, payload: bytes) -> None:
        """The bytes that picows looked at are no frame."""
        code, reason = CloseCode(int.from_bytes(payload[:2])), payload[2:].decode()
        # Later: the frame before may not have been delivered yet.
        asyncio.get_running_loop().call_soon(self._sink.on_fault, code, reason)

    # What the link does.

    def write(self, opcode: int, payload: bytes | str, compressed: bool = False) -> None:
        data = payload.encode() if isinstance(payload, str) else payload
        first = _FINAL | _COMPRESSED | opcode if compressed else _FINAL | opcode
        length = len(data)
        if length < 126:
            head = _SHORT(first, length)
        elif length < 65_536:
            head = _MIDDLE(first, 126, length)
        else:
            head = _LONG(first, 127, length)
        self._transport.write(head + data)

    def feed(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest and self._protocol is not None:
            buffer = self._protocol.get_buffer(-1)
            count = min(len(buffer), len(rest))
            buffer[:count] = rest[:count]
            self._protocol.buffer_updated(count)
            rest = rest[count:]

    def unsent_bytes(self) -> int:
        return self._transport.get_write_buffer_size()

    def hang_up(self) -> None:
        self._transport.close()

    def cut(self) -> None:
        self._transport.abort()

    def hold(self) -> None:
        self._transport.pause_reading()

    def go_on(self) -> None:
        self._transport.resume_reading()


def _protocol(wire: PicowsWire, message_bytes_max: int) -> Any:
    def accept(request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
        request.headers = _HEADERS
        return WSUpgradeResponseWithListener(_UNHEARD, wire)

    return WSProtocol(
        host_port=None,
        ws_path=None,
        is_client_side=False,
        ws_listener_factory=accept,
        logger=_LOG,
        disconnect_on_exception=True,
        websocket_handshake_timeout=None,
        enable_auto_ping=False,
        auto_ping_idle_timeout=0,
        auto_ping_reply_timeout=0,
        auto_ping_strategy=WSAutoPingStrategy.PING_WHEN_IDLE,
        enable_auto_pong=False,
        max_frame_size=message_bytes_max,
        extra_headers=None,
        read_buffer_init_size=_READ_BUFFER_BYTES,
    )


def picows_wire(transport: asyncio.Transport, upgrade: Upgrade, sink: FrameSink) -> PicowsWire:
    """Answer 101 and take the connection over."""
    transport.write(switching_protocols(upgrade))
    return PicowsWire(transport, sink)
