"""How often each repair was made to what a station sent: counted in memory, written now and then.

An odd station has every message repaired, so that no message may cost a write of its own. What was
counted is added to the totals in the store every few seconds and at the end. One write is under way
at a time, and it may be tried again: it adds once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import groupby
from typing import Final
from uuid import UUID

from sqlalchemy import Column, Connection, Integer, select

from chargeplane.csms.inventory import stations
from chargeplane.runtime.store import SCHEMA, Id, Moment, Row, Sink, Store, StoreError, Words
from chargeplane.runtime.store.rows import write_rows

__all__ = ["COUNT_MAX", "Counted", "RepairCounts", "of_station", "station_repairs"]

_log = logging.getLogger(__name__)

WRITTEN_EVERY_S: Final = 5.0
SETTLED_S_MAX: Final = 5.0
"""So long the end waits for the store."""
COUNT_MAX: Final = 2**31 - 1
"""What a column holds; who has come so far is not counted on."""
_STATIONS_AT_ONCE_MAX: Final = 500

station_repairs = SCHEMA.table(
    "station_repairs",
    Column("station_id", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("count", Integer, nullable=False),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("frame_id", Id),
    key=["station_id", "name"],
)
_each = station_repairs.c
_SINK: Final = Sink(
    station_repairs,
    [column.name for column in station_repairs.columns],
    update=["count", "last_at", "frame_id"],
)

_Key = tuple[UUID, str]
"""A tenant, and a station of it."""


@dataclass(frozen=True, slots=True)
class Counted:
    """One kind of repair, as often as it was made for one station."""

    name: str
    count: int
    first_at: datetime
    last_at: datetime
    frame_id: UUID | None
    """The frame that was repaired last; None: it was the handshake."""


@dataclass(slots=True, eq=False)
class _Tally:
    """What has come since the last write."""

    count: int
    first_at: datetime
    last_at: datetime
    frame_id: UUID | None


_Tallies = dict[_Key, dict[str, _Tally]]


class RepairCounts:
    """Counts for the stations of one node."""

    def __init__(self, store: Store, *, pause_s: float = WRITTEN_EVERY_S) -> None:
        """Nothing is counted yet; ``pause_s``: so long a count may wait here."""
        self._store = store
        self._pause_s = pause_s
        # At the most a tally for each station and each repair there is, however long it waits.
        self._tallies: _Tallies = {}
        self._unit: _Addition | None = None
        """What is being written, or has to be tried again."""
        self._timer: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    def note(
        self, tenant_id: UUID, station_id: str, name: str, at: datetime, frame_id: UUID | None
    ) -> None:
        """A repair was made to a frame of a station; None: to its handshake."""
        mine = self._tallies.setdefault((tenant_id, station_id), {})
        tally = mine.get(name)
        if tally is None:
            mine[name] = _Tally(1, at, at, frame_id)
        else:
            tally.count += 1
            tally.last_at, tally.frame_id = at, frame_id
        if self._timer is None and self._unit is None:
            self._wait()

    async def settle(self) -> None:
        """Write everything, and wait a while until it is there."""
        try:
            async with asyncio.timeout(SETTLED_S_MAX):
                await self._idle.wait()
                self._write()
                await self._idle.wait()
        except TimeoutError:
            _log.warning("the last repairs of stations are not stored yet")
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._pause_s, self._write)

    def _write(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._unit is None and self._tallies:
            self._unit, self._tallies = _Addition(self._tallies), {}
        if self._unit is None:
            return
        try:
            is_queued = self._store.submit(self._unit, self._told)
        except StoreError:
            return  # it is closed
        if is_queued:
            self._idle.clear()
        else:
            self._wait()

    def _told(self, _: object, error: Exception | None) -> None:
        if error is None:
            self._unit = None
        elif isinstance(error, StoreError):
            _log.warning("repairs of stations are not stored yet: %s", error)
        else:
            _log.error("repairs of stations were given up", exc_info=error)
            self._unit = None
        self._idle.set()
        if self._unit is not None or self._tallies:
            self._wait()


class _Addition:
    """Adds to the totals, once: applied again, it writes the totals that it has found before."""

    def __init__(self, tallies: _Tallies) -> None:
        self._tallies = tallies
        self._totals: dict[tuple[UUID, str, str], int] = {}

    def apply(self, connection: Connection) -> None:
        """Write them. A station that was removed meanwhile leaves nothing."""
        rows: list[Row] = []
        for tenant_id, ids in _by_tenant(self._tallies):
            mine = stations.c.tenant_id == tenant_id, stations.c.id.in_(ids)
            known = connection.scalars(select(stations.c.id).where(*mine)).all()
            query = select(_each.station_id, _each.name, _each.count).where(
                _each.tenant_id == tenant_id, _each.station_id.in_(ids)
            )
            before = {(row[0], row[1]): int(row[2]) for row in connection.execute(query)}
            for id_ in known:
                for name, tally in self._tallies[tenant_id, id_].items():
                    total = min(before.get((id_, name), 0) + tally.count, COUNT_MAX)
                    total = self._totals.setdefault((tenant_id, id_, name), total)
                    when = tally.first_at, tally.last_at
                    rows.append((_SINK, (tenant_id, id_, name, total, *when, tally.frame_id)))
        write_rows(connection, rows)


def _by_tenant(tallies: _Tallies) -> Iterator[tuple[UUID, list[str]]]:
    """The stations of each tenant, some at a time."""
    for tenant_id, keys in groupby(sorted(tallies), key=lambda key: key[0]):
        ids = [station_id for _, station_id in keys]
        for start in range(0, len(ids), _STATIONS_AT_ONCE_MAX):
            yield tenant_id, ids[start : start + _STATIONS_AT_ONCE_MAX]


def of_station(connection: Connection, tenant_id: UUID, station_id: str) -> list[Counted]:
    """The repairs of a station, the one that was made last before the others."""
    query = (
        select(*(_each[field.name] for field in fields(Counted)))
        .where(_each.tenant_id == tenant_id, _each.station_id == station_id)
        .order_by(_each.last_at.desc(), _each.name)
    )
    return [Counted(*row) for row in connection.execute(query)]
