"""When a station has to be looked at again: one timer at most, or a place in a fleet's wheel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from chargeplane.runtime.links import Wheel

__all__ = ["Alarm"]


class Alarm:
    """Rings once, when the time has come; an alarm that was set for earlier rings too.

    So a deadline that moves away, as each answer moves one, costs nothing: whoever is woken finds
    nothing due, and sets the alarm again.
    """

    def __init__(self, ring: Callable[[], None], wheel: Wheel | None = None) -> None:
        """Args: what is done, and the wheel of the fleet; None: a timer of its own."""
        self._ring = ring
        self._wheel = wheel
        self._timer: asyncio.TimerHandle | None = None
        self._rings_s: float | None = None

    def set(self, deadline_s: float | None, now_s: float) -> None:
        """Ring then, or earlier; both on the clock of the station. None: no need to ring."""
        if deadline_s is None or (self._rings_s is not None and self._rings_s <= deadline_s):
            return
        self.cancel()
        self._rings_s = deadline_s
        loop, delay_s = asyncio.get_running_loop(), max(deadline_s - now_s, 0.0)
        if self._wheel is None:
            self._timer = loop.call_later(delay_s, self.look, 0.0)
        else:
            self._wheel.put(self, loop.time() + delay_s)

    def look(self, _now_s: float) -> None:
        """The time has come; as ``Timed`` of a wheel, which sets it again by itself if need be."""
        self._rings_s = self._timer = None
        self._ring()

    def cancel(self) -> None:
        """Do not ring."""
        if self._rings_s is None:
            return
        self._rings_s = None
        if self._wheel is not None:
            self._wheel.drop(self)
        elif self._timer is not None:
            self._timer.cancel()
            self._timer = None
