"""Time as a part that can be exchanged: the machine's clock, or one that a test moves by hand.

Nothing above this floor reads the time in any other way. Two kinds of time are kept apart: ``now``
is what people call the time, and may jump; ``monotonic_s`` only runs forward, and measures how
long something takes.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Protocol

__all__ = ["Clock", "SimulatedClock", "SystemClock"]


class Clock(Protocol):
    """What tells the time and lets it pass."""

    def now(self) -> datetime:
        """The time of day, aware and in UTC."""
        ...

    def monotonic_s(self) -> float:
        """Seconds since some moment in the past; never runs back."""
        ...

    async def sleep(self, duration_s: float) -> None:
        """Wait so long."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep(self, duration_s: float) -> None:
        await asyncio.sleep(duration_s)


class SimulatedClock:
    """A clock that stands still until ``advance`` moves it, and then wakes its sleepers in order.

    Days pass in microseconds, and the same program gives the same run.
    """

    def __init__(self, start: datetime) -> None:
        """Start at a moment; only aware times make sense."""
        self._start = start
        self._elapsed_s = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed_s)

    def monotonic_s(self) -> float:
        return self._elapsed_s

    async def sleep(self, duration_s: float) -> None:
        if duration_s <= 0:
            await asyncio.sleep(0)
            return
        awake = asyncio.get_running_loop().create_future()
        entry = (self._elapsed_s + duration_s, next(self._order), awake)
        heapq.heappush(self._sleepers, entry)
        await awake

    async def advance(self, duration_s: float) -> None:
        """Let time pass; whoever wakes up acts before the time goes on.

        A sleeper that goes to sleep again within the time wakes up again within it.
        """
        until_s = self._elapsed_s + duration_s
        await _let_others_run()
        while self._sleepers and self._sleepers[0][0] <= until_s:
            self._elapsed_s, _, awake = heapq.heappop(self._sleepers)
            if not awake.done():  # a cancelled sleeper needs no waking
                awake.set_result(None)
            await _let_others_run()
        self._elapsed_s = until_s

    def step(self, duration_s: float) -> None:
        """Jump as a wrong clock does when it is set: no sleeper notices."""
        self._start += timedelta(seconds=duration_s)


TURNS = 8


async def _let_others_run() -> None:
    """Give what has become ready its turns, also what follows from it by a few steps."""
    for _ in range(TURNS):
        await asyncio.sleep(0)
