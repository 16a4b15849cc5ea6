"""What waits for one client. A client that is slow loses patches, and gets a new snapshot instead.

So the queue never grows: beyond its bounds all patches in it are thrown away, since a snapshot of
now says more than they do.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["WAITING_BYTES_MAX", "WAITING_MAX", "Outbox"]

WAITING_MAX = 64
"""Messages."""
WAITING_BYTES_MAX = 4_000_000

Snapshot = Callable[[], bytes]


class _Waiting(NamedTuple):
    head: bytes
    tail: bytes
    """Shared by all who see the same page."""
    snapshot: Snapshot | None
    """Of a patch: what can be sent in its place."""


class Outbox:
    """Messages for one client, in their order."""

    def __init__(
        self, waiting_max: int = WAITING_MAX, waiting_bytes_max: int = WAITING_BYTES_MAX
    ) -> None:
        self._waiting_max = waiting_max
        self._waiting_bytes_max = waiting_bytes_max
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._behind: dict[bytes, Snapshot] = {}
        """By the head of their messages, subscriptions that have lost patches."""
        self._has_some = asyncio.Event()
        self._has_less = asyncio.Event()
        self.dropped_count = 0
        """Patches that were thrown away."""

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_idle(self) -> bool:
        """Nothing waits."""
        return not self._waiting and not self._behind

    def say(self, text: bytes) -> None:
        """Send a message that is no patch. Whoever calls this answers a message of the client."""
        self._add(_Waiting(b"", text, None))

    def patch(self, head: bytes, tail: bytes, snapshot: Snapshot) -> None:
        """Send a patch, or a snapshot later if too much is waiting."""
        if head in self._behind:
            self.dropped_count += 1
        elif self._has_room(len(tail)):
            self._add(_Waiting(head, tail, snapshot))
        else:
            self._fall_behind()
            self._behind[head] = snapshot
            self.dropped_count += 1
            self._has_some.set()

    def forget(self, head: bytes) -> None:
        """A subscription has ended; nothing more is said about it."""
        self._behind.pop(head, None)
        kept = [each for each in self._waiting if each.head != head]
        self._waiting = deque(kept)
        self._bytes = sum(len(each.tail) for each in kept)

    async def room(self) -> None:
        """Wait until less is waiting than may be; until then nothing more is heard."""
        while len(self._waiting) >= self._waiting_max:
            self._has_less.clear()
            await self._has_less.wait()

    async def next(self) -> bytes:
        """The next message, when there is one."""
        while self.is_idle:
            self._has_some.clear()
            await self._has_some.wait()
        if self._waiting:
            head, tail, _ = self._waiting.popleft()
            self._bytes -= len(tail)
            self._has_less.set()
            return head + tail
        head = next(iter(self._behind))
        return head + self._behind.pop(head)()

    def _has_room(self, more_bytes: int) -> bool:
        return (
            len(self._waiting) < self._waiting_max
            and self._bytes + more_bytes <= self._waiting_bytes_max
        ) or not self._waiting

    def _add(self, waiting: _Waiting) -> None:
        self._waiting.append(waiting)
        self._bytes += len(waiting.tail)
        self._has_some.set()

    def _fall_behind(self) -> None:
        kept: list[_Waiting] = []
        for each in self._waiting:
            if each.snapshot is None:
                kept.append(each)
            else:
                self._behind[each.head] = each.snapshot
                self.dropped_count += 1
        self._waiting = deque(kept)
        self._bytes = sum(len(each.tail) for each in kept)
