"""Who may open a link: what a listener asks, and what it can be answered.

The listener knows HTTP and WebSocket; who a station is, it does not. It describes the attempt and
awaits a verdict before anything is promised to the peer, so authentication may look into the store.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple

from chargeplane.ocpp.versions import Version
from chargeplane.runtime.links.heads import Headers
from chargeplane.runtime.links.peers import Address, Tls
from chargeplane.runtime.links.settings import LinkSettings

__all__ = ["SUBPROTOCOLS", "Accept", "Admission", "Attempt", "Refuse"]

SUBPROTOCOLS = tuple(version.subprotocol for version in reversed(Version))
"""All five names, the newest first: the order of preference of this server."""


class Attempt(NamedTuple):
    """A correct WebSocket upgrade request that waits for a verdict."""

    target: str
    """The request target as received, query included."""
    identity: str | None
    """The identity in the path; None if the path has none, which some stations do (row 1)."""
    headers: Headers
    peer: Address
    tls: Tls | None
    offered: tuple[str, ...]
    """The sub-protocols that the station offers, in its order of preference."""
    entrance: Any = None
    """Whatever the port was opened with: what holds for all who come in there."""


class Accept(NamedTuple):
    """The peer is this station."""

    identity: str
    subprotocols: tuple[str, ...] = SUBPROTOCOLS
    """What it may speak, in the server's order of preference."""
    default_subprotocol: str | None = None
    """What it speaks if it offers nothing at all; None: such a station is refused."""
    settings: LinkSettings | None = None
    """Its own settings; None: those of the listener."""
    context: Any = None
    """Whatever admission learnt and the owner of the link wants to know."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """The peer gets no link."""

    status: HTTPStatus = HTTPStatus.UNAUTHORIZED
    headers: tuple[tuple[str, str], ...] = ()
    reason: str = "refused"
    """Told to the peer; say nothing that helps to guess."""


Admission = Callable[[Attempt], Awaitable[Accept | Refuse]]
