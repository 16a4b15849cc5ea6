"""What a controller must know of a frame that it passes on: kind, id, action. The text stays as is.

The few messages that it learns from are read whole, in the newest types of their family.
"""

from __future__ import annotations

import msgspec

from chargeplane.ocpp.catalogue import find
from chargeplane.ocpp.errors import RemoteError
from chargeplane.ocpp.family import lift
from chargeplane.ocpp.frames import RULES, Call, CallResult, Frame
from chargeplane.ocpp.payloads import request_of, response_of
from chargeplane.ocpp.reading import Reading, read
from chargeplane.ocpp.tolerance import TOLERANT
from chargeplane.ocpp.versions import Role, Version
from chargeplane.ocpp.wire import Request, Response

__all__ = ["frame_of", "plain_action", "request_in", "response_in"]

_SIGNED = "-Signed"


def frame_of(text: str, version: Version) -> Frame | None:
    """The frame in a text; None: nobody can read it."""
    rules = RULES[version]
    try:
        frame: Frame = rules.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        reading = read(text, rules, TOLERANT)
        return reading.frame if isinstance(reading, Reading) else None
    return frame


def plain_action(action: str) -> str:
    """The action of a frame, signed or not (2.x Part 4, chapter 7)."""
    return action.removesuffix(_SIGNED)


def request_in(frame: Call, version: Version) -> Request | None:
    """What a station asks; None: it breaks its schema, which is for the central system to say."""
    try:
        found = request_of(frame, version, Role.STATION, TOLERANT)[1]
    except RemoteError:
        return None
    lifted = lift(found.message).message
    return lifted if isinstance(lifted, Request) else None


def response_in(frame: CallResult, action: str, version: Version) -> Response | None:
    """What the central system answered to a request of this action; None as above."""
    known = find(version, action)
    if known is None or known.response is None:
        return None
    try:
        found = response_of(known.response, frame.payload, version, TOLERANT)
    except RemoteError:
        return None
    lifted = lift(found.message).message
    return lifted if isinstance(lifted, Response) else None
