"""What has happened to a station lately, and who waits for something to happen."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from chargeplane.station.signals import Happening

__all__ = ["Watch"]

H = TypeVar("H", bound=Happening)

KEPT_MAX = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    found: Callable[[], Any]
    """What was waited for, or None; asked after each step."""
    future: asyncio.Future[Any]


class Watch:
    """The last things that happened, numbered; up to which of them a reader has read; waiters."""

    def __init__(self) -> None:
        self._kept: deque[tuple[int, Happening]] = deque(maxlen=KEPT_MAX)
        self._read = 0
        self._waiters: list[_Waiter] = []
        self.count = 0
        """How many things have happened."""

    def add(self, happened: Iterable[Happening]) -> None:
        """Note what happened in a step, and tell those who have waited for it."""
        for each in happened:
            self.count += 1
            self._kept.append((self.count, each))
        if self._waiters:
            self._waiters = [waiter for waiter in self._waiters if not _is_served(waiter)]

    def first(
        self, kind: type[H], where: Callable[[H], bool], since: int | None = None
    ) -> H | None:
        """The first one of a kind that was not read yet, which so is read.

        With ``since``, a count: the first one after that, whatever was read; nothing is read.
        """
        after = self._read if since is None else since
        for number, each in self._kept:
            if number > after and isinstance(each, kind) and where(each):
                if since is None:
                    self._read = number
                return each
        return None

    def expect(self, found: Callable[[], Any]) -> asyncio.Future[Any]:
        """What this finds, now or after a later step; None counts as not found."""
        waiter = _Waiter(found, asyncio.get_running_loop().create_future())
        if not _is_served(waiter):
            self._waiters.append(waiter)
        return waiter.future

    def give_up(self, reason: str) -> None:
        """Nothing will happen any more; who waits is told with a RuntimeError."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.future.done():
                waiter.future.set_exception(RuntimeError(reason))


def _is_served(waiter: _Waiter) -> bool:
    """Whether it need not wait any longer."""
    if waiter.future.done():  # whoever waited has given up
        return True
    found = waiter.found()
    if found is not None:
        waiter.future.set_result(found)
    return found is not None
