"""The slow reading of a frame that breaks a rule: what is it, can it be repaired, whom to tell.

``Peer`` comes here only when the fast decoder has refused a frame.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Raw

from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.frames import (
    MESSAGE_ID_LENGTH_MAX,
    Call,
    CallError,
    CallResult,
    CallResultError,
    Frame,
    Rules,
    Send,
)
from chargeplane.ocpp.tolerance import Repair, Tolerance

__all__ = ["Reading", "Unreadable", "read", "unread"]

_ELEMENTS = {Call: 4, CallResult: 3, CallError: 5, CallResultError: 5, Send: 4}
_TYPES: dict[int, type[Frame]] = {
    2: Call,
    3: CallResult,
    4: CallError,
    5: CallResultError,
    6: Send,
}
_BEGINNING = re.compile(r'\s*\[\s*(\d{1,3})\s*,\s*(?:"([ -!#-\[\]-~]{1,36})"\s*[,\]])?')


@dataclass(frozen=True, slots=True)
class Reading:
    """A frame that could be read, perhaps after repairs."""

    frame: Frame
    wire_id: str | int
    """The message id as it stood on the wire."""
    repairs: tuple[Repair, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A frame that could not be read, and as much as is known of it."""

    code: ErrorCode
    reason: str
    type: int | None = None
    message_id: str | None = None


class _Fault(Exception):
    def __init__(self, code: ErrorCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def unread(text: str, code: ErrorCode, reason: str) -> Unreadable:
    """What the beginning of a text says about a frame that is not, or cannot be, parsed."""
    found = _BEGINNING.match(text[:256])
    if found is None:
        return Unreadable(code, reason)
    return Unreadable(code, reason, int(found[1]), found[2])


def read(text: str, rules: Rules, tolerance: Tolerance) -> Reading | Unreadable:
    """Read a frame as far as it goes. Total: never raises."""
    repairs: list[Repair] = []
    try:
        elements = _parse(text, tolerance, repairs)
    except _Fault as fault:
        return unread(text, fault.code, fault.reason)
    number, message_id = None, None
    try:
        number, kind = _type(elements, rules)
        wire_id = _wire_id(elements, tolerance, repairs)
        message_id = str(wire_id)
        frame = _frame(kind, message_id, elements, tolerance, repairs)
    except _Fault as fault:
        if number is None and elements and isinstance(elements, list):
            number = elements[0] if isinstance(elements[0], int) else None
            message_id = _plain_id(elements)
        return Unreadable(fault.code, fault.reason, number, message_id)
    return Reading(frame, wire_id, tuple(repairs))


def _parse(text: str, tolerance: Tolerance, repairs: list[Repair]) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        repaired = tolerance.text(text)
        if repaired is None:
            raise _Fault(ErrorCode.FORMAT_VIOLATION, f"not JSON: {error}") from error
    repairs += repaired[1]
    return msgspec.json.decode(repaired[0])


def _type(elements: Any, rules: Rules) -> tuple[int, type[Frame]]:
    if not isinstance(elements, list) or not elements:
        raise _Fault(ErrorCode.RPC_FRAMEWORK_ERROR, "a frame is a JSON array with elements")
    number = elements[0]
    kind = _TYPES.get(number) if type(number) is int else None
    if kind is None or kind not in rules.frames:
        raise _Fault(
            ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED,
            f"OCPP {rules.version} has no message type {_short(number)}",
        )
    return number, kind


def _plain_id(elements: list[Any]) -> str | None:
    """The id of a frame of unknown type, if its second element looks like one."""
    candidate = elements[1] if len(elements) > 1 else None
    if isinstance(candidate, str) and 0 < len(candidate) <= MESSAGE_ID_LENGTH_MAX:
        return candidate
    return None


def _wire_id(elements: list[Any], tolerance: Tolerance, repairs: list[Repair]) -> str | int:
    wire_id = elements[1] if len(elements) > 1 else None
    if type(wire_id) is int and tolerance.allows("message-id-number"):
        repairs.append(Repair("message-id-number", "$[1]", wire_id, str(wire_id)))
        return wire_id
    if not isinstance(wire_id, str) or not wire_id:
        raise _Fault(
            ErrorCode.RPC_FRAMEWORK_ERROR,
            f"the message id {_short(wire_id)} is not a string with 1 to 36 characters",
        )
    if len(wire_id) > MESSAGE_ID_LENGTH_MAX:
        if not tolerance.allows("message-id-long"):
            raise _Fault(
                ErrorCode.RPC_FRAMEWORK_ERROR, "the message id is longer than 36 characters"
            )
        repairs.append(Repair("message-id-long", "$[1]", wire_id, wire_id))
    return wire_id


def _frame(
    kind: type[Frame],
    message_id: str,
    elements: list[Any],
    tolerance: Tolerance,
    repairs: list[Repair],
) -> Frame:
    count = _ELEMENTS[kind]
    given = len(elements)
    if given > count and tolerance.allows("extra-frame-elements"):
        repairs.append(Repair("extra-frame-elements", "$", given, count))
        elements = elements[:count]
    elif given == count - 1 and kind in (Call, Send) and tolerance.allows("missing-payload"):
        repairs.append(Repair("missing-payload", f"$[{count - 1}]", None, {}))
        elements = [*elements, {}]
    elif kind in (CallError, CallResultError) and 2 <= given < count:
        elements = _complete_error(elements, tolerance, repairs)
    if len(elements) != count:
        raise _Fault(
            ErrorCode.RPC_FRAMEWORK_ERROR,
            f"a {kind.__name__.upper()} has {count} elements, not {given}",
        )
    return _build(kind, message_id, elements)


def _complete_error(elements: list[Any], tolerance: Tolerance, repairs: list[Repair]) -> list[Any]:
    if not tolerance.allows("incomplete-error"):
        return elements
    full = [*elements, *(str(ErrorCode.GENERIC_ERROR), "", {})[len(elements) - 2 :]]
    repairs.append(Repair("incomplete-error", "$", len(elements), len(full)))
    return full


def _build(kind: type[Frame], message_id: str, elements: list[Any]) -> Frame:
    if kind is CallResult:
        return CallResult(message_id, _raw(elements[2]))
    if not isinstance(elements[2], str):
        raise _Fault(
            ErrorCode.RPC_FRAMEWORK_ERROR,
            f"the third element {_short(elements[2])} is not a string",
        )
    if kind in (Call, Send):
        return (Call if kind is Call else Send)(message_id, elements[2], _raw(elements[3]))
    description = elements[3] if isinstance(elements[3], str) else _short(elements[3])
    details = elements[4] if isinstance(elements[4], dict) else {}
    error = CallError if kind is CallError else CallResultError
    return error(message_id, elements[2], description, details)


def _raw(payload: Any) -> Raw:
    """An empty payload may be written as null (1.6-J 4.2; 2.x Part 4, 4.2)."""
    return Raw(msgspec.json.encode({} if payload is None else payload))


def _short(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 40 else f"{text[:37]}..."
