"""What a station means to do later. Time is an argument; nothing here waits."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from heapq import heapify, heappop, heappush
from itertools import count
from math import inf

__all__ = ["Timers"]

STALE_MAX = 64
"""Moments that were replaced and still stand in the heap; with more it is made anew."""


class Timers:
    """One moment and one deed for each key. A station has about ten."""

    def __init__(self) -> None:
        self._due: dict[Hashable, tuple[float, int, Callable[[], None]]] = {}
        # Moments in order; one whose number is not that of its key any more is stale.
        self._moments: list[tuple[float, int, Hashable]] = []
        self._order = count()
        self.next_s = inf
        """Before this nothing is due; perhaps nothing is due then either."""

    def set(self, key: Hashable, at_s: float, act: Callable[[], None]) -> None:
        """Do this then; replaces what the key stood for."""
        number = next(self._order)
        self._due[key] = (at_s, number, act)
        if len(self._moments) > len(self._due) + STALE_MAX:
            self._moments = [(at, order, each) for each, (at, order, _) in self._due.items()]
            heapify(self._moments)
        else:
            heappush(self._moments, (at_s, number, key))
        self.next_s = self._moments[0][0]

    def drop(self, key: Hashable) -> None:
        """Do nothing."""
        self._due.pop(key, None)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._due

    @property
    def deadline_s(self) -> float | None:
        """When the next deed is due."""
        moments = self._moments
        while moments:
            at_s, number, key = moments[0]
            due = self._due.get(key)
            if due is not None and due[1] == number:
                self.next_s = at_s
                return at_s
            heappop(moments)
        self.next_s = inf
        return None

    def take_due(self, now_s: float) -> tuple[float, Callable[[], None]] | None:
        """The earliest deed that is due, with its moment; it is taken off the list."""
        if self.next_s > now_s:
            return None
        at_s = self.deadline_s
        if at_s is None or at_s > now_s:
            return None
        _, _, key = heappop(self._moments)
        self.next_s = self._moments[0][0] if self._moments else inf
        return at_s, self._due.pop(key)[2]
