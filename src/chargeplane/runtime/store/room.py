"""The room in a queue: so many may be inside, and whoever finds it full waits outside, in turn."""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["Room"]


class Room:
    """Counts who is inside. Belongs to one event loop."""

    def __init__(self, inside_max: int) -> None:
        self._free = inside_max
        self._outside: deque[asyncio.Future[None]] = deque()

    def enter_at_once(self) -> bool:
        """Take a place if one is free and nobody waits for it."""
        if self._free <= 0:
            return False
        self._free -= 1
        return True

    async def enter(self) -> None:
        """Take a place, or wait for one."""
        if self.enter_at_once():
            return
        turn = asyncio.get_running_loop().create_future()
        self._outside.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()  # the place was ours already
            raise

    def leave(self, count: int = 1) -> None:
        """Give places to those who have waited longest, the others back."""
        while count and self._outside:
            turn = self._outside.popleft()
            if not turn.done():
                turn.set_result(None)
                count -= 1
        self._free += count
