"""What a conversation tells its owner: the events that ``Peer`` reports.

Every frame that comes in ends in one event at least; nothing is dropped without a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from chargeplane.ocpp.catalogue import Action
from chargeplane.ocpp.errors import ErrorCode, RemoteError
from chargeplane.ocpp.wire import Request, Response

if TYPE_CHECKING:
    from chargeplane.ocpp.signing import Unwrapped
    from chargeplane.ocpp.tolerance import Repair

__all__ = [
    "Abandoned",
    "Answered",
    "Called",
    "Event",
    "Failed",
    "Ignored",
    "Malformed",
    "Refused",
    "ResultRefused",
    "Sent",
    "Stray",
    "TimedOut",
]


class Called(Struct, frozen=True, gc=False):
    """They ask. The owner owes ``Peer.answer`` or ``Peer.refuse`` for ``message_id``."""

    message_id: str
    action: Action
    request: Request
    repairs: tuple[Repair, ...] = ()
    """What had to be changed before the request could be read; empty for a correct frame."""
    signed: Unwrapped | None = None
    """The signature that it came in (2.x), for ``signing.verify``; nobody has verified it yet."""


class Sent(Struct, frozen=True):
    """They tell, and want no answer (SEND, 2.1)."""

    message_id: str
    action: Action
    request: Request
    repairs: tuple[Repair, ...] = ()
    signed: Unwrapped | None = None


class Answered(Struct, frozen=True):
    """Our request was answered."""

    message_id: str
    request: Request
    response: Response
    repairs: tuple[Repair, ...] = ()
    late: bool = False
    """The answer came after ``TimedOut`` had been reported."""
    signed: Unwrapped | None = None


class Refused(Struct, frozen=True):
    """Our request was answered with a CALLERROR."""

    message_id: str
    request: Request
    code: str
    """As it stood on the wire; ``ErrorCode.of_wire`` knows the standard ones."""
    description: str
    details: dict[str, Any]
    late: bool = False


class Failed(Struct, frozen=True):
    """Our request was answered with something that is no valid response to it."""

    message_id: str
    request: Request
    error: RemoteError


class TimedOut(Struct, frozen=True):
    """Our request was not answered in time. The answer may still come, as a late one."""

    message_id: str
    request: Request


class Abandoned(Struct, frozen=True):
    """Our request will not be answered: the connection has ended. ``sent`` says whether it left."""

    message_id: str
    request: Request
    sent: bool


class ResultRefused(Struct, frozen=True):
    """They could not use our answer (CALLRESULTERROR, 2.1)."""

    message_id: str
    code: str
    description: str
    details: dict[str, Any]


class Stray(Struct, frozen=True):
    """An answer to a question that we never asked, or that was answered before."""

    message_id: str
    text: str


class Ignored(Struct, frozen=True):
    """A frame that needs nothing from anybody: a repetition, or a type that may be ignored."""

    reason: str
    text: str
    is_repetition: bool = False
    """A request with the id and the text of an earlier one; it gets the same answer."""


class Malformed(Struct, frozen=True):
    """A frame or a request that was wrong; where the version allows, it was answered so."""

    message_id: str | None
    code: ErrorCode
    reason: str
    text: str


Event = (
    Called
    | Sent
    | Answered
    | Refused
    | Failed
    | TimedOut
    | Abandoned
    | ResultRefused
    | Stray
    | Ignored
    | Malformed
)
