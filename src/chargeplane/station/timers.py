"""What a station means to do later. Time is an argument; nothing here waits."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from itertools import count

__all__ = ["Timers"]


class Timers:
    """One moment and one deed for each key. A station has about ten."""

    def __init__(self) -> None:
        self._due: dict[Hashable, tuple[float, int, Callable[[], None]]] = {}
        self._order = count()

    def set(self, key: Hashable, at_s: float, act: Callable[[], None]) -> None:
        """Do this then; replaces what the key stood for."""
        self._due[key] = (at_s, next(self._order), act)

    def drop(self, key: Hashable) -> None:
        """Do nothing."""
        self._due.pop(key, None)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._due

    @property
    def deadline_s(self) -> float | None:
        """When the next deed is due."""
        return min(self._due.values())[0] if self._due else None

    def take_due(self, now_s: float) -> tuple[float, Callable[[], None]] | None:
        """The earliest deed that is due, with its moment; it is taken off the list."""
        if not self._due:
            return None
        key = min(self._due, key=lambda each: self._due[each][:2])
        at_s, _, act = self._due[key]
        if at_s > now_s:
            return None
        del self._due[key]
        return at_s, act
