"""What a station sends to open a WebSocket, and what odd stations make of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["Handshake"]


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a station sends to open a connection."""

    url: str
    subprotocols: tuple[str, ...]

    def without_subprotocol(self) -> Handshake:
        """No Sec-WebSocket-Protocol at all."""
        return replace(self, subprotocols=())
