"""One station between its two connections, as a state machine without sockets and without a clock.

Texts and times go in, texts for both sides come out of ``to_station`` and ``to_central``:

* Frames pass in both directions unchanged and in order (2.x Part 4, 6.4), also those that nobody
  can read: what is wrong with them is for the other end to say.
* A relay that ``keeps`` stations goes on without the central system (``alone``), and delivers the
  backlog later, transaction messages first. Until those are delivered, new ones wait behind them.
* Otherwise, and for 1.x, where only the central system can number a transaction, the station's
  connection ends with that of the central system, so that the station keeps its messages itself
  (6.3). ``wants_close`` says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

from chargeplane.ocpp import v21
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.events import Called, Event
from chargeplane.ocpp.family import lift, said_in
from chargeplane.ocpp.frames import Call, CallError, CallResult, CallResultError, Send, write
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request, Response
from chargeplane.station.local_controller.alone import Alone, KnownTokens
from chargeplane.station.local_controller.backlog import TRANSACTIONS_MAX, Backlog, Entry, Lane
from chargeplane.station.local_controller.downward import Done, Downward
from chargeplane.station.local_controller.frames import (
    frame_of,
    plain_action,
    request_in,
    response_in,
)
from chargeplane.station.local_controller.upward import Live, Upward
from chargeplane.station.memory import Memory

__all__ = ["Relay"]

AWAY = "the central system is away"
FULL = "no more messages can be kept"
NOT_ACCEPTED = "the central system does not accept the station"
ALONE_IDS_MAX = 64
_LEARNED = {
    "Authorize",
    "BootNotification",
    "StatusNotification",
    "TransactionEvent",
}
"""What the controller learns from, signed or not."""


class Relay:
    """One station. It stays while connections come and go, and with it the backlog."""

    def __init__(
        self,
        identity: str,
        *,
        memory: Memory,
        time: Callable[[], datetime],
        tokens: KnownTokens | None = None,
        keeps: bool = True,
        kept_max: int = TRANSACTIONS_MAX,
        new_id: Callable[[], str] = lambda: str(uuid4()),
        heard: Callable[[Request], None] = lambda _: None,
        answered: Callable[[Request, Response], None] = lambda _request, _response: None,
    ) -> None:
        """No connection yet.

        Args:
            identity: of the station.
            memory: for the backlog; saved by whoever sends what comes out.
            time: the time of day, for answers to heartbeats.
            tokens: what is known of tokens at the whole site.
            keeps: whether the station stays connected while the central system is away.
            kept_max: how many transaction messages are kept; then its connection ends.
            new_id: makes the ids of our own requests: never one that anybody else makes.
            heard: shown what the station tells of statuses and transactions, in the newest types.
            answered: shown what the station was answered to that, by whomever.
        """
        self.identity = identity
        self.alone = Alone(KnownTokens() if tokens is None else tokens, time)
        self.backlog = Backlog(memory, identity, transactions_max=kept_max)
        self.wants_close = ""
        """Why the station's connection has to end; empty: it may stay."""
        self._keeps = keeps
        self._new_id = new_id
        self._heard = heard
        self._answered = answered
        self._up = Upward(self.backlog, new_id)
        self._down: Downward | None = None
        self._answered_alone: deque[str] = deque(maxlen=ALONE_IDS_MAX)

    @property
    def keeps(self) -> bool:
        """Whether it goes on without the central system."""
        is_2x = self._down is not None and self._down.version.newest_of_family is Version.V2_1
        return self._keeps and is_2x

    @property
    def may_begin_alone(self) -> bool:
        """Whether a station of 2.x may connect while the central system is away."""
        return self._keeps and self.alone.interval_s is not None

    @property
    def has_central(self) -> bool:
        """Whether there is a connection to the central system."""
        return self._up.is_open

    @property
    def deadline_s(self) -> float | None:
        """When ``advance`` must be called."""
        due = (self._up.deadline_s, None if self._down is None else self._down.deadline_s)
        return min((each for each in due if each is not None), default=None)

    # The two connections.

    def station_opened(self, version: Version) -> None:
        """The station is here. The one to the central system follows, or stood before."""
        self.wants_close = ""
        self._down = Downward(version, self._new_id)

    def station_lost(self) -> None:
        """The station is gone; the connection to the central system has to end with it (6.3)."""
        down, self._down = self._down, None
        self._up.lost()
        if down is not None:
            down.closed()

    def central_opened(self, now_s: float) -> None:
        """The central system is here."""
        self._up.opened(now_s)

    def central_lost(self, now_s: float) -> None:
        """The central system is away. What it has not answered is answered here, or not at all."""
        left = self._up.lost()
        if self._down is None:
            return
        self._down.central_lost()
        if not self.keeps:
            self.wants_close = AWAY
            return
        for live in left:
            self._serve_alone(live.text, now_s)

    def advance(self, now_s: float) -> None:
        """Do what is due."""
        self._up.advance(now_s)
        if self._down is not None:
            self._down.advance(now_s)

    def to_station(self) -> list[str]:
        """What to send to the station now; each text is given once."""
        if self._down is None:
            return []
        texts, self._down.out = self._down.out, []
        return texts

    def to_central(self) -> list[str]:
        """What to send to the central system now; each text is given once."""
        texts, self._up.out = self._up.out, []
        return texts

    def ask(self, request: Request, now_s: float, done: Done) -> None:
        """Ask the station something of our own, in its turn.

        Args:
            request: in the newest types of the family.
            now_s: the time.
            done: told the answer; None: there is none, or the station is not here.
        """
        if self._down is None:
            done(None)
        else:
            self._down.ask(request, now_s, done)

    # From the station.

    def from_station(self, text: str, now_s: float) -> None:
        """Take a frame of the station."""
        if self._down is None:
            return
        frame = frame_of(text, self._down.version)
        match frame:
            case Call():
                self._on_asked(Live(frame, text), now_s)
            case CallResult() | CallError() if self._down.is_ours(frame.message_id):
                self._down.take(self._down.peer.receive(text, now_s), now_s)
            case CallResult() | CallError():
                if self._down.answered(frame.message_id, now_s) and self.has_central:
                    self._up.tell(text)
            case CallResultError() if frame.message_id in self._answered_alone:
                return  # it is about an answer of ours, and the central system has none to mend
            case Send() if not self.has_central and self.keeps:
                self.backlog.put(Lane.OTHERS, frame.message_id, text)
            case _ if self.has_central:
                self._up.tell(text)
            case _:
                self._serve_alone(text, now_s)

    def _on_asked(self, live: Live, now_s: float) -> None:
        assert self._down is not None
        action = plain_action(live.call.action)
        request = None
        if action in _LEARNED and (request := request_in(live.call, self._down.version)):
            self._heard(request)
        is_transaction = action == "TransactionEvent"
        lane = Lane.TRANSACTIONS if is_transaction else Lane.OTHERS
        if not self.has_central or not self._up.has_turn(lane):
            self._serve_alone(live.text, now_s)
            return
        if action == "BootNotification":
            self.backlog.forget_boot()
        if not self._up.ask(live, now_s):
            self._refuse(live.call.message_id, "too many requests wait")

    def _refuse(self, message_id: str, reason: str) -> None:
        assert self._down is not None
        code = ErrorCode.GENERIC_ERROR.on_wire(self._down.version)
        self._down.out.append(write(4, message_id, code, reason, {}))

    def _serve_alone(self, text: str, now_s: float) -> None:
        down = self._down
        if down is None or self.wants_close:
            return
        if not self.keeps:
            self.wants_close = AWAY
            return
        for event in (events := down.peer.receive(text, now_s)):
            if isinstance(event, Called):
                events += self._answer_alone(event, text)
        down.flush()

    def _answer_alone(self, called: Called, text: str) -> list[Event]:
        down = self._down
        assert down is not None
        request = lift(called.request).message
        assert isinstance(request, Request)
        reply = self.alone.reply(request)
        if reply.said is None:
            self.wants_close = AWAY
            return []
        if reply.lane is not None and not self.backlog.put(
            reply.lane, called.message_id, text, reply.place
        ):
            self.wants_close = FULL
            return []
        self._answered_alone.append(called.message_id)
        if isinstance(reply.said, ErrorCode):
            return down.peer.refuse(called.message_id, reply.said, AWAY)
        self._answered(request, reply.said)
        response = said_in(reply.said, down.version)
        if not isinstance(response, Response):
            return down.peer.refuse(called.message_id, ErrorCode.GENERIC_ERROR, AWAY)
        return down.peer.answer(called.message_id, response)

    # From the central system.

    def from_central(self, text: str, now_s: float) -> None:
        """Take a frame of the central system."""
        down = self._down
        if down is None:
            return
        frame = frame_of(text, down.version)
        match frame:
            case Call():
                if not down.pass_on(frame.message_id, text, now_s):
                    code = ErrorCode.GENERIC_ERROR.on_wire(down.version)
                    self._up.tell(write(4, frame.message_id, code, "too many requests wait", {}))
            case CallResult() | CallError():
                self._on_answer(frame, text, now_s)
            case _:
                down.out.append(text)

    def _on_answer(self, frame: CallResult | CallError, text: str, now_s: float) -> None:
        assert self._down is not None
        asked = self._up.answered(frame, now_s)
        if isinstance(asked, Entry):
            self._on_delivered(asked, frame, now_s)
            return
        if asked is None and frame.message_id in self._answered_alone:
            return  # the station has an answer already
        if asked is not None and isinstance(frame, CallResult):
            self._learn(asked.call, frame)
        self._down.out.append(text)

    def _learn(self, call: Call, frame: CallResult) -> tuple[Request, Response] | None:
        """What an answer teaches for the time without the central system."""
        assert self._down is not None
        action, version = plain_action(call.action), self._down.version
        if action not in _LEARNED:
            return None
        request, response = request_in(call, version), response_in(frame, action, version)
        if request is None or response is None:
            return None
        self.alone.learn(request, response)
        self._answered(request, response)
        return request, response

    def _on_delivered(self, entry: Entry, frame: CallResult | CallError, now_s: float) -> None:
        """The central system has its own opinion of what was answered without it."""
        assert self._down is not None
        call = frame_of(entry.text, self._down.version)
        if not isinstance(call, Call) or not isinstance(frame, CallResult):
            return
        learned = self._learn(call, frame)
        if learned is None:
            return
        match learned:
            case _, v21.BootNotificationResponse() if self.alone.interval_s is None:
                self.wants_close = NOT_ACCEPTED
            case v21.TransactionEventRequest() as request, v21.TransactionEventResponse() as said:
                self._stop_if_refused(request, said, now_s)

    def _stop_if_refused(
        self,
        request: v21.TransactionEventRequest,
        said: v21.TransactionEventResponse,
        now_s: float,
    ) -> None:
        """The station was told that the token is good; its transaction must not go on."""
        info = said.id_token_info
        is_over = request.event_type is v21.TransactionEventEnumType.ENDED
        if is_over or not info or info.status is v21.AuthorizationStatusEnumType.ACCEPTED:
            return
        transaction_id = request.transaction_info.transaction_id
        stop = v21.RequestStopTransactionRequest(transaction_id=transaction_id)
        self.ask(stop, now_s, lambda _: None)
