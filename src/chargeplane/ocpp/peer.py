"""One conversation, seen from one end, as a state machine without sockets and without a clock.

Text and the current time go in; events for the owner and text for the wire come out:

    events = peer.receive(text, now)
    for event in events:
        if isinstance(event, Called):
            events += peer.answer(event.message_id, respond(event.request))
    for text in peer.outgoing():
        await websocket.send(text)

Both ends use this class and obey the same rules. In each direction at most one CALL is open
(2.x Part 4, 4.1.1): our further requests wait in ``asking``; their further ones, which they should
not have sent, wait until the one in hand is answered, and so answering may return the next. What
differs between versions stands in ``frames.RULES``.

``now`` is any clock that only runs forward, in seconds. No method raises for what the other end
sent; ``LocalError`` is for our own mistakes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any
from uuid import uuid4

import msgspec
from msgspec import Raw

from chargeplane.ocpp.asking import Asked, Asking
from chargeplane.ocpp.catalogue import Action, action_of
from chargeplane.ocpp.codec import encode, encode_evident, result_decoder
from chargeplane.ocpp.errors import ErrorCode, LocalError, RemoteError
from chargeplane.ocpp.events import (
    Answered,
    Called,
    Event,
    Failed,
    Ignored,
    Malformed,
    Refused,
    ResultRefused,
    Sent,
    Stray,
)
from chargeplane.ocpp.evident import evident
from chargeplane.ocpp.frames import (
    RULES,
    Call,
    CallError,
    CallResult,
    CallResultError,
    Limits,
    Send,
    UnknownType,
    too_deep,
    write,
)
from chargeplane.ocpp.payloads import request_of, response_of, usual_calls
from chargeplane.ocpp.reading import Reading, Unreadable, read, unread
from chargeplane.ocpp.tolerance import TOLERANT, Repair, Tolerance
from chargeplane.ocpp.versions import Kind, Role, Version
from chargeplane.ocpp.wire import Request, Response

__all__ = ["Peer"]

_READ_ERRORS = (msgspec.MsgspecError, ValueError, RecursionError)

Mark = int
"""What a text is recognised by: its hash, so that the text need not be kept."""
_mark = hash


class Peer:
    """One end of one connection."""

    def __init__(
        self,
        version: Version,
        role: Role,
        *,
        tolerance: Tolerance = TOLERANT,
        limits: Limits | None = None,
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        """Start a conversation.

        Args:
            version: what was negotiated.
            role: which end we are.
            tolerance: the repairs that may be made to what comes in; ``STRICT`` makes none.
            limits: sizes and times; see ``Limits``.
            new_id: makes the ids of our requests. They must be unique over all connections of
                the station (1.6-J errata; 2.x Part 4, 4.1.4); the default makes random UUIDs.
        """
        self.version = version
        self.role = role
        self.rules = RULES[version]
        self.limits = limits or Limits()
        self.tolerance = tolerance
        self._new_id = new_id
        self._decode = self.rules.decode
        self._usual = usual_calls(version, role.other)
        self._closed = False
        # Up to here a text is short and cannot be too deep.
        self._unchecked_max = min(self.limits.depth_max, self.limits.frame_size_max)
        self._answers_kept_max = self.limits.answers_kept_max
        self._texts: list[str] = []
        self._asking = Asking(self.limits)
        # Their request in hand, its id as it stood on the wire, and the mark of its text.
        self._owed: Called | None = None
        self._owed_id: str | int = ""
        self._evident: Callable[[object], bool]  # whether its answer needs no check; set with it
        self._owed_mark: Mark = 0
        self._requests: list[tuple[Reading, str]] = []
        # Answers to repeat, by message id: (mark of the request, answer), in two generations.
        self._answers: dict[str, tuple[Mark, str]] = {}
        self._older_answers: dict[str, tuple[Mark, str]] = {}

    @property
    def has_outgoing(self) -> bool:
        """Whether ``outgoing`` has something to give."""
        return bool(self._texts)

    def outgoing(self) -> list[str]:
        """The texts to send now, in order; each is given once."""
        texts, self._texts = self._texts, []
        return texts

    # What comes in -------------------------------------------------------------------------

    def receive(self, text: str, now: float) -> list[Event]:
        """Take one frame; the events that it causes.

        Never raises for what is in ``text``. Take ``outgoing`` afterwards.
        """
        if len(text) > self._unchecked_max:
            unfit = self._unfit(text, now)
            if unfit is not None:
                return unfit
        try:
            # The usual case in full, for speed: a correct new CALL, and no other one in hand. The
            # third word selects a decoder, which accepts no text with another action.
            kind = text[1]
            if kind == "2" and self._owed is None:
                action, decode, self._evident = self._usual[text.split(",", 3)[2]]
                _, message_id, _, request = decode(text)
                if message_id not in self._answers and message_id not in self._older_answers:
                    self._owed = called = Called(message_id, action, request)
                    self._owed_id = message_id
                    self._owed_mark = _mark(text)
                    return [called]
            elif kind == "3" and (asked := self._asking.open) is not None:
                # And the other usual case: a correct answer to what was asked last.
                _, message_id, response = result_decoder(asked.response)(text)
                if message_id == asked.message_id:
                    self._settle_asked(message_id, now)
                    return [Answered(message_id, asked.request, response)]
            frame = self._decode(text)
        except (LookupError, RemoteError, *_READ_ERRORS):
            return self._receive_slowly(text, now)
        return self._dispatch(Reading(frame, frame.message_id, ()), text, now)

    def _unfit(self, text: str, now: float) -> list[Event] | None:
        """Refuse a frame unread, by its size and depth."""
        limits = self.limits
        if self._closed:
            return [Ignored("the conversation has ended", text)]
        if len(text) > limits.frame_size_max:
            reason = f"the frame is longer than {limits.frame_size_max} characters"
        elif too_deep(text, limits.depth_max):
            reason = f"the frame nests deeper than {limits.depth_max}"
        else:
            return None
        frame = unread(text, ErrorCode.RPC_FRAMEWORK_ERROR, reason)
        return self._on_unreadable(frame, text, now)

    def _receive_slowly(self, text: str, now: float) -> list[Event]:
        text = text.encode("utf-8", "replace").decode()  # no lone surrogates in what we quote
        reading = read(text, self.rules, self.tolerance)
        if isinstance(reading, Unreadable):
            return self._on_unreadable(reading, text, now)
        return self._dispatch(reading, text, now)

    def _dispatch(self, reading: Reading, text: str, now: float) -> list[Event]:
        frame = reading.frame
        match frame:
            case Call():
                return self._on_call(frame, reading, text)
            case CallResult():
                return [self._on_result(frame, reading.repairs, text, now)]
            case CallError(message_id, code, description, details):
                asked, late = self._settle_asked(message_id, now)
                if asked is None:
                    return [Stray(message_id, text)]
                return [Refused(message_id, asked.request, code, description, details, late)]
            case CallResultError(message_id, code, description, details):
                return [ResultRefused(message_id, code, description, details)]
            case Send():
                return [self._on_send(frame, reading.repairs, text)]

    def _on_unreadable(self, frame: Unreadable, text: str, now: float) -> list[Event]:
        rules = self.rules
        asked = self._asking.open
        if frame.type in (3, 4) and asked is not None and asked.message_id == frame.message_id:
            # A broken answer still ends the request that it answers.
            self._settle_asked(asked.message_id, now)
            return [self._fail(asked, RemoteError(frame.code, frame.reason), frame.type)]
        unknown_type = frame.code is ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED
        if unknown_type and rules.unknown_type is UnknownType.IGNORE:
            return [Ignored(frame.reason, text)]
        message_id = frame.message_id or rules.unreadable_id
        # An answer or a SEND is never answered with a CALLERROR, however broken it is.
        if message_id is not None and (unknown_type or frame.type in (None, 2)):
            self._texts.append(self._error_text(4, message_id, frame.code, frame.reason))
        return [Malformed(frame.message_id, frame.code, frame.reason, text)]

    # Their requests and our answers --------------------------------------------------------

    def _on_call(self, frame: Call, reading: Reading, text: str) -> list[Event]:
        message_id = frame.message_id
        kept = self._answers.get(message_id) or self._older_answers.get(message_id)
        if kept is not None:
            if kept[0] == _mark(text):
                self._texts.append(kept[1])
                return [Ignored("a repeated request; its answer was sent again", text, True)]
            if not self.tolerance.allows("message-id-reused"):
                return [self._refuse_reuse(reading, text)]
        if self._owed is None:
            return [self._take_up(reading, text)]
        in_hand = {self._owed.message_id: self._owed_mark}
        in_hand |= {other.frame.message_id: _mark(text) for other, text in self._requests}
        if message_id in in_hand:
            if in_hand[message_id] == _mark(text):
                return [Ignored("a repeated request; its answer is coming", text, True)]
            return [self._refuse_reuse(reading, text)]
        if len(self._requests) >= self.limits.requests_waiting_max:
            reason = "too many requests wait for their answers"
            return [self._refuse_call(reading, text, RemoteError(ErrorCode.GENERIC_ERROR, reason))]
        self._requests.append((reading, text))
        return []

    def _take_up(self, reading: Reading, text: str) -> Event:
        """Hand a request to the owner, who from now on owes an answer."""
        frame = reading.frame
        assert isinstance(frame, Call)
        try:
            action, found = request_of(frame, self.version, self.role.other, self.tolerance)
        except RemoteError as error:
            return self._refuse_call(reading, text, error)
        repairs = reading.repairs + found.repairs
        called = Called(frame.message_id, action, found.message, repairs, found.signed)
        self._owed = called
        assert action.response is not None
        self._evident = evident(action.response)
        self._owed_id = reading.wire_id
        self._owed_mark = _mark(text)
        return called

    def _refuse_reuse(self, reading: Reading, text: str) -> Event:
        reason = f"the message id {reading.wire_id} was used before, with other content"
        return self._refuse_call(reading, text, RemoteError(ErrorCode.RPC_FRAMEWORK_ERROR, reason))

    def _refuse_call(self, reading: Reading, text: str, error: RemoteError) -> Event:
        self._texts.append(
            self._error_text(4, reading.wire_id, error.code, error.description, error.details)
        )
        return Malformed(reading.frame.message_id, error.code, error.description, text)

    def answer(self, message_id: str, response: Response) -> list[Event]:
        """Answer the request in hand; the next one, if it has waited.

        Raises:
            LocalError: no answer is owed for this id, the response is of another action, or it
                breaks its schema. The answer is then still owed.
        """
        owed = self._owed
        if owed is None or owed.message_id != message_id:
            raise self._not_owed(message_id)
        needs_no_check = self._evident  # to call an attribute directly takes longer
        if needs_no_check(response):
            text = encode_evident((3, self._owed_id, response)).decode()
        elif type(response) is owed.action.response:
            text = write(3, self._owed_id, Raw(encode(response)))
        else:
            name = f"{owed.action.version} {owed.action.name}"
            given = type(response).__name__
            raise LocalError(ErrorCode.INTERNAL_ERROR, f"{given} does not answer {name}")
        # ``_settle`` without its call: here every one counts.
        self._owed = None
        self._texts.append(text)
        self._answers[message_id] = (self._owed_mark, text)
        if len(self._answers) >= self._answers_kept_max:
            self._older_answers, self._answers = self._answers, {}
        return self._next_requests() if self._requests else []

    def refuse(
        self,
        message_id: str,
        code: ErrorCode,
        description: str = "",
        details: dict[str, Any] | None = None,
    ) -> list[Event]:
        """Answer the request in hand with a CALLERROR; the next one, if it has waited.

        Raises:
            LocalError: no answer is owed for this id.
        """
        if self._owed is None or self._owed.message_id != message_id:
            raise self._not_owed(message_id)
        text = self._error_text(4, self._owed_id, code, description, details)
        return self._settle(message_id, text)

    def _not_owed(self, message_id: str) -> LocalError:
        return LocalError(ErrorCode.INTERNAL_ERROR, f"no answer is owed for id {message_id}")

    def _settle(self, message_id: str, text: str) -> list[Event]:
        self._owed = None
        self._texts.append(text)
        self._answers[message_id] = (self._owed_mark, text)
        if len(self._answers) >= self._answers_kept_max:
            self._older_answers, self._answers = self._answers, {}
        return self._next_requests()

    def _next_requests(self) -> list[Event]:
        events: list[Event] = []
        while self._requests and self._owed is None:
            events.append(self._take_up(*self._requests.pop(0)))
        return events

    def _error_text(
        self,
        number: int,
        wire_id: str | int,
        code: ErrorCode,
        reason: str,
        details: dict[str, Any] | None = None,
    ) -> str:
        description = reason[: self.rules.description_length_max]
        return write(number, wire_id, code.on_wire(self.version), description, details or {})

    # Our requests and their answers --------------------------------------------------------

    def call(self, request: Request, now: float, message_id: str | None = None) -> str:
        """Ask. Sent at once if nothing is open, otherwise in turn.

        Args:
            request: of an action that this end may send in this version.
            now: starts the time within which the answer must come.
            message_id: only for a retry, which may keep its id (errata 2024-09, 2025-04).

        Returns:
            The message id, which the event that ends the request will carry.

        Raises:
            LocalError: the request may not be sent, breaks its schema, or the queue is full.
        """
        action = self._sendable(request, Kind.CALL)
        assert action.response is not None
        message_id = message_id or self._new_id()
        if evident(action.request)(request):
            text = encode_evident((2, message_id, action.name, request)).decode()
        else:
            text = write(2, message_id, action.name, Raw(encode(request)))
        self._texts += self._asking.add(Asked(message_id, request, action.response, text), now)
        return message_id

    def send(self, request: Request) -> str:
        """Tell without wanting an answer (SEND, 2.1). Needs no turn: may pass an open CALL.

        Raises:
            LocalError: the version or the action has no SEND, or the request breaks its schema.
        """
        action = self._sendable(request, Kind.SEND)
        message_id = self._new_id()
        self._texts.append(write(6, message_id, action.name, Raw(encode(request))))
        return message_id

    def _sendable(self, request: Request, kind: Kind) -> Action:
        action = action_of(type(request))
        if self._closed:
            reason = "the conversation has ended"
        else:
            reason = _why_unsendable(type(request), kind, self.version, self.role)
        if reason:
            name = f"{action.version} {action.name}"
            raise LocalError(ErrorCode.INTERNAL_ERROR, f"{name} cannot be sent: {reason}")
        return action

    def _settle_asked(self, message_id: str, now: float) -> tuple[Asked | None, bool]:
        """The request that an answer belongs to, and whether the answer is late."""
        asked, late, texts = self._asking.settle(message_id, now)
        self._texts += texts
        return asked, late

    def _on_result(
        self, frame: CallResult, repairs: tuple[Repair, ...], text: str, now: float
    ) -> Event:
        asked, late = self._settle_asked(frame.message_id, now)
        if asked is None:
            return Stray(frame.message_id, text)
        try:
            found = response_of(asked.response, frame.payload, self.version, self.tolerance)
        except RemoteError as error:
            return self._fail(asked, error, 3)
        repairs += found.repairs
        return Answered(asked.message_id, asked.request, found.message, repairs, late, found.signed)

    def _fail(self, asked: Asked, error: RemoteError, type_: int) -> Event:
        if type_ == 3 and self.rules.result_errors:
            self._texts.append(
                self._error_text(5, asked.message_id, error.code, error.description, error.details)
            )
        return Failed(asked.message_id, asked.request, error)

    def _on_send(self, frame: Send, repairs: tuple[Repair, ...], text: str) -> Event:
        try:
            action, found = request_of(frame, self.version, self.role.other, self.tolerance)
        except RemoteError as error:  # 2.1 Part 4: a SEND is never answered
            return Malformed(frame.message_id, error.code, error.description, text)
        repairs += found.repairs
        return Sent(frame.message_id, action, found.message, repairs, found.signed)

    # Time and the end ----------------------------------------------------------------------

    @property
    def deadline(self) -> float | None:
        """When ``expire`` must be called, on the clock of ``now``; None: nothing is open."""
        return self._asking.open.deadline if self._asking.open else None

    def expire(self, now: float) -> list[Event]:
        """Give up on the open request if its time is over, and send the next."""
        events, texts = self._asking.expire(now)
        self._texts += texts
        return [*events]

    def close(self) -> list[Event]:
        """The connection has ended: every request of ours that will not be answered."""
        self._closed = True
        self._unchecked_max = -1
        self._owed = None
        self._requests.clear()
        self._texts.clear()
        return [*self._asking.abandon()]


@cache
def _why_unsendable(request: type[Request], kind: Kind, version: Version, role: Role) -> str:
    """Empty: it may be sent."""
    action = action_of(request)
    if action.version is not version:
        return f"this is a conversation in {version}; see chargeplane.ocpp.family"
    if action.kind is not kind or request is not action.request:
        return f"it is not sent as a {kind}"
    if not action.may_be_sent_by(role):
        return f"it is not for a {role} to send"
    return ""
