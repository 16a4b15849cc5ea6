"""The readers: a few threads that look into the database while the writer writes.

To wake a thread, to begin a transaction and to wake the loop costs more than most looks do. So the
looks of one turn of the loop are dealt out in a few hands, and a thread does those of a hand in one
transaction, one after the other. A look that fails ends that transaction, and the others go on in
the next one.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import Connection

from chargeplane.runtime.store.backends import Backend
from chargeplane.runtime.store.errors import StoreClosed, StoreUnavailable
from chargeplane.runtime.store.tickets import Kept
from chargeplane.runtime.store.writer import reason

__all__ = ["Look", "Readers"]

HAND_MIN = 8
HAND_MAX = 32
"""Looks that one thread is given at once: enough to be worth it, and a slow one delays few."""


class Look(Kept, eq=False, kw_only=True):
    """A function that reads, and what came of it."""

    function: Callable[[Connection], Any]
    waiter: asyncio.Future[Any]
    result: Any = None
    was_tried: bool = False
    """It has met a database that was away, which a dead connection looks like too."""

    def deliver(self) -> None:
        """Called in the loop."""
        if self.waiter.done():
            return
        if self.error is None:
            self.waiter.set_result(self.result)
        else:
            self.waiter.set_exception(self.error)


class Readers:
    """Owns the reading connections and the threads that use them."""

    def __init__(self, backend: Backend, deliver: Callable[[list[Look]], None]) -> None:
        """``deliver`` is told in a reader's thread which looks are done."""
        self._backend = backend
        self._deliver = deliver
        self._engine = backend.readers()
        self._hands: SimpleQueue[list[Look] | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, name=f"store-reader-{number}", daemon=True)
            for number in range(backend.settings.readers_max)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def put(self, looks: list[Look]) -> None:
        """Deal looks out. Whoever calls this bounds their number."""
        share = -(-len(looks) // len(self._threads))
        size = min(max(share, HAND_MIN), HAND_MAX)
        for first in range(0, len(looks), size):
            self._hands.put(looks[first : first + size])

    def stop(self) -> None:
        """Give up what waits, and end when the looks under way are done."""
        self._give_up()
        for _ in self._threads:
            self._hands.put(None)
        for thread in self._threads:
            thread.join()
        self._engine.dispose()

    def _give_up(self) -> None:
        while not self._hands.empty():
            try:
                looks = self._hands.get_nowait()
            except Empty:  # a thread was quicker
                return
            for look in looks or ():
                look.error = StoreClosed("the store was closed before this was read")
            self._deliver(looks or [])

    def _run(self) -> None:
        while (looks := self._hands.get()) is not None:
            self._read(looks)
            self._deliver(looks)

    def _read(self, looks: list[Look]) -> None:
        left = deque(looks)
        while left:
            try:
                self._read_some(left)
            except self._backend.failures as error:  # of connecting, of BEGIN, or of the end
                if left and left[0].error is None:
                    left[0].error = error
            if left:
                self._judge(left)

    def _read_some(self, left: deque[Look]) -> None:
        """In one transaction, up to the first look that fails."""
        with self._engine.connect() as connection:
            transaction = connection.begin()
            while left:
                look = left[0]
                if not look.waiter.done():  # else nobody waits for it any more
                    with look:
                        look.result = look.function(connection)
                    if look.error is not None:
                        transaction.rollback()
                        return
                left.popleft()
            transaction.commit()

    def _judge(self, left: deque[Look]) -> None:
        """The first look has failed: its own fault, a dead connection, or a database away."""
        look = left[0]
        error = look.error
        if error is None or not self._backend.is_away(error):
            left.popleft()
        elif not look.was_tried:
            self._engine.dispose()  # what else is in the pool has died with it
            look.was_tried, look.error = True, None
        else:
            for each in left:
                each.error = StoreUnavailable(f"the database is away: {reason(error)}")
                each.error.__cause__ = error
            left.clear()
