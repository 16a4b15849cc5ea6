"""A timer wheel: one timer for all links of a listener, instead of one task for each.

Ten thousand links that are looked at once a minute cost one wake-up for each tick, and a set entry
for each link.
"""

from __future__ import annotations

import asyncio
from math import ceil
from typing import Protocol

__all__ = ["TICK_S", "Timed", "Wheel"]

TICK_S = 0.25
"""How late a look may be."""


class Timed(Protocol):
    """What wants to be looked at when its time has come."""

    def look(self, now_s: float) -> float | None:
        """Do what is due; the next time, or None for never."""
        ...


class Wheel:
    """Looks at its members when they are due, at most a tick late."""

    def __init__(self, tick_s: float = TICK_S) -> None:
        """Belongs to the running loop. Stands still while it has no members."""
        self._loop = asyncio.get_running_loop()
        self._tick_s = tick_s
        self._slots: dict[int, set[Timed]] = {}
        self._slot_of: dict[Timed, int] = {}
        self._turned_to = 0
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._slot_of)

    def put(self, timed: Timed, due_s: float) -> None:
        """Look at it then, and at no other time. ``due_s`` counts as ``loop.time()`` does."""
        self.drop(timed)
        if self._timer is None:
            self._turned_to = self._slot(self._loop.time())
            self._timer = self._loop.call_later(self._tick_s, self._turn)
        slot = max(self._turned_to + 1, ceil(due_s / self._tick_s))
        self._slots.setdefault(slot, set()).add(timed)
        self._slot_of[timed] = slot

    def drop(self, timed: Timed) -> None:
        """Never look at it again. It need not be here."""
        slot = self._slot_of.pop(timed, None)
        if slot is None:
            return
        self._slots[slot].discard(timed)
        if not self._slots[slot]:
            del self._slots[slot]

    def stop(self) -> None:
        """Forget all."""
        self._slots.clear()
        self._slot_of.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _slot(self, now_s: float) -> int:
        return int(now_s / self._tick_s)

    def _turn(self) -> None:
        now_s = self._loop.time()
        slots = range(self._turned_to + 1, self._slot(now_s) + 1)
        self._turned_to = max(self._turned_to, self._slot(now_s))
        # Before the looks: one that raises must not stop the wheel for all.
        self._timer = self._loop.call_later(self._tick_s, self._turn)
        for slot in slots:
            # A copy: a look may drop others.
            for timed in tuple(self._slots.get(slot, ())):
                if self._slot_of.get(timed) == slot:
                    self.drop(timed)
                    due_s = timed.look(now_s)
                    if due_s is not None:
                        self.put(timed, due_s)
        if not self._slot_of:
            self.stop()
