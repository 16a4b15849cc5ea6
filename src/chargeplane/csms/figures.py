"""What blocks can say and the overview shows: figures of a day of sessions, and what comes next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from sqlalchemy import Connection

from chargeplane.runtime.rest import Sites

__all__ = [
    "ALERTS_MAX",
    "COMING_MAX",
    "Alert",
    "Coming",
    "CountActive",
    "Day",
    "Hour",
    "ReadAlerts",
    "ReadComing",
    "ReadDay",
    "Trouble",
]

COMING_MAX: Final = 50
"""Of one source, and of all together."""
ALERTS_MAX: Final = 100


class Hour(NamedTuple):
    """One hour, from ``at`` on. Energy is spread evenly over each session."""

    at: datetime
    energy_wh: float
    sessions: int
    """That went on at some time of it."""
    started: int


class Trouble(NamedTuple):
    """Something that happens at a station again and again."""

    station_id: str
    times: int
    last_at: datetime


class Day(NamedTuple):
    """The last 24 hours."""

    hours: tuple[Hour, ...]
    """The oldest first; the last one is the hour that has begun."""
    failing: tuple[Trouble, ...]
    """Sessions that ended without energy."""
    repaired: tuple[Trouble, ...]
    """Sessions whose figures had to be worked out."""


class Alert(NamedTuple):
    """Something at a station that touches security, and that somebody should look at."""

    station_id: str
    type: str
    """Of the security event, in the words of the standard."""
    times: int
    last_at: datetime


class Coming(NamedTuple):
    """Something that will happen."""

    at: datetime
    kind: str
    """In kebab-case; the console has words for it."""
    subject: str
    """What it happens to: an id."""
    station_id: str | None = None
    """Where it happens, if that is at one station."""
    until: datetime | None = None
    """When it will be over, if it takes a while."""


ReadDay = Callable[[Connection, UUID, datetime, Sites], Day]
"""Up to a moment, at some sites."""
CountActive = Callable[[Connection, UUID, Sites], int]
"""Sessions that go on now, at some sites."""


ReadAlerts = Callable[[Connection, UUID, datetime, Sites], list[Alert]]
"""Of the 24 hours before a moment, at some sites; the latest first, at most ``ALERTS_MAX``."""


class ReadComing(Protocol):
    """A source of what comes next. ``central`` makes it known to the overview."""

    def __call__(
        self, connection: Connection, tenant_id: UUID, now: datetime, sites: Sites
    ) -> list[Coming]:
        """What is coming from a moment on, the next first, at most ``COMING_MAX``.

        Args:
            connection: for reading.
            tenant_id: whose.
            now: the moment.
            sites: those that whoever asks is limited to; what has no place is not told to them.
        """
