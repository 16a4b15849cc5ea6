"""What is wrong with a connection that stands: frames are late, or vanish on the way."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Impairment", "Later"]

Later = Callable[[float, Callable[[], None]], object]
"""Does something so many seconds later."""


class Impairment:
    """Lets frames pass, in order. A new connection begins with nothing on its way."""

    def __init__(self, later: Later, now_s: Callable[[], float]) -> None:
        """Args: how time passes, and what it is."""
        self._later = later
        self._now_s = now_s
        self._connection = 0
        self._last_s: dict[bool, float] = {}
        self.delay_s = 0.0
        """How late frames are, each way."""
        self.is_silent = False
        """Whether they vanish, each way."""

    def carry(self, text: str, onward: Callable[[str], None], *, inward: bool) -> None:
        """Pass a frame on: now, later, or never."""
        if self.is_silent:
            return
        if not self._last_s and not self.delay_s:
            onward(text)
            return
        last_s = self._last_s.get(inward)
        if not self.delay_s and last_s is None:
            onward(text)
            return
        now_s = self._now_s()
        due_s = max(now_s + self.delay_s, last_s or 0.0)  # nothing overtakes
        if due_s <= now_s:
            self._last_s.pop(inward, None)
            onward(text)
            return
        self._last_s[inward] = due_s
        connection = self._connection

        def arrive() -> None:
            if connection == self._connection and not self.is_silent:
                onward(text)

        self._later(due_s - now_s, arrive)

    def begin(self) -> None:
        """There is a new connection, or none: what was on its way is lost."""
        self._connection += 1
        self._last_s.clear()
        self.is_silent = False
