"""What a station does to open a WebSocket and to keep it, and what odd stations make of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["Handshake"]


@dataclass(frozen=True, slots=True)
class Handshake:
    """How a station opens a connection, and whether it pings and is pinged."""

    url: str
    subprotocols: tuple[str, ...]
    left_out: frozenset[str] = frozenset()
    """Headers of the request that are not sent, in small letters."""
    pings_after_s: float | None = None
    """Silence after which the station pings; None: as it is configured."""
    answers_pings: bool = True
    needs_root: bool = False
    """Whether it goes from a TLS handshake without a word if it has no root certificate."""

    def without_subprotocol(self) -> Handshake:
        """No Sec-WebSocket-Protocol at all."""
        return replace(self, subprotocols=())

    def without_connection(self) -> Handshake:
        """No Connection: Upgrade."""
        return replace(self, left_out=self.left_out | {"connection"})
