"""One station's conversation over one WebSocket, under one epoch.

It belongs to the loop and holds no lock: whatever comes back late (a commit, a command's answer)
finds out whether the conversation has ended, and is dropped if so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from msgspec import Struct

from chargeplane.csms.contract import CheckSignature, Decision, Heard, Station
from chargeplane.csms.gateway.host import Host
from chargeplane.csms.gateway.lifting import lifted, lowered
from chargeplane.csms.gateway.redaction import redacted
from chargeplane.csms.gateway.tray import Slip
from chargeplane.ocpp.errors import ErrorCode, LocalError, OcppError, RemoteError
from chargeplane.ocpp.events import (
    Abandoned,
    Answered,
    Called,
    Event,
    Failed,
    Ignored,
    Malformed,
    Refused,
    Sent,
    Stray,
    TimedOut,
)
from chargeplane.ocpp.peer import Peer
from chargeplane.ocpp.versions import Role, Version
from chargeplane.ocpp.wire import Request
from chargeplane.runtime.links import CloseCode, Ending, Link, LinkClosed
from chargeplane.runtime.store import new_id, storable
from chargeplane.runtime.store.frames import Direction, Shot

if TYPE_CHECKING:
    from chargeplane.ocpp.tolerance import Repair

__all__ = ["Conversation", "Ended", "LinkHost"]

Ended = Answered | Refused | Failed | TimedOut | Abandoned
"""How a request of ours can end."""

HOSTILE_FRAMES_MAX = 20
"""So many frames in a row that are no use (unreadable, or not asked for) cost the connection."""
HOSTILE_LINGER_S = 0.1
BACKLOG_FRAMES_MAX = 4_096
"""More than a transport may still have when it is told to stop reading."""
FRAMES_AT_ONCE_MAX = 64
FRAMES_S_MAX = 2_000
"""Whoever says more is read more slowly, so that nobody keeps the loop for itself: a single buffer
of the transport may hold a thousand frames, and it reads several before it looks at others."""
REPAIR_BINARY = "binary-message"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def _new_message_id() -> str:
    return str(new_id())


class _Frame(Struct, frozen=True, gc=False):
    """A frame that has come in and waits for its turn."""

    id: UUID
    received_at: datetime
    text: str


class LinkHost(Host, Protocol):
    """Holds conversations over links, and is told how they end."""

    check_signature: CheckSignature | None

    def told(
        self, station: Station, request: Request, frame_id: UUID, received_at: datetime
    ) -> None:
        """A message that wants no answer (SEND, 2.1); its frame is recorded."""
        ...

    def link_ended(self, conversation: Conversation, ending: Ending) -> None:
        """The link is over."""
        ...

    def unsettled(self, conversation: Conversation) -> None:
        """It has ended while a request was being decided or stored."""
        ...

    def settled(self, conversation: Conversation) -> None:
        """What was under way when it ended is stored, or never will be."""
        ...


class Conversation:
    """Receives what a link brings, and answers."""

    def __init__(self, host: LinkHost, link: Link, station: Station) -> None:
        """Not yet the owner of its identity: ``begin`` follows."""
        self._host = host
        self.link = link
        self.station = station
        self.peer = Peer(
            station.version,
            Role.CSMS,
            tolerance=host.tolerance,
            limits=host.limits,
            new_id=_new_message_id,
        )
        self.epoch = 0
        self.has_ended = False
        self._in_hand: Slip | None = None
        """The request that is answered next, as it was recorded."""
        # Lists, here and in the peer: hardly ever is anything in them, and an empty deque takes 600
        # bytes, which count for each of ten thousand stations.
        self._waiting: list[_Frame] = []
        self._asked: dict[str, Callable[[Ended], None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._is_deciding = False
        self._useless = 0
        self._frames = 0
        self._frames_due_s = 0.0
        self._seen_again_at = _LONG_AGO
        self._brake: asyncio.TimerHandle | None = None
        self._backlog: list[_Frame] = []
        self._place = host.tray.place_of(station.id)
        self._is_catching_up = False
        self._loop = asyncio.get_running_loop()
        self.first_answered: asyncio.Future[None] = self._loop.create_future()
        """Done when the first request has its answer; cancelled if the end comes before."""

    # What the link tells --------------------------------------------------------------------

    def received(self, text: str) -> None:
        """A frame has come."""
        if not self.has_ended:
            self._arrived(_Frame(new_id(), self._host.clock.now(), text))

    def _arrived(self, frame: _Frame) -> None:
        self._frames += 1
        if self._frames >= FRAMES_AT_ONCE_MAX:
            self._slow_down()
        if self._waiting and (self._backlog or self._is_busy):
            self._put_aside(frame)
        else:
            self._take(frame)

    def received_bytes(self, data: bytes) -> None:
        """A binary message: some stations mark their texts so."""
        try:
            text = data.decode() if self._host.tolerance.names else ""
        except UnicodeDecodeError:
            text = ""
        if not text.lstrip().startswith("["):
            self.link.close(CloseCode.UNSUPPORTED_DATA, "text only")
            return
        if self.has_ended:
            return
        frame = _Frame(new_id(), self._host.clock.now(), text)
        self._host.repaired(self.station, REPAIR_BINARY, frame.received_at, frame.id)
        self._arrived(frame)

    def _take(self, frame: _Frame) -> None:
        events = self.peer.receive(frame.text, self._loop.time())
        if events:
            for event in events:
                self._on(event, frame)
        else:
            self._waiting.append(frame)  # the peer holds it back until the one in hand is answered
        if self.peer.has_outgoing:  # nearly never: the answer waits for its commit
            self._send()

    @property
    def _is_busy(self) -> bool:
        return len(self._waiting) >= self.peer.limits.requests_waiting_max

    def _put_aside(self, frame: _Frame) -> None:
        """Read no more until the peer has room: who sends a history at once shall lose nothing."""
        if len(self._backlog) < BACKLOG_FRAMES_MAX:
            self._backlog.append(frame)
            self.link.hold()
        else:
            self._take(frame)  # which is told that too many wait

    def _catch_up(self) -> None:
        """Go on with what was put aside. An answer that is given at once comes here again."""
        if self._is_catching_up or not self._backlog:
            return
        self._is_catching_up = True
        try:
            while self._backlog and not self._is_busy:
                self._take(self._backlog.pop(0))
        finally:
            self._is_catching_up = False
        self._read_on()

    def _read_on(self) -> None:
        """Read again, unless something stands against it."""
        if self._brake is None and not self._backlog:
            self.link.go_on()

    def _release_brake(self) -> None:
        self._brake = None
        self._read_on()

    def _slow_down(self) -> None:
        """Read on when the frames so far have had their time."""
        now_s = self._loop.time()
        due_s = self._frames_due_s + self._frames / FRAMES_S_MAX
        self._frames, self._frames_due_s = 0, max(now_s, due_s)
        if due_s > now_s:
            if self._brake is not None:
                self._brake.cancel()
            self.link.hold()
            self._brake = self._loop.call_at(due_s, self._release_brake)

    def closed(self, ending: Ending) -> None:
        """The link is over."""
        self._host.link_ended(self, ending)

    # What follows ---------------------------------------------------------------------------

    def _on(self, event: Event, frame: _Frame) -> None:
        host = self._host
        if isinstance(event, Called):
            self._useless = 0
            if frame.received_at >= self._seen_again_at:
                self._seen_again_at = host.seen(self.station, frame.received_at)
            self._count(event.repairs, frame)
            heard = Heard(
                self.station,
                lifted(event.request, frame.received_at),
                frame.id,
                frame.received_at,
                event.message_id,
                event.repairs,
            )
            # What it says will be in the rows of the block. The frame, for looking back, can wait.
            self._in_hand = self._record(
                frame.id, Direction.RECEIVED, frame.received_at, event.message_id, frame.text
            )
            self._is_deciding = True
            answer = self._answer(event.message_id, event.action.version)
            if reason := self._unsigned(event, 2, event.action.name, frame):
                answer(RemoteError(ErrorCode.SECURITY_ERROR, reason))
            else:
                host.dispatcher.hear(heard, answer)
            return
        message_id = getattr(event, "message_id", None)
        self._record(frame.id, Direction.RECEIVED, frame.received_at, message_id, frame.text)
        match event:
            case Answered() | Refused() | Failed():
                self._useless = 0
                if isinstance(event, Answered):
                    self._count(event.repairs, frame)
                    event = self._verified(event, frame)
                self._settle(event)
            case Malformed():
                host.meter.malformed(event.code)
                self._count_useless()
            case Sent():
                self._count(event.repairs, frame)
                if self._unsigned(event, 6, event.action.name, frame):
                    return
                host.told(self.station, event.request, frame.id, frame.received_at)
            case Ignored(is_repetition=True):
                host.meter.ignored()  # some stations repeat what they say for hours
            case Ignored() | Stray():
                host.meter.ignored()
                self._count_useless()

    def _unsigned(
        self, event: Called | Sent | Answered, message_type: int, action: str, frame: _Frame
    ) -> str | None:
        """Why a message does not count for lack of a good signature, if it does not."""
        check = self._host.check_signature
        if check is None:
            return None
        return check(self.station, event.signed, message_type, action, frame.id, frame.received_at)

    def _verified(self, event: Answered, frame: _Frame) -> Ended:
        """An answer with a bad signature is none."""
        action = type(event.request).__name__.removesuffix("Request")
        reason = event.signed and self._unsigned(event, 3, action, frame)
        if not reason:
            return event
        error = RemoteError(ErrorCode.SECURITY_ERROR, reason)
        return Failed(event.message_id, event.request, error)

    def _count_useless(self) -> None:
        self._useless += 1
        if self._useless >= HOSTILE_FRAMES_MAX:
            reason = "too many useless frames"
            self.link.close(CloseCode.POLICY_VIOLATION, reason)
            # To wait for the close of one who goes on talking would be to read it all.
            self._loop.call_later(HOSTILE_LINGER_S, self.link.cut, reason)

    def _count(self, repairs: tuple[Repair, ...], frame: _Frame) -> None:
        for repair in repairs:
            self._host.repaired(self.station, repair.name, frame.received_at, frame.id)

    def _answer(self, message_id: str, version: Version) -> Callable[[Decision | OcppError], None]:
        """What gives the answer; ``version`` is that of the request, which may be a foreign one."""

        def done(decision: Decision | OcppError) -> None:
            self._is_deciding = False
            if self.has_ended:
                self._host.settled(self)
                return
            events = self._said(message_id, version, decision)
            self._send(answers=True)
            if not self.first_answered.done():
                self.first_answered.set_result(None)
            for event in events:
                self._on(event, self._waiting.pop(0))
            if events:
                self._send()
            if self._backlog:
                self._catch_up()

        return done

    def _said(
        self, message_id: str, version: Version, decision: Decision | OcppError
    ) -> list[Event]:
        """Give the answer to the peer; the next requests, if some have waited."""
        try:
            if not isinstance(decision, OcppError):
                return self.peer.answer(message_id, lowered(decision.response, version))
            error = decision
        except LocalError as fault:
            self._host.fault(self.station, fault)
            # Its own code would say that the station's request was wrong.
            error = LocalError(ErrorCode.INTERNAL_ERROR, "a fault of the central system")
        return self.peer.refuse(message_id, error.code, error.description, error.details)

    def _send(self, *, answers: bool = False) -> None:
        """Send what is due; ``answers``: the first of it is the answer to the request in hand."""
        texts = self.peer.outgoing()
        if not texts:
            return
        try:
            for text in texts:
                self.link.send(text)
        except LinkClosed:
            return
        now = self._host.clock.now()
        for text in texts:
            if not (answers and self._record_answer(now, text)):
                self._record(new_id(), Direction.SENT, now, None, text)
            answers = False

    def _record(
        self, frame_id: UUID, direction: Direction, at: datetime, message_id: str | None, text: str
    ) -> Slip:
        message_id = message_id and storable(message_id)
        shot = Shot(frame_id, direction, at, self.epoch, message_id, storable(redacted(text)))
        return self._host.tray.record(self._place, self.station, shot)

    def _record_answer(self, at: datetime, text: str) -> bool:
        """Put the answer beside its request, if that is still in the tray."""
        slip, self._in_hand = self._in_hand, None  # or it would keep the drawer when it is emptied
        if slip is None:
            return False
        return self._host.tray.answered(self._place, slip, at, storable(redacted(text)))

    # Our requests ---------------------------------------------------------------------------

    def ask(self, request: Request, told: Callable[[Ended], None]) -> None:
        """Send a request of the station's version; ``told`` learns how it ends.

        Raises:
            LocalError: it cannot be sent, or too many wait already.
        """
        message_id = self.peer.call(request, self._loop.time())
        self._asked[message_id] = told
        self._send()
        self._watch()

    def _settle(self, event: Ended) -> None:
        told = self._asked.pop(event.message_id, None)
        if told is not None:
            told(event)
        self._watch()

    def _watch(self) -> None:
        """Be there when the open request has had its time."""
        deadline = self.peer.deadline
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if deadline is not None and not self.has_ended:
            self._timer = self._loop.call_at(deadline, self._expire)

    def _expire(self) -> None:
        self._timer = None
        for event in self.peer.expire(self._loop.time()):
            if isinstance(event, TimedOut):
                self._settle(event)
        self._send()
        self._watch()

    def end(self) -> None:
        """Nothing counts any more that comes from here or was meant for here."""
        if self.has_ended:
            return
        self.has_ended = True
        if self._is_deciding:
            self._host.unsettled(self)
        for event in self.peer.close():
            if isinstance(event, Abandoned):
                self._settle(event)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._brake is not None:
            self._brake.cancel()
        if not self.first_answered.done():
            self.first_answered.cancel()
        self._waiting.clear()
        self._backlog.clear()
