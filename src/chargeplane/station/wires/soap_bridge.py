"""OCPP-S for a station that thinks in frames: CALLs become envelopes, envelopes become CALLs.

So the one conversation of ``Peer`` serves both transports. No sockets here: bytes in, bytes out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from msgspec import Raw

from chargeplane.ocpp import soap
from chargeplane.ocpp.catalogue import Action, find
from chargeplane.ocpp.codec import build, encode
from chargeplane.ocpp.errors import ErrorCode, OcppError, RemoteError
from chargeplane.ocpp.frames import write
from chargeplane.ocpp.soap import Service
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request, Response

__all__ = ["Answer", "Echo", "Post", "SoapBridge"]

REQUESTS_MAX = 32
"""Requests of the central system that are being answered."""


@dataclass(frozen=True, slots=True)
class Post:
    """A request of the station, to be posted."""

    message_id: str
    action: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request of the central system."""

    message_id: str
    body: bytes
    is_fault: bool = False


@dataclass(frozen=True, slots=True)
class Echo:
    """A frame that SOAP cannot say; this is what the station hears instead of an answer."""

    text: str


@dataclass(frozen=True, slots=True)
class _Owed:
    action: Action
    wsa_id: str | None
    reply_to: str | None


class SoapBridge:
    """Translates for one station."""

    def __init__(self, identity: str, version: Version, to: str, new_id: Callable[[], str]) -> None:
        """Args: the station, what it speaks, where the central system is, what makes ids."""
        self._identity = identity
        self._version = version
        self._to = to
        self._new_id = new_id
        self._owed: dict[str, _Owed] = {}
        self.from_address: str | None = None
        """Where the station listens; known when it does."""

    def outgoing(self, text: str) -> Post | Answer | Echo | None:
        """What a frame of the station becomes; None for one that has no place in SOAP."""
        frame = json.loads(text)
        match frame:
            case [2, str(message_id), str(name), payload]:
                return self._post(message_id, name, payload)
            case [3, str(message_id), payload] if message_id in self._owed:
                return self._answer(message_id, payload)
            case [4, str(message_id), str(code), str(description), _] if message_id in self._owed:
                known = ErrorCode.of_wire(code) or ErrorCode.GENERIC_ERROR
                return self._fault(message_id, RemoteError(known, description))
        return None

    def _post(self, message_id: str, name: str, payload: Any) -> Post | Echo:
        action = find(self._version, name)
        try:
            if action is None:
                raise RemoteError(ErrorCode.NOT_IMPLEMENTED, f"no action {name}")
            request = build(action.request, payload)
            assert isinstance(request, Request)
            body = soap.request_envelope(
                request,
                service=Service.CENTRAL_SYSTEM,
                charge_box_identity=self._identity,
                message_id=f"urn:uuid:{message_id}",
                to=self._to,
                from_address=self.from_address,
            )
        except OcppError as error:
            return Echo(self._error(message_id, error))
        return Post(message_id, f"/{name}", body)

    def answered(self, message_id: str, body: bytes, content_encoding: str | None) -> str:
        """The frame that an answer to a ``Post`` stands for."""
        try:
            message = soap.parse_envelope(body, content_encoding).message()
        except OcppError as error:
            return self._error(message_id, error)
        if not isinstance(message, Response):
            wrong = RemoteError(ErrorCode.PROTOCOL_ERROR, "a request is no answer")
            return self._error(message_id, wrong)
        return write(3, message_id, Raw(encode(message)))

    def requested(self, body: bytes, content_encoding: str | None) -> tuple[str, str] | Answer:
        """The frame and message id that a request of the central system stands for, or a fault."""
        message_id = self._new_id()
        try:
            envelope = soap.parse_envelope(body, content_encoding)
            message = envelope.message()
            action = envelope.action
            if not isinstance(message, Request) or action is None:
                raise RemoteError(ErrorCode.PROTOCOL_ERROR, "an answer is no request")
            if action.version is not self._version or len(self._owed) >= REQUESTS_MAX:
                raise RemoteError(ErrorCode.NOT_SUPPORTED, f"this is OCPP {self._version}")
        except OcppError as error:
            return Answer(message_id, self._fault_body(error, None), is_fault=True)
        self._owed[message_id] = _Owed(action, envelope.message_id, envelope.reply_to)
        return write(2, message_id, action.name, Raw(encode(message))), message_id

    def forget(self, message_id: str) -> None:
        """Nobody waits for this answer any more."""
        self._owed.pop(message_id, None)

    def _answer(self, message_id: str, payload: Any) -> Answer:
        owed = self._owed[message_id]
        assert owed.action.response is not None  # 1.x has no SEND
        try:
            response = build(owed.action.response, payload)
            assert isinstance(response, Response)
            body = soap.response_envelope(
                response,
                service=Service.CHARGE_POINT,
                relates_to=owed.wsa_id,
                message_id=f"urn:uuid:{self._new_id()}",
                to=owed.reply_to,
            )
        except OcppError as error:
            return self._fault(message_id, error)
        del self._owed[message_id]
        return Answer(message_id, body)

    def _fault(self, message_id: str, error: OcppError) -> Answer:
        owed = self._owed.pop(message_id)
        return Answer(message_id, self._fault_body(error, owed.wsa_id), is_fault=True)

    def _fault_body(self, error: OcppError, relates_to: str | None) -> bytes:
        return soap.fault_envelope(
            error,
            relates_to=relates_to,
            message_id=f"urn:uuid:{self._new_id()}",
            version=self._version,
            service=Service.CHARGE_POINT,
        )

    def _error(self, message_id: str, error: OcppError) -> str:
        code = error.code.on_wire(self._version)
        return write(4, message_id, code, error.description, {})
