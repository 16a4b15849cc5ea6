"""Who is told what happens on a link, and the words it is told in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple, Protocol, runtime_checkable

from chargeplane.runtime.links.deflate import Deflate
from chargeplane.runtime.links.peers import Address, Tls

__all__ = ["NOBODY", "BytesReceiver", "EndedBy", "Ending", "LinkFacts", "Receiver"]


class EndedBy(Enum):
    """Who ended a link."""

    US = "us"
    PEER = "peer"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a link ended."""

    code: int
    reason: str
    by: EndedBy


class Receiver(Protocol):
    """What a link tells its owner. An exception here is our bug: it ends the link with 1011."""

    def received(self, text: str) -> None:
        """A message has come."""

    def closed(self, ending: Ending) -> None:
        """The link is over."""


@runtime_checkable
class BytesReceiver(Receiver, Protocol):
    """A receiver that takes binary messages too; OCPP has none, and others are closed with 1003."""

    def received_bytes(self, data: bytes) -> None:
        """A binary message has come."""


class LinkFacts(NamedTuple):
    """What is known of a link when it opens, and never changes."""

    identity: str
    subprotocol: str | None
    peer: Address
    tls: Tls | None = None
    compression: Deflate | None = None
    repairs: tuple[str, ...] = ()
    """The tolerated faults of the handshake, by name."""
    context: Any = None
    """What admission left for the owner."""


class _Nobody:
    """The receiver of a link that has none yet, or none any more."""

    def received(self, text: str) -> None:
        """There is nobody to tell."""

    def closed(self, ending: Ending) -> None:
        """There is nobody to tell."""


NOBODY: Receiver = _Nobody()
