"""What one station says over SOAP, one message at a time, for as long as it is heard from.

There is no connection: HTTP requests of the same station follow each other, and some come twice
since an answer was lost. A message is carried to its end even if nobody waits for it any more; its
answer is kept for the repetition.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from chargeplane.csms.contract import Decision, Heard, Station
from chargeplane.csms.gateway.host import Host
from chargeplane.csms.gateway.lifting import lifted, lowered
from chargeplane.csms.gateway.redaction import redacted
from chargeplane.csms.gateway.soap_reading import Letter, message_of, oddities
from chargeplane.ocpp.errors import ErrorCode, LocalError, OcppError, RemoteError
from chargeplane.ocpp.soap import Envelope, Fault, Service, fault_envelope, response_envelope
from chargeplane.ocpp.wire import Request, Response
from chargeplane.runtime.store import new_id, storable
from chargeplane.runtime.store.frames import Direction, Shot

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Answer", "SoapConversation", "fault_answer", "new_message_id"]


class Answer(NamedTuple):
    """The body of an HTTP response and its status."""

    body: bytes
    status: int


class _Turn(NamedTuple):
    """A message that waits for its turn or is in hand."""

    frame_id: UUID
    received_at: datetime
    letter: Letter
    mark: int
    answer: asyncio.Future[Answer]

    @property
    def message_id(self) -> str | None:
        return self.letter.envelope.message_id

    @property
    def name(self) -> str:
        """Its id for the flight recorder: many stations send none, and yet it has an answer."""
        return self.message_id or f"urn:uuid:{self.frame_id}"


class _Kept(NamedTuple):
    """An answer that may be asked for once more."""

    mark: int
    answer: Answer


def new_message_id() -> str:
    """An id for a message of ours."""
    return f"urn:uuid:{new_id()}"


def fault_answer(error: OcppError | Fault, envelope: Envelope | None = None) -> Answer:
    """The answer that says no, in the version of the request as far as that is known."""
    fault = error if isinstance(error, Fault) else Fault.of(error)
    body = fault_envelope(
        error,
        relates_to=envelope.message_id if envelope else None,
        message_id=new_message_id(),
        version=envelope.version if envelope else None,
        service=envelope.service if envelope else None,
        to=envelope.reply_to if envelope else None,
    )
    return Answer(body, fault.http_status)


class SoapConversation:
    """Hears a station, answers it, and knows where it listens."""

    def __init__(self, host: Host, station: Station) -> None:
        """Nothing was heard yet."""
        self._host = host
        self.station = station
        self.address: str | None = None
        """Where the station says that it listens; nobody has checked it yet."""
        self.heard_at_s = host.clock.monotonic_s()
        self.has_ended = False
        self.calls_waiting = 0
        self.calling = asyncio.Lock()
        """Held by the one request that we have under way."""
        self.first_answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the first request that was heard has its answer; cancelled at the end."""
        self._in_hand: _Turn | None = None
        self._waiting: deque[_Turn] = deque()
        self._kept: dict[str, _Kept] = {}

    @property
    def silence_s_max(self) -> float:
        """So long it may be silent before it counts as gone."""
        return max(2.0 * self.station.heartbeat_interval_s, 600.0)

    def hear(self, letter: Letter, frame_id: UUID, received_at: datetime) -> asyncio.Future[Answer]:
        """Take a request of the station. The future is shared with its repetitions: shield it."""
        self.is_alive(received_at)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        turn = _Turn(frame_id, received_at, letter, _mark(letter.envelope), answer)
        try:
            earlier = self._earlier(turn)
        except RemoteError as error:
            self._refuse(turn, error)
            return answer
        if earlier is not None:
            self._host.meter.ignored()
            self._record(turn)
            return earlier
        limits = self._host.limits
        if len(self._waiting) >= limits.requests_waiting_max:
            reason = "too many requests wait for their answers"
            self._refuse(turn, RemoteError(ErrorCode.GENERIC_ERROR, reason))
            return answer
        self._waiting.append(turn)
        self._go_on()
        return answer

    def is_alive(self, now: datetime) -> None:
        """It was heard."""
        self.heard_at_s = self._host.clock.monotonic_s()
        self._host.seen(self.station, now)

    # Repetitions ----------------------------------------------------------------------------

    def _earlier(self, turn: _Turn) -> asyncio.Future[Answer] | None:
        """The answer to a message that was heard before, also if it is still to come.

        Raises:
            RemoteError: its id stood on another message.
        """
        message_id = turn.message_id
        if not message_id:
            return None
        for each in (self._in_hand, *self._waiting):
            if each is not None and each.message_id == message_id:
                if each.mark != turn.mark:
                    raise _reused()
                return each.answer
        kept = self._kept.get(message_id)
        if kept is None:
            return None
        if kept.mark == turn.mark:
            self._say(turn, kept.answer)
            return turn.answer
        if not self._host.tolerance.allows("message-id-reused"):
            raise _reused()
        return None

    def _keep(self, turn: _Turn, answer: Answer) -> None:
        if not turn.message_id:
            return
        self._kept.pop(turn.message_id, None)
        self._kept[turn.message_id] = _Kept(turn.mark, answer)
        if len(self._kept) > self._host.limits.answers_kept_max:
            del self._kept[next(iter(self._kept))]

    # One after the other --------------------------------------------------------------------

    def _go_on(self) -> None:
        while self._in_hand is None and self._waiting and not self.has_ended:
            turn = self._waiting.popleft()
            try:
                heard = self._heard(turn)
            except RemoteError as error:
                self._refuse(turn, error)
                continue
            self._in_hand = turn
            self._record(turn)
            self._host.dispatcher.hear(heard, self._done(turn))

    def _heard(self, turn: _Turn) -> Heard:
        """The message in the newest version of its family.

        Raises:
            RemoteError: it cannot be read.
        """
        envelope = turn.letter.envelope
        request, repairs = message_of(envelope, self._host.tolerance)
        assert isinstance(request, Request)
        for name in oddities(envelope, repairs):
            self._host.repaired(self.station, name, turn.received_at, turn.frame_id)
        return Heard(
            self.station,
            lifted(request, turn.received_at),
            turn.frame_id,
            turn.received_at,
            turn.message_id or "",
            repairs,
        )

    def _done(self, turn: _Turn) -> Callable[[Decision | OcppError], None]:
        def done(decision: Decision | OcppError) -> None:
            if self.has_ended:
                return
            self._in_hand = None
            self._settle(turn, decision)
            if not self.first_answered.done():
                self.first_answered.set_result(None)
            self._go_on()

        return done

    def _settle(self, turn: _Turn, decision: Decision | OcppError) -> None:
        error: OcppError
        if isinstance(decision, OcppError):
            error = decision
        else:
            try:
                answer = self._written(turn, decision)
            except LocalError as fault:
                self._host.fault(self.station, fault)
                error = fault
            else:
                self._keep(turn, answer)
                self._say(turn, answer)
                return
        # Not kept: the reason may be gone when the station asks again.
        self._say(turn, fault_answer(error, turn.letter.envelope))

    def _written(self, turn: _Turn, decision: Decision) -> Answer:
        response = lowered(decision.response, self.station.version)
        assert isinstance(response, Response)
        body = response_envelope(
            response,
            service=Service.CENTRAL_SYSTEM,
            relates_to=turn.message_id,
            message_id=new_message_id(),
            to=turn.letter.envelope.reply_to,
        )
        return Answer(body, 200)

    def _refuse(self, turn: _Turn, error: RemoteError) -> None:
        """Answer what cannot be served with a fault."""
        self._host.meter.malformed(error.code)
        self._record(turn)
        self._say(turn, fault_answer(error, turn.letter.envelope))

    def _say(self, turn: _Turn, answer: Answer) -> None:
        turn.answer.set_result(answer)
        now = self._host.clock.now()
        self.record(Direction.SENT, new_id(), now, answer.body.decode(), turn.name)

    # The flight recorder --------------------------------------------------------------------

    def _record(self, turn: _Turn) -> None:
        at, text = turn.received_at, turn.letter.text
        self.record(Direction.RECEIVED, turn.frame_id, at, text, turn.name)

    def record(
        self, direction: Direction, id_: UUID, at: datetime, text: str, message_id: str
    ) -> None:
        """Put a frame into the tray; an answer under the id of what it relates to, as in JSON."""
        station, tray = self.station, self._host.tray
        name, text = storable(message_id), storable(redacted(text))
        shot = Shot(id_, direction, at, station.epoch, name, text)
        tray.record(tray.place_of(station.id), station, shot)

    def end(self) -> None:
        """Nothing counts any more that comes from here; whoever waits is told so."""
        if self.has_ended:
            return
        self.has_ended = True
        left = [self._in_hand, *self._waiting]
        self._in_hand = None
        self._waiting.clear()
        if not self.first_answered.done():
            self.first_answered.cancel()
        error = LocalError(ErrorCode.INTERNAL_ERROR, "the station speaks otherwise now")
        for turn in left:
            if turn is not None:
                turn.answer.set_result(fault_answer(error, turn.letter.envelope))


def _reused() -> RemoteError:
    reason = "the MessageID was used before, with other content"
    return RemoteError(ErrorCode.RPC_FRAMEWORK_ERROR, reason)


def _mark(envelope: Envelope) -> int:
    """What a message is recognised by; the headers may differ."""
    assert envelope.action is not None
    return hash((envelope.version, envelope.action.name, repr(envelope.payload)))
