"""The readers: a few threads that look into the database while the writer writes.

To begin a transaction and to wake the loop costs more than most looks do. So a thread takes its
share of the looks that wait, and does them in one transaction, one after the other. A look that
fails ends that transaction, and the others go on in the next one.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import Connection

from chargeplane.runtime.store.backends import Backend
from chargeplane.runtime.store.errors import StoreClosed, StoreUnavailable
from chargeplane.runtime.store.tickets import Kept, Waiter
from chargeplane.runtime.store.writer import reason

__all__ = ["Look", "Readers"]

AT_ONCE_MAX = 32


@dataclass(eq=False)
class Look(Kept):
    """A function that reads, and what came of it."""

    function: Callable[[Connection], Any]
    waiter: Waiter
    result: Any = None
    error: Exception | None = None
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
        self._looks: SimpleQueue[Look | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, name=f"store-reader-{number}", daemon=True)
            for number in range(backend.settings.readers_max)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def put(self, look: Look) -> None:
        """Queue a look. Whoever calls this bounds the queue."""
        self._looks.put(look)

    def stop(self) -> None:
        """Give up what waits, and end when the looks under way are done."""
        self._give_up()
        for _ in self._threads:
            self._looks.put(None)
        for thread in self._threads:
            thread.join()
        self._give_up()
        self._engine.dispose()

    def _give_up(self) -> None:
        while looks := self._share(self._looks.qsize()):
            for look in looks:
                look.error = StoreClosed("the store was closed before this was read")
            self._deliver(looks)

    def _run(self) -> None:
        while (first := self._looks.get()) is not None:
            fair = self._looks.qsize() // len(self._threads)
            looks = [first, *self._share(min(fair, AT_ONCE_MAX - 1))]
            self._read(looks)
            self._deliver(looks)

    def _share(self, count: int) -> list[Look]:
        """Some of those that wait."""
        looks: list[Look] = []
        while len(looks) < count:
            try:
                look = self._looks.get_nowait()
            except Empty:
                break
            if look is None:
                self._looks.put(None)  # the end is for another thread, or for the next turn
                break
            looks.append(look)
        return looks

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
