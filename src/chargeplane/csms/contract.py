"""What a functional block and the gateway agree upon: ``Heard`` in, ``Decision`` out.

The gateway speaks with a station: it reads frames, lifts messages to the newest version of their
family, keeps the order, waits for the commit, and answers. A block decides: it looks at what was
heard and says what to answer, which rows to write and which events to tell. It does neither
input nor output on its own, but for reading from the store.

    def handle(heard: Heard) -> Decision | Awaitable[Decision]

A handler that need not read decides at once, which is the usual case and the fast one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

from msgspec import Struct

from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.commands import Command, Outcome, Unsupported
from chargeplane.domain.events import Event
from chargeplane.domain.tokens import Authorization, IdToken
from chargeplane.ocpp.signing import Unwrapped
from chargeplane.ocpp.tolerance import Repair
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request, Response
from chargeplane.runtime.store import Row

__all__ = [
    "Ask",
    "Asker",
    "Authorize",
    "Block",
    "CheckSignature",
    "Decision",
    "FindRemoteStart",
    "Handler",
    "Heard",
    "NotConnected",
    "Notice",
    "Notify",
    "Registration",
    "Send",
    "Station",
    "Translate",
    "Usage",
]

S = TypeVar("S")


class Registration(StrEnum):
    """How a station stands with us: our answer to its last boot, or what it will be."""

    ACCEPTED = "accepted"
    PENDING = "pending"
    REJECTED = "rejected"


@dataclass(slots=True, eq=False)
class Station:
    """A station that is, or just was, in conversation with us: what must be at hand at once.

    Blocks keep what they know of it in ``state``, each under a type of its own. All of that can be
    read from the store again: when a write has failed it is thrown away (``forget``).
    """

    tenant_id: UUID
    id: str
    version: Version
    transport: str = "json"
    registration: Registration = Registration.PENDING
    security_profile: int = 0
    epoch: int = 0
    heartbeat_interval_s: int = 300
    remote_host: str = ""
    must_renew: bool = False
    """It came by a certificate that only serves to get another one: it is not accepted so."""
    state: dict[type, Any] = field(default_factory=dict)
    tenant: str = field(init=False)
    """The tenant as events and ledger entries carry it."""

    def __post_init__(self) -> None:
        self.tenant = str(self.tenant_id)

    @property
    def is_accepted(self) -> bool:
        """Whether it is served."""
        return self.registration is Registration.ACCEPTED

    @property
    def may_renew(self) -> bool:
        """Whether it is served as far as it needs to get another certificate."""
        return self.must_renew and self.registration is Registration.PENDING

    def get(self, kind: type[S]) -> S | None:
        """A block's state, if it has any."""
        found: S | None = self.state.get(kind)
        return found

    def forget(self) -> None:
        """Drop what blocks have at hand; they will read it from the store."""
        self.state.clear()


class Heard(Struct, frozen=True, eq=False, gc=False):
    """One request of a station, in the newest version of its family."""

    station: Station
    request: Any
    frame_id: UUID
    received_at: datetime
    message_id: str = ""
    repairs: tuple[Repair, ...] = ()
    """What was changed to make a valid message of it; ``before`` is what the station said."""

    @property
    def frame(self) -> str:
        """The frame's id as events and ledger entries carry it."""
        return str(self.frame_id)

    def whole(self, path: str, text: str) -> str:
        """A text of the request, all of it also where it was too long for the message."""
        for repair in self.repairs:
            if repair.path == path and repair.name == "too-long":
                return str(repair.before)
        return text


class Decision(Struct, frozen=True, eq=False):
    """What a block makes of a request. Rows, events and the frame become durable together."""

    response: Response
    rows: tuple[Row, ...] = ()
    events: tuple[Event, ...] = ()
    implied: Event | None = None
    """Another event, which the rows say by themselves: it is told after ``events`` and has no row
    in the outbox. Whoever wrote the rows can read it from them after a crash (``bus.Source``)."""
    durable: bool = True
    """Whether the answer waits for the commit. False only where nobody would miss the rows."""
    kept: Callable[[], None] | None = None
    """Called when all of it is durable, before the answer goes out."""


