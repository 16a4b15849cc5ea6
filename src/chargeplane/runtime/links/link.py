"""One open WebSocket connection: messages, text, pings and closing, the same on every transport.

Promises:

* ``received`` gets whole messages within ``message_bytes_max``, valid UTF-8, in order, and nothing
  after the link began to close; a peer that breaks RFC 6455 or 7692 is closed with the right code.
* ``closed`` is called exactly once, as the last of all, whatever happens.
* What is sent waits in a bounded buffer; a peer that lets it fill up is cut off.
* A dead peer is noticed ``ping_interval_s + ping_timeout_s`` after its last sign of life, at most
  a second later.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from enum import Enum
from typing import Final

from chargeplane.runtime.links.assembly import Assembly
from chargeplane.runtime.links.faults import (
    CloseCode,
    LinkClosed,
    MessageFault,
    is_valid_on_wire,
)
from chargeplane.runtime.links.receivers import (
    NOBODY,
    BytesReceiver,
    EndedBy,
    Ending,
    LinkFacts,
    Receiver,
)
from chargeplane.runtime.links.settings import LinkSettings
from chargeplane.runtime.links.wheel import Wheel
from chargeplane.runtime.links.wires import (
    BINARY,
    CLOSE,
    CONTINUATION,
    NOWHERE,
    PING,
    PONG,
    TEXT,
    Wire,
)

__all__ = ["NO_PONG", "Link"]

NO_PONG: Final = "no answer to a ping"
"""The reason of a link's end when its peer was silent for too long."""

# A frame that cannot be read is answered with a close; the connection ends so much later, because
# closing while bytes of the peer are unread would take our close frame down with it.
_DEAF_LINGER_S = 0.05
_REASON_BYTES_MAX = 123  # RFC 6455 5.5
# The owner counts messages, and holds who says too many. What is no message (pings, fragments, all
# that comes after a close) is counted here, and so is a long message, once for each kilobyte: some
# hundred bytes of deflate can make a quarter of a megabyte. A single buffer may hold hundreds of
# either, and who sends nothing else would keep the loop for itself.
_LONG = 1_024
FRAMES_AT_ONCE_MAX = 64
FRAMES_S_MAX = 5_000
FRAMES_BURST_S = 0.5
"""So long a link may have been quiet, and make up for it at once."""
_LOST = Ending(CloseCode.ABNORMAL, "connection lost", EndedBy.NETWORK)


class _State(Enum):
    OPEN = 0
    CLOSING = 1
    """Our close is on its way, or the connection is being taken down."""
    ENDED = 2


