"""The requests to one station: those of the central system, and the controller's own.

One is open at a time. The central system's pass as they come; the controller's own wait until the
station has answered those, and the other way round. The controller's ids are random UUIDs, and the
answers to them never go up (2.x Part 4, 6.4).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from uuid import uuid4

from chargeplane.ocpp.events import Answered, Event
from chargeplane.ocpp.family import lift, said_in
from chargeplane.ocpp.frames import Limits
from chargeplane.ocpp.peer import Peer
from chargeplane.ocpp.versions import Role, Version
from chargeplane.ocpp.wire import Request, Response

__all__ = ["Done", "Downward"]

WAITING_MAX = 64
"""Requests of the central system behind one of our own, and our own behind each other."""
IDS_MAX = 256
"""Of requests that are over, and may still be answered."""
CALL_TIMEOUT_S = 30.0

Done = Callable[[Response | None], None]
"""Told the answer to a request, in the newest types of the family; None: there is none."""


class _Ids:
    """The newest ids of a kind."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}

    def add(self, message_id: str) -> None:
        self._ids[message_id] = None
        if len(self._ids) > IDS_MAX:
            del self._ids[next(iter(self._ids))]

    def __contains__(self, message_id: str) -> bool:
        return message_id in self._ids


class Downward:
    """What goes down. ``out`` has the texts to send; ``peer`` is our end of the conversation."""

    def __init__(self, version: Version, new_id: Callable[[], str] = lambda: str(uuid4())) -> None:
        """A connection of the station has just opened."""
        self.version = version
        limits = Limits(call_timeout_s=CALL_TIMEOUT_S)
        self.peer = Peer(version, Role.CSMS, limits=limits, new_id=new_id)
        self.out: list[str] = []
        self._theirs: dict[str, None] = {}
        self._theirs_until_s = 0.0
        self._their_waiting: deque[tuple[str, str]] = deque()
        self._asked: tuple[str, Done] | None = None
        self._asking: deque[tuple[Request, Done]] = deque()
        self._ours = _Ids()
        self._stale = _Ids()

    @property
    def deadline_s(self) -> float | None:
        """When ``advance`` is due."""
        if self._asked is not None:
            return self.peer.deadline
        return self._theirs_until_s if self._theirs and self._asking else None

    def pass_on(self, message_id: str, text: str, now_s: float) -> bool:
        """A request of the central system; False: too many wait."""
        if self._asked is None and not self._their_waiting:
            self._pass(message_id, text, now_s)
            return True
        if len(self._their_waiting) >= WAITING_MAX:
            return False
        self._their_waiting.append((message_id, text))
        return True

    def ask(self, request: Request, now_s: float, done: Done) -> None:
        """A request of our own, in the newest types of the family."""
        lowered = said_in(request, self.version)
        if not isinstance(lowered, Request) or len(self._asking) >= WAITING_MAX:
            done(None)
            return
        self._asking.append((lowered, done))
        self._next(now_s)

    def is_ours(self, message_id: str) -> bool:
        """Whether an answer belongs to a request of our own, however late it comes."""
        return message_id in self._ours

    def answered(self, message_id: str, now_s: float) -> bool:
        """The station has answered the central system; whether that one still waits for it."""
        self._theirs.pop(message_id, None)
        self._next(now_s)
        return message_id not in self._stale

    def take(self, events: list[Event], now_s: float) -> None:
        """Hear what came of our own requests."""
        for event in events:
            asked = self._asked
            if asked is None or getattr(event, "message_id", None) != asked[0]:
                continue
            self._asked = None
            response = lift(event.response).message if isinstance(event, Answered) else None
            asked[1](response if isinstance(response, Response) else None)
        self.flush()
        self._next(now_s)

    def central_lost(self) -> None:
        """Nobody waits for the answers to its requests any more."""
        for message_id in self._theirs:
            self._stale.add(message_id)
        self._theirs.clear()
        self._their_waiting.clear()

    def closed(self) -> None:
        """The connection is gone, with all that was open on it."""
        self.peer.close()
        over = [done for _, done in self._asking]
        if self._asked is not None:
            over.insert(0, self._asked[1])
        self._asked = None
        self._asking.clear()
        for done in over:
            done(None)

    def advance(self, now_s: float) -> None:
        """Give up waiting for answers whose time is over."""
        if self._theirs and now_s >= self._theirs_until_s:
            self._theirs.clear()
        self.take(self.peer.expire(now_s), now_s)

    def flush(self) -> None:
        """What the peer says goes out."""
        self.out += self.peer.outgoing()

    def _pass(self, message_id: str, text: str, now_s: float) -> None:
        if len(self._theirs) >= WAITING_MAX:
            del self._theirs[next(iter(self._theirs))]
        self._theirs[message_id] = None
        self._theirs_until_s = now_s + CALL_TIMEOUT_S
        self.out.append(text)

    def _next(self, now_s: float) -> None:
        if self._asked is not None:
            return
        if self._their_waiting:
            if not self._theirs:
                self._pass(*self._their_waiting.popleft(), now_s)
        elif self._asking and not self._theirs:
            request, done = self._asking.popleft()
            message_id = self.peer.call(request, now_s)
            self._ours.add(message_id)
            self._asked = (message_id, done)
            self.flush()
