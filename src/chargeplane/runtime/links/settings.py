"""The bounds and times of links and of the listener that opens them, each with a tested default.

``LinkSettings`` can differ from station to station: admission returns them. ``ListenerSettings``
hold for a whole listener.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["LinkSettings", "ListenerSettings"]


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """How one link behaves."""

    ping_interval_s: float | None = 60.0
    """Silence after which the peer is pinged; None: never (some stations cannot answer pings)."""
    ping_timeout_s: float = 20.0
    """How long a pinged peer may stay silent before the link is cut."""
    answers_pings: bool = True
    """False: as odd stations, which answer none; a server always does."""
    close_timeout_s: float = 2.0
    """How long the closing handshake may take."""
    message_bytes_max: int = 262_144
    """The longest message that is taken, after assembling and inflating."""
    outgoing_bytes_max: int = 1_048_576
    """What may wait to be sent; a peer that lets more pile up is cut off."""
    compression: bool = True
    """Whether permessage-deflate is negotiated; OCPP 2.x Part 4 requires it of a CSMS."""
    compress_bytes_min: int = 256
    """Shorter messages travel as they are: without shared context, deflate gains nothing there."""


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    """How a listener treats connections until they are links, and how many it holds."""

    handshake_timeout_s: float = 10.0
    """From the connection to a whole request that is admitted."""
    answer_timeout_s: float = 30.0
    """How long an answer to a plain HTTP request may take."""
    head_bytes_max: int = 8_192
    headers_max: int = 64
    body_bytes_max: int = 1_048_576
    connections_max: int = 10_000
    """All connections together; one more is answered 503."""
    per_source_max: int = 5_000
    """Connections from one address; one more is answered 429. Whole sites share an address."""
    over_max: int = 128
    """Connections above one of the bounds that are told why; further ones are just cut."""
    tolerant: bool = True
    """Whether an upgrade without ``Connection: Upgrade`` is repaired; strict mode answers 400."""
    origin_allowed: bool = False
    """Whether a browser's page may connect."""
    link: LinkSettings = field(default_factory=LinkSettings)
    """The settings of links for which admission says nothing else."""