Handler = Callable[[Heard], Decision | Awaitable[Decision]]


@dataclass(slots=True, eq=False)
class Ask:
    """A command in the words of the wire: what to ask, and how to read the answer."""

    request: Request
    read: Callable[[Any], Outcome]
    """Takes the response, in the newest version of the family."""
    settle: Callable[[Outcome], Awaitable[None]] | None = None
    """Told of the outcome, whichever it is, before anybody else is."""


Translate = Callable[[Station, Any], Ask | Unsupported | Awaitable[Ask | Unsupported]]
"""A command of some type, for a station of one family."""


@dataclass(frozen=True)
class Block:
    """What a functional block contributes."""

    name: str
    v1: Mapping[type[Request], Handler] = field(default_factory=dict)
    """By the types of 1.6."""
    v2: Mapping[type[Request], Handler] = field(default_factory=dict)
    """By the types of 2.1."""
    commands_v1: Mapping[type[Command], Translate] = field(default_factory=dict)
    commands_v2: Mapping[type[Command], Translate] = field(default_factory=dict)
    routes: tuple[Any, ...] = ()
    """Route handlers for the REST interface."""


class NotConnected(Exception):
    """The station cannot be asked: no connection of it is here, and none can be made."""


class Notice(NamedTuple):
    """Something that touches security and that we have noticed ourselves."""

    tenant_id: UUID
    station_id: str
    type: str
    """In the words of the standard's own events: ``FailedLogIn``."""
    source: str = ""
    """The address it came from."""
    detail: str = ""


Notify = Callable[[Notice], None]
"""Takes a notice at once; storing it is the block security's business."""


CheckSignature = Callable[[Station, Unwrapped | None, int, str, UUID, datetime], str | None]
"""Holds a message of a station against what is wanted of its signatures; why it is refused.

Takes the signature (None: not signed), the number of the message type, the action, and id and time
of the frame.
"""


# What blocks may want of each other, without knowing who does it. ``central`` introduces them.


class Authorize(Protocol):
    """Decides about an id token at a station."""

    async def __call__(
        self,
        station: Station,
        id_token: IdToken,
        evse: EvseAddress | None = None,
        *,
        wire_id: str | None = None,
        starts: bool = True,
    ) -> Authorization:
        """The decision. An unknown token is recorded.

        Args:
            station: where the token is shown.
            id_token: what is shown.
            evse: where exactly.
            wire_id: the station's transaction that it is shown for; it is no concurrent one.
            starts: whether a transaction starts with it; else concurrent ones do not matter.
        """


class FindRemoteStart(Protocol):
    """Knows which remote start a transaction was caused by."""

    def __call__(
        self,
        station: Station,
        id_token: IdToken,
        evse: EvseAddress | None,
        remote_start_id: str | None,
    ) -> str | None:
        """Its id, or None. ``remote_start_id`` is what the station says itself (2.x)."""


class Usage(Protocol):
    """Knows which transactions are active."""

    async def __call__(
        self, tenant_id: UUID, id_token: IdToken, besides: tuple[str, str] | None = None
    ) -> int:
        """How many active transactions were started with this token, at any station.

        ``besides``: one that does not count, by station and by the station's id of it.
        """


class Asker(Protocol):
    """Asks a station something on behalf of a block."""

    async def __call__(self, station: Station, request: Request) -> Response | Outcome:
        """The response (newest of the family), or the outcome if there is none."""


class Send(Protocol):
    """Carries out a command."""

    async def __call__(self, tenant_id: UUID, station_id: str, command: Command) -> Outcome:
        """The outcome; raises ``NotConnected`` if the station cannot be reached."""
