"""The write-behind buffer (``Tray``): rows that nobody waits for, written together a little later.

What a station is answered depends on none of them: heartbeats, statuses that say nothing new, and
all frames of the flight recorder. Written at once, each would wake the writer and touch a page of
its own; together, the frames of one station lie on one. A crash may cost the last moment of them.

Frames lie in drawers (shards), each station's in one. While there is little to do all are emptied
together; under load one after the other, so that each station's frames of a whole second come to
its page together, and no commit becomes long.

That a station has connected waits here as well. What it says meanwhile is durable earlier, and is
told of after it (``tell``).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from chargeplane.csms.contract import Station
from chargeplane.domain.events import StationConnected
from chargeplane.runtime.bus import Bus, Published
from chargeplane.runtime.store import Row, Rows, Store, StoreError, frames
from chargeplane.runtime.store.frames import Shot

__all__ = ["DRAWERS", "Slip", "Tray"]

_log = logging.getLogger(__name__)

DRAWERS: Final = 16
SETTLED_S_MAX: Final = 5.0
"""So long the end waits for the store. What is told of later is told to nobody."""
Drawer = dict[Station, list[Shot]]
Slip = tuple[Drawer, Shot]
"""A frame, and where it was put."""


class Tray:
    """Gathers rows, and gives them to the store when there are enough or time is up."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        *,
        pause_s: float = 0.25,
        rows_at_once: int = 1_024,
        frames_kept_max: int = 16_384,
        rows_max: int = 50_000,
    ) -> None:
        """An empty one.

        Args:
            store: where the rows go.
            bus: tells the events when their rows are durable.
            pause_s: rows wait so long, frames under load up to four times as long.
            rows_at_once: with so many rows nobody waits; with so many frames there is load.
            frames_kept_max: with so many frames the next drawer is emptied at once.
            rows_max: what may be here or under way to the store; more is dropped.
        """
        self._store = store
        self._bus = bus
        self._pause_s = pause_s
        self._rows_at_once = rows_at_once
        self._frames_kept_max = frames_kept_max
        self._rows_max = rows_max
        self._rows: list[Row] = []
        self._events: list[tuple[Published, bool]] = []
        """In the order in which they are told; whether they depend on the rows that are here."""
        self._arriving: set[tuple[UUID, str]] = set()
        """Stations of whose connection one of these events tells."""
        self._on_the_way: dict[tuple[UUID, str], list[Published]] = {}
        """Stations whose connection is being stored, and what is told after it."""
        self._drawers: list[Drawer] = [{} for _ in range(DRAWERS)]
        self._frames = 0
        self._turn = 0
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._timer: asyncio.TimerHandle | None = None
        self.dropped_count = 0
        """Rows that were given up: the database was away for too long."""

    def put(self, rows: Iterable[Row], events: Sequence[Published] = ()) -> None:
        """Take rows, and events that are told of when the rows are durable."""
        if self._under_way + len(self._rows) >= self._rows_max:
            self._drop(len([*rows]))
            return
        self._rows += rows
        for each in events:
            self._events.append((each, True))
            if type(each.event) is StationConnected:
                self._arriving.add((each.tenant_id, each.event.station_id))
        if len(self._rows) >= self._rows_at_once:
            self._hand_over()
        elif self._timer is None:
            self._wait(self._pause_s)

    def tell(self, station: Station, events: Sequence[Published]) -> None:
        """Tell events of a station that are durable, after its connection if that waits here."""
        if not self._arriving and not self._on_the_way:
            self._bus.publish(events)
            return
        key = station.tenant_id, station.id
        if key in self._arriving:  # in its place: what comes later may be the end of the connection
            self._events += [(each, False) for each in events]
        elif (after := self._on_the_way.get(key)) is not None:
            after += events
        else:
            self._bus.publish(events)

    def record(self, place: int, station: Station, shot: Shot) -> Slip:
        """Take a frame of a station; ``place`` is where its frames lie."""
        if self._under_way + self._frames >= self._rows_max:
            self._drop(1)
            return {}, shot
        drawer = self._drawers[place]
        mine = drawer.get(station)
        if mine is None:
            drawer[station] = [shot]
        else:
            mine.append(shot)
        self._frames += 1
        if self._timer is None:
            self._wait(self._pause_s)
        elif self._frames >= self._frames_kept_max:
            self._hand_over(self._next_drawer())
        return drawer, shot

    def answered(self, place: int, slip: Slip, at: datetime, text: str) -> bool:
        """Put an answer beside its call; False if that lies here no more."""
        drawer, shot = slip
        if self._drawers[place] is not drawer:
            return False
        shot.answered_at, shot.answer = at, text
        return True

    @staticmethod
    def place_of(station_id: str) -> int:
        """Where the frames of a station lie."""
        return hash(station_id) % DRAWERS

    @property
    def waiting_count(self) -> int:
        """Rows and frames that are here or under way to the store."""
        return len(self._rows) + self._frames + self._under_way

    async def settle(self) -> None:
        """Give everything to the store, and wait a while until it is there and told of."""
        self.flush()
        try:
            async with asyncio.timeout(SETTLED_S_MAX):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("%d rows of the tray are not stored yet", self._under_way)

    def flush(self) -> None:
        """Give everything that is there to the store."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        drawers, self._drawers = self._drawers, [{} for _ in range(DRAWERS)]
        self._frames = 0
        self._hand_over(*drawers)

    def _wait(self, pause_s: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(pause_s, self._look)

    def _look(self) -> None:
        """Time is up."""
        if self._frames <= self._rows_at_once:
            self.flush()
            return
        self._hand_over(self._next_drawer())
        self._wait(4 * self._pause_s / DRAWERS)

    def _next_drawer(self) -> Drawer:
        """What lies in the drawer whose turn it is; the next one that has something in it."""
        for _ in range(DRAWERS):
            self._turn = (self._turn + 1) % DRAWERS
            if drawer := self._drawers[self._turn]:
                self._drawers[self._turn] = {}
                self._frames -= _frames_in(drawer)
                return drawer
        return {}

    def _hand_over(self, *drawers: Drawer) -> None:
        """Give the rows, and the frames of some drawers, to the store."""
        rows, self._rows = self._rows, []
        events, self._events = self._events, []
        count = len(rows) + sum(map(_frames_in, drawers))
        if not count:
            return
        for drawer in drawers:
            for station, shots in drawer.items():
                rows += frames.strips(station.tenant_id, station.id, shots)
        arriving, self._arriving = self._arriving, set()
        after: list[Published] = []
        self._on_the_way |= dict.fromkeys(arriving, after)

        def over(*, is_stored: bool) -> None:
            self._bus.publish([each for each, depends in events if is_stored or not depends])
            for key in arriving:
                if self._on_the_way.get(key) is after:  # it has not come once more meanwhile
                    del self._on_the_way[key]
            self._bus.publish(after)

        def told(_: object, error: Exception | None) -> None:
            self._under_way -= count
            if error is not None:
                _log.warning("%d rows of the tray were not stored: %s", count, error)
                self._drop(count)
            over(is_stored=error is None)
            if not self._under_way:
                self._idle.set()

        try:
            queued = self._store.submit(Rows(tuple(rows)), told)
        except StoreError:
            queued = False
        if queued:
            self._under_way += count
            self._idle.clear()
        else:
            self._drop(count)
            over(is_stored=False)

    def _drop(self, count: int) -> None:
        self.dropped_count += count


def _frames_in(drawer: Drawer) -> int:
    return sum(map(len, drawer.values()))