class Link:
    """An open connection. Belongs to the loop that opened it."""

    __slots__ = (
        "_assembly",
        "_brake",
        "_compression",
        "_deadline",
        "_drained",
        "_early",
        "_ending",
        "_frames",
        "_frames_due_s",
        "_full",
        "_has_begun",
        "_heard_at_s",
        "_held",
        "_is_client",
        "_loop",
        "_on_ended",
        "_ping_count",
        "_ping_waiter",
        "_pinged_at_s",
        "_receiver",
        "_state",
        "_wheel",
        "_wire",
        "answers_pings",
        "facts",
        "message_bytes_max",
        "ping_interval_s",
        "ping_timeout_s",
        "settings",
    )

    def __init__(
        self, facts: LinkFacts, settings: LinkSettings, wheel: Wheel, *, is_client: bool = False
    ) -> None:
        """A link that is not open yet; ``open`` follows."""
        self.facts = facts
        self.settings = settings
        self.message_bytes_max = settings.message_bytes_max
        self.ping_interval_s = settings.ping_interval_s
        self.ping_timeout_s = settings.ping_timeout_s
        self._loop = asyncio.get_running_loop()
        self._wheel = wheel
        self._is_client = is_client
        self._compression = facts.compression
        self._state = _State.OPEN
        self._ending = _LOST
        self._assembly: Assembly | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._full = False
        self._drained: asyncio.Future[None] | None = None
        self._has_begun = False
        self._held = False
        self._brake: asyncio.TimerHandle | None = None
        self._frames = 0
        self._frames_due_s = 0.0
        self._early = b""
        self._heard_at_s = self._loop.time()
        self._pinged_at_s: float | None = None
        self._ping_count = 0
        self._ping_waiter: asyncio.Future[float] | None = None
        self.answers_pings = False
        """Whether the peer ever has: some never do, and are alive all the same."""
        self._wire: Wire = NOWHERE
        self._receiver: Receiver = NOBODY
        self._on_ended: Callable[[Link], None] | None = None

    def open(self, wire: Wire, on_ended: Callable[[Link], None] | None = None) -> None:
        """Start."""
        self._wire = wire
        self._on_ended = on_ended
        self.tune_ping(self.ping_interval_s, self.ping_timeout_s)

    def attach(self, receiver: Receiver) -> None:
        """Tell this one from now on."""
        self._receiver = receiver

    def begin_reading(self, early: bytes) -> None:
        """Take what came in the same breath as the handshake; later, if the owner holds.

        The transport learns only now that it is held: most owners have let go again by now, and
        each change is some calls to the system.
        """
        self._has_begun = True
        if self._held:
            self._early = early
            self._wire.hold()
        else:
            self._wire.feed(early)

    # What the owner does.

    @property
    def identity(self) -> str:
        """Whose link it is."""
        return self.facts.identity

    @property
    def is_open(self) -> bool:
        """Whether something can be sent."""
        return self._state is _State.OPEN

    def send(self, text: str) -> None:
        """Send a message, or keep it until the peer reads; see ``drained``.

        Raises:
            LinkClosed: if the link has ended or is closing.
        """
        compression = self._compression
        if compression is not None and len(text) >= self.settings.compress_bytes_min:
            self._write(TEXT, compression.compressed(text.encode()), True)
        else:
            self._write(TEXT, text)

    def send_bytes(self, data: bytes) -> None:
        """Send a binary message. OCPP has none."""
        compression = self._compression
        if compression is not None and len(data) >= self.settings.compress_bytes_min:
            self._write(BINARY, compression.compressed(data), True)
        else:
            self._write(BINARY, data)

    async def drained(self) -> None:
        """Wait until the peer has read most of what was sent. Whoever sends much awaits this.

        Raises:
            LinkClosed: if the link ends meanwhile.
        """
        if self._state is not _State.OPEN:
            raise LinkClosed(self._ending.reason)
        if self._full:
            if self._drained is None:
                self._drained = self._loop.create_future()
            await asyncio.shield(self._drained)

    async def ping(self) -> float:
        """Ping the peer; the seconds until its pong. Whoever asks meanwhile shares the answer.

        Raises:
            LinkClosed: if the link ends before the pong.
        """
        if self._ping_waiter is None:
            self._ping_count += 1
            self._write(PING, self._ping_payload())
            self._ping_waiter = self._loop.create_future()
        started_s = time.monotonic()
        return await asyncio.shield(self._ping_waiter) - started_s

    def tune_ping(self, interval_s: float | None, timeout_s: float) -> None:
        """Change how a dead peer is looked for; an interval of None stops it."""
        self.ping_interval_s, self.ping_timeout_s = interval_s, timeout_s
        self._pinged_at_s = None
        if interval_s is None or self._state is _State.ENDED:
            self._wheel.drop(self)
        else:
            self._wheel.put(self, self._heard_at_s + interval_s)

    def hold(self) -> None:
        """Stop reading: the owner has enough to do. The peer's next messages wait."""
        if not self._held and self._state is _State.OPEN:
            self._held = True
            if self._has_begun and self._brake is None:
                self._wire.hold()

    def go_on(self) -> None:
        """Read again."""
        if self._held and self._state is not _State.ENDED:
            self._held = False
            self._heard_at_s = self._loop.time()
            early, self._early = self._early, b""
            if early:
                self._wire.feed(early)
            self._read_on()  # unless the early ones have been too many already

    def close(self, code: int = CloseCode.NORMAL, reason: str = "") -> None:
        """Begin the closing handshake; it ends within ``close_timeout_s``."""
        if self._state is not _State.OPEN:
            return
        self._early = b""
        self.go_on()  # or the peer's answer would never be read
        text = reason.encode()[:_REASON_BYTES_MAX].decode(errors="ignore")
        self._begin_end(Ending(code, text, EndedBy.US))
        self._wire.write(CLOSE, code.to_bytes(2, "big") + text.encode())

    def cut(self, reason: str) -> None:
        """End the connection at once, without a closing handshake."""
        if self._state is _State.OPEN:
            self._state = _State.CLOSING
            self._ending = Ending(CloseCode.ABNORMAL, reason, EndedBy.US)
        self._wire.cut()

    def _write(self, opcode: int, payload: bytes | str, compressed: bool = False) -> None:
        if self._state is not _State.OPEN:
            raise LinkClosed(self._ending.reason)
        self._wire.write(opcode, payload, compressed)
        # The transport says at once when it begins to keep what the peer does not read.
        if self._full and self._wire.unsent_bytes() > self.settings.outgoing_bytes_max:
            self.cut("slow consumer")

    def _slow_down(self) -> None:
        """Read on when the frames so far have had their time."""
        now_s = self._loop.time()
        due_s = max(self._frames_due_s, now_s - FRAMES_BURST_S) + self._frames / FRAMES_S_MAX
        self._frames, self._frames_due_s = 0, due_s
        if due_s > now_s and self._brake is None:
            self._brake = self._loop.call_at(due_s, self._release_brake)
            self._wire.hold()

    def _release_brake(self) -> None:
        self._heard_at_s = now_s = self._loop.time()
        if self._frames_due_s > now_s:  # the transport had more of them already
            self._brake = self._loop.call_at(self._frames_due_s, self._release_brake)
        else:
            self._brake = None
            self._read_on()

    def _read_on(self) -> None:
        if self._has_begun and not self._held and self._brake is None:
            self._wire.go_on()

    # What the transport tells.

    def on_text(self, text: str) -> None:
        if len(text) >= _LONG or self._state is not _State.OPEN:
            self._count(1 + len(text) // _LONG)
        if self._assembly is not None:
            self.close(CloseCode.PROTOCOL_ERROR, "a message inside a message")
        elif self._state is _State.OPEN:
            self._heard_at_s = self._loop.time()
            done = False
            try:
                self._receiver.received(text)
                done = True
            finally:
                if not done:
                    self._broken()

    def _count(self, frames: int) -> None:
        self._frames += frames
        if self._frames >= FRAMES_AT_ONCE_MAX:
            self._slow_down()

    def on_frame(self, opcode: int, payload: bytes, final: bool, compressed: bool) -> None:
        if opcode != TEXT or not final:
            self._count(1)
        self._heard_at_s = self._loop.time()
        if opcode == CLOSE:
            self._on_close(payload)
        elif self._state is not _State.OPEN:
            return
        elif compressed and (self._compression is None or opcode not in {TEXT, BINARY}):
            self.close(CloseCode.PROTOCOL_ERROR, "reserved bit")
        elif opcode == PING:
            if self.settings.answers_pings:
                self._write(PONG, payload)
        elif opcode == PONG:
            self._on_pong(payload)
        elif (opcode == CONTINUATION) == (self._assembly is None):
            self.close(CloseCode.PROTOCOL_ERROR, "a fragment out of place")
        else:
            self._on_data(opcode, payload, final, compressed)

    def on_fault(self, code: CloseCode, reason: str) -> None:
        self.close(code, reason)
        self._loop.call_later(_DEAF_LINGER_S, self._wire.hang_up)

    def on_lost(self) -> None:
        if self._state is _State.ENDED:
            return
        self._state = _State.ENDED
        self._wheel.drop(self)
        self._assembly = None
        for timer in (self._deadline, self._brake):
            if timer is not None:
                timer.cancel()
        for waiter in (self._drained, self._ping_waiter):
            if waiter is not None and not waiter.done():
                waiter.set_exception(LinkClosed(self._ending.reason))
                waiter.exception()  # nobody may be waiting any more, which is no mistake
        # Nothing may hold a connection that is gone: links and wires know each other, and a storm
        # of reconnects would leave its cycles to the collector.
        self._wire = NOWHERE
        receiver, self._receiver = self._receiver, NOBODY
        if self._on_ended is not None:
            self._on_ended(self)
        receiver.closed(self._ending)

    def on_full(self) -> None:
        self._full = True

    def on_drained(self) -> None:
        self._full = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None

    def look(self, now_s: float) -> float | None:
        """See whether the peer still lives (the wheel asks)."""
        if self.ping_interval_s is None or self._state is not _State.OPEN:
            return None
        if self._held or self._brake is not None:  # what we do not read is no silence of the peer
            self._heard_at_s = now_s
        pinged_at_s = self._pinged_at_s
        if pinged_at_s is not None and self._heard_at_s < pinged_at_s:
            if now_s >= pinged_at_s + self.ping_timeout_s:
                self.cut(NO_PONG)
                return None
            return pinged_at_s + self.ping_timeout_s
        self._pinged_at_s = None
        if now_s >= self._heard_at_s + self.ping_interval_s:
            self._pinged_at_s = now_s
            self._write(PING, b"")
            return now_s + self.ping_timeout_s
        return self._heard_at_s + self.ping_interval_s

    # Frames in detail.

    def _on_data(self, opcode: int, payload: bytes, final: bool, compressed: bool) -> None:
        if self._assembly is None:
            if opcode == BINARY and not isinstance(self._receiver, BytesReceiver):
                self.close(CloseCode.UNSUPPORTED_DATA, "text only")
                return
            self._assembly = Assembly(
                is_text=opcode == TEXT, compressed=compressed, bytes_max=self.message_bytes_max
            )
        assembly = self._assembly
        try:
            assembly.add(payload, final=final)
        except MessageFault as fault:
            self._assembly = None
            self.close(fault.code, fault.reason)
            return
        if final:
            self._assembly = None
            if assembly.is_text:
                self.on_text(assembly.text())
            elif isinstance(self._receiver, BytesReceiver):
                self._deliver_bytes(self._receiver, assembly.data())

    def _deliver_bytes(self, receiver: BytesReceiver, data: bytes) -> None:
        done = False
        try:
            receiver.received_bytes(data)
            done = True
        finally:
            if not done:
                self._broken()

    def _broken(self) -> None:
        # What went wrong in our own code travels on to the transport, which logs it.
        self.close(CloseCode.INTERNAL_ERROR, "internal error")

    def _on_pong(self, payload: bytes) -> None:
        self.answers_pings = True
        waiter = self._ping_waiter
        if waiter is not None and payload == self._ping_payload():
            self._ping_waiter = None
            waiter.set_result(time.monotonic())

    def _ping_payload(self) -> bytes:
        return self._ping_count.to_bytes(4, "big")

    def _on_close(self, payload: bytes) -> None:
        if self._state is _State.CLOSING:
            self._take_down()
            return
        if self._state is _State.ENDED:
            return
        if len(payload) == 1 or (payload and not is_valid_on_wire(int.from_bytes(payload[:2]))):
            self.close(CloseCode.PROTOCOL_ERROR, "invalid close code")
            self._take_down()
            return
        try:
            reason = payload[2:].decode()
        except UnicodeDecodeError:
            self.close(CloseCode.INVALID_DATA, "close reason is not UTF-8")
            self._take_down()
            return
        code = int.from_bytes(payload[:2]) if payload else CloseCode.NO_STATUS
        self._begin_end(Ending(code, reason, EndedBy.PEER))
        self._wire.write(CLOSE, payload[:2])
        self._take_down()

    def _begin_end(self, ending: Ending) -> None:
        self._state = _State.CLOSING
        self._ending = ending
        self._assembly = None
        self._deadline = self._loop.call_later(self.settings.close_timeout_s, self._wire.cut)

    def _take_down(self) -> None:
        # RFC 6455 7.1.1: the server closes the connection first; a client waits for it to do so.
        if not self._is_client:
            self._wire.hang_up()
