"""The clock of a simulation, and all that will happen in it, in order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count

__all__ = ["START", "Agenda"]

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
"""When a simulation begins, if nobody says otherwise: a Monday morning."""


class Agenda:
    """Moments and deeds. Two deeds of the same moment are done in the order they were noted."""

    def __init__(self, start: datetime = START) -> None:
        """The clock stands at ``start`` until something is done."""
        self.now_s = 0.0
        """Seconds since the start."""
        self._start = start
        self._deeds: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    def now(self) -> datetime:
        """The time of day, aware and in UTC."""
        return self._start + timedelta(seconds=self.now_s)

    def monotonic_s(self) -> float:
        """Seconds since the start; as ``Clock``."""
        return self.now_s

    def at(self, at_s: float, act: Callable[[], None]) -> None:
        """Do this then; now, if the moment is over."""
        heappush(self._deeds, (max(at_s, self.now_s), next(self._order), act))

    def after(self, delay_s: float, act: Callable[[], None]) -> None:
        """Do this so much later."""
        self.at(self.now_s + delay_s, act)

    @property
    def next_s(self) -> float | None:
        """When the next deed is due; None: nothing will ever happen."""
        return self._deeds[0][0] if self._deeds else None

    def step(self) -> bool:
        """Do the next deed; whether there was one."""
        if not self._deeds:
            return False
        self.now_s, _, act = heappop(self._deeds)
        act()
        return True

    def run_until(self, until_s: float) -> None:
        """Do all that is due up to a moment, and stand there."""
        deeds = self._deeds
        while deeds and deeds[0][0] <= until_s:
            self.now_s, _, act = heappop(deeds)
            act()
        self.now_s = max(self.now_s, until_s)
