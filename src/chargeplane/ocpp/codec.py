"""Payloads: JSON text <-> typed messages, with the verdict of the official schemas.

The fast way is one call into msgspec. Only a payload that it refuses is looked at again, by
``violations``, to name the error code and every fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cache, partial
from types import GenericAlias
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import inspect as shape

from chargeplane.ocpp.catalogue import action_of
from chargeplane.ocpp.errors import ErrorCode, LocalError, RemoteError
from chargeplane.ocpp.frames import MessageId
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.violations import Rule, Violation, type_info, violations
from chargeplane.ocpp.wire import Message, Request, Response, decode_custom

__all__ = [
    "CallDecoder",
    "ResultDecoder",
    "build",
    "call_decoder",
    "decode",
    "decoder",
    "encode",
    "encode_evident",
    "encode_unchecked",
    "name_of",
    "payload_of",
    "refusal",
    "result_decoder",
]

M = TypeVar("M", bound=Message)
Json = bytes | str | msgspec.Raw
CallDecoder = Callable[[str], tuple[int, str, str, Request]]
ResultDecoder = Callable[[str], tuple[int, str, Response]]

_encode = msgspec.json.Encoder(decimal_format="number").encode
_parse_json = msgspec.json.Decoder().decode
_parse_exactly = msgspec.json.Decoder(float_hook=Decimal).decode  # 16.1 stays 16.1
_POINT = ord(".")  # looked for as a number, which is ten times as fast as b"."
_SUBSECOND = re.compile(rb"T\d\d:\d\d:\d\d\.").search


_DECODERS: dict[type, Callable[[Json], Any]] = {}


def decoder(expected: type[M]) -> Callable[[Json], M]:
    """The fast half of ``decode``: raises msgspec's own errors, which name no code.

    Made when the type is first met, so that a program pays for the messages it uses.
    """
    found = _DECODERS.get(expected)
    if found is None:
        fast: msgspec.json.Decoder[M] = msgspec.json.Decoder(expected, dec_hook=decode_custom)
        found = partial(_decode_exactly, expected) if _exact(expected) else fast.decode
        _DECODERS[expected] = found
    return found


def call_decoder(expected: type[Request]) -> CallDecoder:
    """The text of a whole CALL -> its elements, in one pass, for one action.

    Any other text raises: RemoteError, or msgspec's own errors, which name no code.
    """
    return _frame_decoder((Literal[2], MessageId, Literal[action_of(expected).name]), expected)


@cache
def result_decoder(expected: type[Response]) -> ResultDecoder:
    """The text of a whole CALLRESULT -> its elements, in one pass, for one type of answer.

    Any other text raises, as with ``call_decoder``.
    """
    return _frame_decoder((Literal[3], MessageId), expected)


def _frame_decoder(head: tuple[Any, ...], expected: type[Message]) -> Callable[[str], Any]:
    """The text of a frame of these elements and a payload -> all of them."""
    if not _exact(expected):
        frame = GenericAlias(tuple, (*head, expected))
        return msgspec.json.Decoder(frame, dec_hook=decode_custom).decode
    split = msgspec.json.Decoder(GenericAlias(tuple, (*head, msgspec.Raw))).decode

    def decode_frame(text: str) -> tuple[Any, ...]:
        *begin, payload = split(text)
        return (*begin, _decode_exactly(expected, payload))

    return decode_frame


def _exact(expected: type[Message]) -> bool:
    """Whether it has limits that msgspec cannot state, so that every payload is walked."""
    return shape.DecimalType in _kinds(type_info(expected))


def _kinds(expected: shape.Type) -> set[type]:
    """The kinds of values that may occur in a type, at any depth."""
    match expected:
        case shape.StructType(fields=fields):
            return set().union(*(_kinds(field.type) for field in fields))
        case shape.ListType(item_type=inner) | shape.Metadata(type=inner):
            return _kinds(inner)
        case shape.UnionType(types=types):
            return _kinds(types[0])
        case _:
            return {type(expected)}


def decode(expected: type[M], payload: Json) -> M:
    """The message that a payload stands for.

    Args:
        expected: a request or response type, such as ``v21.BootNotificationRequest``.
        payload: JSON text.

    Raises:
        RemoteError: the payload is not JSON, or not what the schema allows; the description names
            version, action, every JSON path and rule.
    """
    try:
        message = decoder(expected)(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return build(expected, _parse(expected, payload))
    return message


def _decode_exactly(expected: type[M], payload: Json) -> M:
    return build(expected, _parse(expected, payload, _parse_exactly))


def build(expected: type[M], payload: Any) -> M:
    """The message that a parsed payload (dicts, lists, strings, numbers) stands for.

    Raises:
        RemoteError: as ``decode``.
    """
    faults = violations(payload, expected)
    draft_6 = faults and action_of(expected).version.newest_of_family is Version.V2_1
    if draft_6 and _make_integers(payload, faults):
        faults = violations(payload, expected)
    if faults:
        raise refusal(expected, faults)
    try:
        return msgspec.convert(payload, expected, dec_hook=decode_custom)
    except (msgspec.ValidationError, ValueError) as error:  # such as a number beyond any float
        raise RemoteError(
            ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, f"{name_of(expected)}: {error}"
        ) from error


def _parse(expected: type[M], payload: Json, parse: Callable[[Json], Any] = _parse_json) -> Any:
    try:
        return parse(payload)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise RemoteError(
            ErrorCode.FORMAT_VIOLATION, f"{name_of(expected)}: not JSON: {error}"
        ) from error


def _make_integers(payload: Any, faults: list[Violation]) -> bool:
    """The 2.x schemas are JSON Schema draft 6, for which 1.0 is an integer.

    Returns:
        Whether the payload has changed.
    """
    changed = False
    for fault in faults:
        value = fault.value
        if (
            fault.rule is Rule.TYPE
            and isinstance(fault.type, shape.IntType)
            and isinstance(value, float)
            and value.is_integer()
        ):
            parent = payload
            for part in fault.path[:-1]:
                parent = parent[part]
            parent[fault.path[-1]] = int(value)
            changed = True
    return changed


def refusal(expected: type[Message], faults: list[Violation]) -> RemoteError:
    """The error that answers these faults; the first one gives the code."""
    text = "; ".join(str(fault) for fault in faults[:5])
    more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
    details = {"violations": [str(fault) for fault in faults[:20]]}
    return RemoteError(faults[0].code, f"{name_of(expected)}: {text}{more}", details)


def name_of(message: type[Message]) -> str:
    """``2.0.1 TransactionEvent request``."""
    action = action_of(message)
    kind = "request" if message is action.request else "response"
    return f"{action.version} {action.name} {kind}"


encode_evident: Callable[[tuple[int, int | str, Message] | tuple[int, str, str, Message]], bytes]
encode_evident = _encode
"""The frame of a type number, a message id, perhaps an action, and a message that ``evident``
vouches for."""

encode_unchecked: Callable[[Message], bytes] = _encode
"""The payload of a message as it stands: for messages that ``decode`` has made."""


def encode(message: Message) -> bytes:
    """The payload of a message, as JSON that the official schema accepts.

    It is read back before it is returned. Times are written with at most three decimals (2.x
    Part 4, 5.3), cut and not rounded.

    Raises:
        LocalError: the message breaks the schema of its version.
    """
    kind = type(message)
    try:
        text = _encode(message)
        if _POINT in text and _SUBSECOND(text):
            text = _encode(payload_of(message))
        decode(kind, text)
    except RemoteError as error:
        raise LocalError(error.code, error.description, error.details) from error
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise LocalError(ErrorCode.INTERNAL_ERROR, f"{name_of(kind)}: {error}") from error
    return text


def payload_of(message: Message) -> Any:
    """The payload as dicts, lists, strings and numbers, with wire names."""
    return _plain(msgspec.to_builtins(message, builtin_types=(datetime, Decimal)))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return _time_text(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value


def _time_text(time: datetime) -> str:
    text = time.isoformat(timespec="milliseconds" if time.microsecond >= 1000 else "seconds")
    return text.replace("+00:00", "Z")
