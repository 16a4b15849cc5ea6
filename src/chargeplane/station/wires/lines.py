"""What a station needs of a connection, whatever carries it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

__all__ = ["Dialer", "Heard", "Line", "NotConnected"]

Heard = Callable[[str], None]
"""Told each frame that comes."""


class NotConnected(Exception):
    """There is no connection to the central system, and why; ``status``: of an HTTP refusal."""

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


class Line(Protocol):
    """A connection."""

    def send(self, text: str) -> None:
        """Send a frame. One that no longer finds a connection is lost; ``run`` will end."""

    def close(self) -> None:
        """Begin to end it."""

    async def run(self) -> str:
        """Carry frames until the connection is gone; why it is."""
        ...


class Dialer(Protocol):
    """Opens connections."""

    async def start(self) -> None:
        """Get ready."""

    async def dial(self, heard: Heard) -> Line:
        """Open a connection.

        Raises:
            NotConnected: there is none.
        """
        ...

    async def stop(self) -> None:
        """Give back what ``start`` took."""
