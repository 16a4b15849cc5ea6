"""Figures of a day of sessions: what the block of transactions can say and the overview shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from chargeplane.runtime.rest import Sites

__all__ = ["Coming", "CountActive", "Day", "Hour", "ReadComing", "ReadDay", "Trouble"]


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


class Coming(NamedTuple):
    """Something that will happen."""

    at: datetime
    kind: str
    subject: str
    """What it happens to: an id."""


ReadDay = Callable[[Connection, UUID, datetime, Sites], Day]
"""Up to a moment, at some sites."""
CountActive = Callable[[Connection, UUID, Sites], int]
"""Sessions that go on now, at some sites."""
ReadComing = Callable[[Connection, UUID, datetime], list[Coming]]
"""What is coming from a moment on, the next first."""
