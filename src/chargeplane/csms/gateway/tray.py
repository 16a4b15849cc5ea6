"""The tray: rows that nobody waits for, written together a little later.

What a station is answered depends on none of them: heartbeats, statuses that say nothing new, and
all frames of the flight recorder. Written at once, each would wake the writer and touch a page of
its own; together, the frames of one station lie on one. A crash may cost the last moment of them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence

from chargeplane.runtime.bus import Bus, Published
from chargeplane.runtime.store import Row, Rows, Store, StoreError

__all__ = ["Tray"]

_log = logging.getLogger(__name__)


class Tray:
    """Gathers rows, and gives them to the store when there are enough or time is up."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        *,
        pause_s: float = 0.25,
        rows_at_once: int = 1_024,
        rows_max: int = 50_000,
    ) -> None:
        """An empty one; ``rows_max`` counts what the store has not confirmed too."""
        self._store = store
        self._bus = bus
        self._pause_s = pause_s
        self._rows_at_once = rows_at_once
        self._rows_max = rows_max
        self._rows: list[Row] = []
        self._events: list[Published] = []
        self._under_way = 0
        self._timer: asyncio.TimerHandle | None = None
        self.dropped_count = 0
        """Rows that were given up: the database was away for too long."""

    def put(self, rows: Iterable[Row], events: Sequence[Published] = ()) -> None:
        """Take rows, and events that are told of when the rows are durable."""
        if self._under_way + len(self._rows) >= self._rows_max:
            self._drop(len([*rows]))
            return
        self._rows += rows
        self._events += events
        if len(self._rows) >= self._rows_at_once:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._pause_s, self.flush)

    def flush(self) -> None:
        """Give what is there to the store."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._rows:
            return
        rows, self._rows = self._rows, []
        events, self._events = self._events, []
        count = len(rows)

        def told(_: object, error: Exception | None) -> None:
            self._under_way -= count
            if error is None:
                self._bus.publish(events)
            else:
                _log.warning("%d rows of the tray were not stored: %s", count, error)
                self._drop(count)

        try:
            queued = self._store.submit(Rows(tuple(rows)), told)
        except StoreError:
            queued = False
        if queued:
            self._under_way += count
        else:
            self._drop(count)

    def _drop(self, count: int) -> None:
        self.dropped_count += count
