"""From the action and payload of a frame to a typed message, repaired where that is allowed.

The decoder of an action is made when the action is first seen. A payload that it refuses is
repaired if ``tolerance`` can, and otherwise refused with the code and the path of its fault.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from chargeplane.ocpp.catalogue import Action, actions
from chargeplane.ocpp.codec import CallDecoder, build, call_decoder, decode
from chargeplane.ocpp.errors import ErrorCode, RemoteError
from chargeplane.ocpp.evident import evident
from chargeplane.ocpp.frames import Call, Send
from chargeplane.ocpp.tolerance import Repair, Tolerance
from chargeplane.ocpp.versions import Kind, Role, Version
from chargeplane.ocpp.wire import Message, Request, Response

if TYPE_CHECKING:
    from chargeplane.ocpp.signing import Unwrapped

__all__ = ["Understood", "request_of", "response_of", "usual_calls"]

M = TypeVar("M", bound=Message)
Repairs = tuple[Repair, ...]


UsualCalls = dict[str, tuple[Action, CallDecoder, Callable[[object], bool]]]


@cache
def usual_calls(version: Version, sender: Role) -> UsualCalls:
    """Action name, in JSON -> (action, decoder of the whole CALL, test of answers: ``evident``).

    Of the CALLs that one end may send. Shared by all conversations, and filled by ``request_of``
    when an action is first seen: a program pays for the actions it meets. Each stands there twice,
    since many programs write a blank behind a comma.
    """
    return {}


@dataclass(frozen=True, slots=True)
class Understood(Generic[M]):
    """A message, and what had to be done to read it."""

    message: M
    repairs: Repairs
    signed: Unwrapped | None = None
    """The signature that the message came in (2.x), which nobody has verified yet."""


def request_of(
    frame: Call | Send, version: Version, sender: Role, tolerance: Tolerance
) -> tuple[Action, Understood[Request]]:
    """The request in a frame.

    Raises:
        RemoteError: the action is not known, may not be sent by this end or in this kind of
            frame, or its payload is wrong beyond repair.
    """
    name, payload, signed = frame.action, frame.payload, None
    if name.endswith("-Signed") and version.newest_of_family is Version.V2_1:
        name, payload, signed = _unwrap(name, payload)
    action, repairs = _action(name, version, tolerance)
    kind = Kind.CALL if isinstance(frame, Call) else Kind.SEND
    if action.kind is not kind:
        raise RemoteError(
            ErrorCode.NOT_SUPPORTED, f"{action.version} {action.name} is not sent as a {kind}"
        )
    if not action.may_be_sent_by(sender):
        raise RemoteError(
            ErrorCode.NOT_SUPPORTED, f"{action.version} {action.name} is not for a {sender} to send"
        )
    usual = usual_calls(version, sender)
    # A foreign one is never usual: each needs a repair that is told, or is refused by the strict.
    is_ours = action.version is version
    if is_ours and action.response is not None and f'"{action.name}"' not in usual:
        found = (action, call_decoder(action.request), evident(action.response))
        usual |= {f'"{action.name}"': found, f' "{action.name}"': found}
    try:
        request, more = _message(action.request, payload, tolerance)
    except RemoteError:
        related = tolerance.relative(action, _parsed(payload))
        if related is None:
            raise
        action, repairs = related[0], (*repairs, related[1])
        request, more = _message(action.request, payload, tolerance)
    return action, Understood(request, repairs + more, signed)


def response_of(
    asked: type[Response], payload: msgspec.Raw, version: Version, tolerance: Tolerance
) -> Understood[Response]:
    """The response in a payload.

    Raises:
        RemoteError: the payload is wrong beyond repair.
    """
    try:
        return Understood(decode(asked, payload), ())
    except RemoteError:
        signed = None
        # The standard does not say how a signed answer is marked; it shows by its members.
        if version.newest_of_family is Version.V2_1 and b'"signature"' in bytes(payload):
            _, payload, signed = _unwrap(None, payload)
        response, repairs = _message(asked, payload, tolerance)
        return Understood(response, repairs, signed)


def _unwrap(action: str | None, payload: msgspec.Raw) -> tuple[str, msgspec.Raw, Unwrapped]:
    """Take a message out of its signature, which must be possible without the key (Part 4, 7.2)."""
    # Only who meets a signature pays for the import of the cryptography.
    from chargeplane.ocpp.signing import unwrap  # noqa: PLC0415

    signed = unwrap(action, _parsed(payload))
    return signed.action or "", msgspec.Raw(signed.payload_json), signed


def _action(name: str, version: Version, tolerance: Tolerance) -> tuple[Action, Repairs]:
    action = actions(version).get(name)
    if action is not None:
        return action, ()
    meant = tolerance.action(version, name)
    if meant is None:
        raise RemoteError(ErrorCode.NOT_IMPLEMENTED, f"OCPP {version} has no action {name[:50]!r}")
    return meant[0], (meant[1],)


def _message(expected: type[M], payload: msgspec.Raw, tolerance: Tolerance) -> tuple[M, Repairs]:
    try:
        return decode(expected, payload), ()
    except RemoteError:
        repaired = tolerance.payload(expected, _parsed(payload))
        if repaired is None:
            raise
    return build(expected, repaired[0]), repaired[1]


def _parsed(payload: msgspec.Raw) -> Any:
    """The payload as plain data. An empty one may be null (1.6-J 4.2; 2.x Part 4, 4.2)."""
    parsed = msgspec.json.decode(payload)
    return {} if parsed is None else parsed
