"""What is said on the wire, as signals: to be counted when it happens (``Station.hears``).

They are no ``Happening``: a fleet says a lot, and nobody keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from chargeplane.station.signals.signal import Signal

__all__ = ["CommandAnswered", "FrameMalformed", "RequestEnded", "RequestEnding"]


class RequestEnding(Enum):
    """How a request of the station ended."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """With an error of the central system."""
    INVALID = "invalid"
    """With something that is no valid response to it."""
    TIMED_OUT = "timed out"
    LOST = "lost"
    """The connection ended first."""


@dataclass(frozen=True, slots=True)
class RequestEnded(Signal):
    """A request of the station is over."""

    action: str
    ending: RequestEnding
    code: str = ""
    """Of the error; empty: it was answered, or not at all."""
    text: str = ""
    """What was said about the error."""


@dataclass(frozen=True, slots=True)
class CommandAnswered(Signal):
    """A request of the central system was answered."""

    action: str
    code: str = ""
    """Of the error that was the answer; empty: a response."""


@dataclass(frozen=True, slots=True)
class FrameMalformed(Signal):
    """The central system sent what cannot be read, or what breaks the schema of the version."""

    code: str
    text: str
