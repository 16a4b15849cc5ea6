"""OCPP-J: the JSON arrays that carry the payloads, and what each version says about them.

A frame is an array whose first element tells its type (1.6-J section 4.2; 2.x Part 4, chapter 4):

    [2, id, action, payload]            CALL             a request, to be answered
    [3, id, payload]                    CALLRESULT       the answer
    [4, id, code, description, details] CALLERROR        the request could not be served
    [5, id, code, description, details] CALLRESULTERROR  the answer could not be used (2.1)
    [6, id, action, payload]            SEND             a request without answer (2.1)

What differs between versions stands in ``RULES``, not in branches.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from chargeplane.ocpp.versions import Version

__all__ = [
    "RULES",
    "Call",
    "CallError",
    "CallResult",
    "CallResultError",
    "Frame",
    "Limits",
    "MessageId",
    "Rules",
    "Send",
    "UnknownType",
    "too_deep",
    "write",
]

MESSAGE_ID_LENGTH_MAX = 36
MessageId = Annotated[str, Meta(min_length=1, max_length=MESSAGE_ID_LENGTH_MAX)]


class Call(Struct, array_like=True, tag=2, frozen=True, forbid_unknown_fields=True, gc=False):
    """A request that must be answered."""

    message_id: MessageId
    action: str
    payload: Raw


class CallResult(Struct, array_like=True, tag=3, frozen=True, forbid_unknown_fields=True):
    """The answer to a CALL."""

    message_id: MessageId
    payload: Raw


class CallError(Struct, array_like=True, tag=4, frozen=True, forbid_unknown_fields=True):
    """A CALL that could not be served."""

    message_id: MessageId
    code: str
    description: str
    details: dict[str, Any]


class CallResultError(Struct, array_like=True, tag=5, frozen=True, forbid_unknown_fields=True):
    """A CALLRESULT that could not be used; carries the id of that CALLRESULT."""

    message_id: MessageId
    code: str
    description: str
    details: dict[str, Any]


class Send(Struct, array_like=True, tag=6, frozen=True, forbid_unknown_fields=True):
    """A request that is never answered."""

    message_id: MessageId
    action: str
    payload: Raw


Frame = Call | CallResult | CallError | CallResultError | Send


class UnknownType(StrEnum):
    """What to do with a frame whose type number the version does not know."""

    IGNORE = "ignore"
    REFUSE = "refuse with MessageTypeNotSupported"


@dataclass(frozen=True)
class Rules:
    """What one version says about frames."""

    version: Version
    frames: tuple[type[Frame], ...]
    unknown_type: UnknownType
    unreadable_id: str | None
    """The id of an error about a frame whose id cannot be read; None: no such error is sent."""
    description_length_max: int | None
    """Of an error; None: not limited."""
    decode: Callable[[str | bytes], Any]
    """Text to frame, for frames that keep every rule; raises msgspec's errors for others."""

    @property
    def result_errors(self) -> bool:
        """Whether an answer that cannot be used is answered in turn (CALLRESULTERROR)."""
        return CallResultError in self.frames

    @property
    def sends(self) -> bool:
        """Whether there are requests without answer (SEND)."""
        return Send in self.frames


_REQUEST_AND_ANSWER = (Call, CallResult, CallError)


def _rules_1x(version: Version) -> Rules:
    """1.6-J 4.2: unknown types are ignored, and nothing is said of an unreadable id.

    1.2 and 1.5 over JSON have no text of their own and follow 1.6.
    """
    return Rules(
        version=version,
        frames=_REQUEST_AND_ANSWER,
        unknown_type=UnknownType.IGNORE,
        unreadable_id=None,
        description_length_max=None,
        decode=msgspec.json.Decoder(Call | CallResult | CallError).decode,
    )


RULES = {
    Version.V1_2: _rules_1x(Version.V1_2),
    Version.V1_5: _rules_1x(Version.V1_5),
    Version.V1_6: _rules_1x(Version.V1_6),
    # 2.0.1 Part 4 contradicts itself: 4.1.3 ignores unknown types, the table of error codes has
    # MessageTypeNotSupported for them. An answer tells the sender more, and harms nobody.
    Version.V2_0_1: Rules(
        version=Version.V2_0_1,
        frames=_REQUEST_AND_ANSWER,
        unknown_type=UnknownType.REFUSE,
        unreadable_id="-1",
        description_length_max=255,
        decode=msgspec.json.Decoder(Call | CallResult | CallError).decode,
    ),
    Version.V2_1: Rules(
        version=Version.V2_1,
        frames=(*_REQUEST_AND_ANSWER, CallResultError, Send),
        unknown_type=UnknownType.IGNORE,
        unreadable_id="-1",
        description_length_max=255,
        decode=msgspec.json.Decoder(Call | CallResult | CallError | CallResultError | Send).decode,
    ),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one conversation."""

    frame_size_max: int = 1_048_576
    """Characters of one frame; longer ones are refused unread."""
    depth_max: int = 512
    """Arrays and objects inside each other; deeper frames are refused unread. The messages of OCPP
    need about ten; vendor data may need more. A frame with fewer characters than this cannot nest
    deeper, and so need not be looked at."""
    calls_waiting_max: int = 64
    """Our requests that wait behind the open one."""
    requests_waiting_max: int = 16
    """Their requests that wait until the one in hand is answered."""
    answers_kept_max: int = 4
    """Answers kept for repeated requests (as many again until they are dropped together), and
    requests remembered for late answers."""
    call_timeout_s: float = 30.0
    """How long an answer is waited for."""


_encode = msgspec.json.Encoder(decimal_format="number").encode


def write(*elements: object) -> str:
    """The text of a frame: its type number and the elements behind it, payloads as ``Raw``."""
    return _encode(elements).decode()


_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NOT_BRACKET = re.compile(r"[^\[\]{}]+")


def too_deep(text: str, depth_max: int) -> bool:
    """Whether arrays and objects nest deeper than ``depth_max``. Linear in the text's length.

    Made for text that may not be JSON at all, and so independent of any parser. In text that breaks
    off, what is still open and what is closed count separately.
    """
    if text.count("[") + text.count("{") <= depth_max:
        return False
    brackets = _NOT_BRACKET.sub("", _STRING.sub("", text))
    brackets = brackets.replace("{", "[").replace("}", "]")
    for _ in range(depth_max):
        shorter = brackets.replace("[]", "")
        if len(shorter) == len(brackets):
            break
        brackets = shorter
    return "[]" in brackets or brackets.count("[") > depth_max
