"""The station's end of the conversation, in the newest types of its family.

A station of 1.2 thinks in 1.6 and one of 2.0.1 in 2.1, so each behaviour is written once for each
family. Here its messages are lowered to the version that is spoken, and what comes is lifted. What
``Peer`` promises holds: every request that leaves validates against the schema of the version.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from chargeplane.ocpp.errors import ErrorCode, LocalError
from chargeplane.ocpp.events import (
    Abandoned,
    Answered,
    Called,
    Event,
    Failed,
    Malformed,
    Refused,
    TimedOut,
)
from chargeplane.ocpp.family import lift, said_in
from chargeplane.ocpp.frames import Limits
from chargeplane.ocpp.peer import Peer
from chargeplane.ocpp.versions import Role, Version
from chargeplane.ocpp.wire import Request, Response
from chargeplane.station.signals import Signal
from chargeplane.station.signals.traffic import FrameMalformed, RequestEnded, RequestEnding

__all__ = ["Conversation", "Done", "Outcome", "Serve", "Unanswered"]


class Unanswered(Enum):
    """A request without an answer that could be used."""

    REFUSED = auto()
    """The answer was an error, or no valid answer."""
    SILENT = auto()
    """There was none in time, or the connection is gone."""


Outcome = Response | Unanswered

Done = Callable[[Outcome], None]
"""Told how a request ended."""

Serve = Callable[[Request], Response | ErrorCode]
"""Answers a request of the central system."""


class Conversation:
    """What is asked and answered over one connection after the other."""

    def __init__(
        self,
        version: Version,
        serve: Serve,
        answered: Callable[[], None],
        new_id: Callable[[], str],
        limits: Callable[[], Limits] = Limits,
        tell: Callable[[Signal], None] = lambda _: None,
        is_heard: Callable[[type[Signal]], bool] = lambda _: True,
    ) -> None:
        """Say nothing yet; ``open`` begins.

        Args:
            version: what is spoken.
            serve: answers a request.
            answered: called when an answer is on its way, before anything else is taken up.
            new_id: makes message ids.
            limits: asked for each connection.
            tell: told how each request ended, and of each frame that is malformed.
            is_heard: whether anybody hears what is told; asked about how requests ended.
        """
        self.version = version
        self._is_newest = version is version.newest_of_family
        self._serve = serve
        self._answered = answered
        self._new_id = new_id
        self._limits = limits
        self._tell = tell
        self._is_heard = is_heard
        self._peer: Peer | None = None
        self._pending: dict[str, Done] = {}

    @property
    def is_open(self) -> bool:
        return self._peer is not None

    @property
    def deadline_s(self) -> float | None:
        """When ``expire`` is due."""
        return self._peer.deadline if self._peer else None

    @property
    def waiting(self) -> int:
        """Requests that have no answer yet."""
        return len(self._pending)

    def open(self) -> None:
        """Begin anew: there is a connection."""
        self._peer = Peer(self.version, Role.STATION, limits=self._limits(), new_id=self._new_id)

    def close(self) -> None:
        """The connection is gone; whoever waits for an answer is told."""
        if self._peer is not None:
            events, self._peer = self._peer.close(), None
            for event in events:
                self._settle(event)

    def outgoing(self) -> list[str]:
        """The texts to send now."""
        return self._peer.outgoing() if self._peer else []

    def lowered(self, request: Request) -> Request | None:
        """The request in the words of the version, or None where it has none for it."""
        if self._is_newest:
            return request
        message = said_in(request, self.version)
        assert message is None or isinstance(message, Request)
        return message

    def call(
        self, request: Request, now_s: float, done: Done, message_id: str | None = None
    ) -> str:
        """Ask.

        Args:
            request: in the words of the version (``lowered``).
            now_s: as ``Peer.call``.
            done: told once, how it ended.
            message_id: only for a retry.

        Raises:
            LocalError: as ``Peer.call``; also if there is no connection.
        """
        if self._peer is None:
            raise LocalError(ErrorCode.INTERNAL_ERROR, "there is no connection")
        message_id = self._peer.call(request, now_s, message_id)
        self._pending[message_id] = done
        return message_id

    def send(self, request: Request) -> None:
        """Tell without wanting an answer (SEND, 2.1); ``request`` as ``lowered`` gave it.

        Raises:
            LocalError: as ``Peer.send``; also if there is no connection.
        """
        if self._peer is None:
            raise LocalError(ErrorCode.INTERNAL_ERROR, "there is no connection")
        self._peer.send(request)

    def receive(self, text: str, now_s: float) -> None:
        """Take one frame."""
        if self._peer is not None:
            self._take(self._peer.receive(text, now_s))

    def expire(self, now_s: float) -> None:
        """Give up on a request whose time is over."""
        if self._peer is not None:
            deadline_s = self._peer.deadline
            if deadline_s is not None and now_s >= deadline_s:
                self._take(self._peer.expire(now_s))

    def _take(self, events: list[Event]) -> None:
        while events:
            event = events.pop(0)
            if isinstance(event, Called):
                events += self._answer(event)
            else:
                self._settle(event)

    def _answer(self, called: Called) -> list[Event]:
        peer = self._peer
        if peer is None:
            return []
        request = lift(called.request).message
        assert isinstance(request, Request)
        response = self._serve(request)
        if isinstance(response, ErrorCode):
            events = peer.refuse(called.message_id, response)
        else:
            message = said_in(response, self.version)
            if isinstance(message, Response):
                events = peer.answer(called.message_id, message)
            else:
                events = peer.refuse(called.message_id, ErrorCode.NOT_SUPPORTED)
        self._answered()
        return events

    def _settle(self, event: Event) -> None:
        outcome: Outcome
        code = text = ""
        match event:
            case Answered():
                response = event.response if self._is_newest else lift(event.response).message
                assert isinstance(response, Response)
                outcome, ending = response, RequestEnding.ANSWERED
            case Refused():
                outcome, ending = Unanswered.REFUSED, RequestEnding.REFUSED
                code, text = event.code, event.description
            case Failed():
                outcome, ending = Unanswered.REFUSED, RequestEnding.INVALID
                code, text = event.error.code.value, str(event.error)
            case TimedOut():
                outcome, ending = Unanswered.SILENT, RequestEnding.TIMED_OUT
            case Abandoned():
                outcome, ending = Unanswered.SILENT, RequestEnding.LOST
            case Malformed():
                self._tell(FrameMalformed(event.code.value, event.reason))
                return
            case _:
                return
        done = self._pending.pop(event.message_id, None)
        if done is not None:
            if self._is_heard(RequestEnded):
                action = type(event.request).__name__.removesuffix("Request")
                self._tell(RequestEnded(action, ending, code, text))
            done(outcome)
