"""Durable writes: many stations that each wait for their own commit, beside SQLite itself.

*Single commits* is a loop over the driver that commits each row, as a server without group commit
does. *executemany* hands the driver 512 rows per commit and answers nobody: what the machine can do
at most. All three sync the disk at each commit and store the same rows under the same keys. Time is
that of the clock on the wall, since a commit is a wait for the disk.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

from bench.measure import Pace
from chargeplane.runtime.store import (
    Committed,
    Function,
    Settings,
    Store,
    frames,
    new_id,
    tenants,
    upgrade,
)
from chargeplane.runtime.store.migrating import connected

ROUNDS = 5
UNITS = 10_000
SINGLE = 300
STATIONS = (1, 100, 1_000)
NOW = datetime.now(UTC)
TEXT = "x" * 476  # a TransactionEvent of 2.0.1
TENANT_ID = tenants.DEFAULT_TENANT_ID
Work = Callable[[Settings], tuple[int, float]]
INSERT = "INSERT INTO frames VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"


def run() -> Iterator[str]:
    """All lines of this benchmark."""
    yield "durable rows per second (SQLite, WAL, synchronous=FULL), each one acknowledged"
    with tempfile.TemporaryDirectory() as folder:
        for stations in STATIONS:
            for peer, work in {"single commits": _single, "executemany": _many}.items():
                pace, per_commit = _paired(Path(folder), stations, work)
                yield pace.line(f"{stations} stations, {per_commit:.0f} per commit", peer)


def _paired(folder: Path, stations: int, theirs: Work) -> tuple[Pace, float]:
    """Both in turn, each time on a new database; and how many of our units shared a commit."""
    pairs, units, commits = [], 0, 0
    for _ in range(ROUNDS):
        stored, took_s = theirs(_new(folder))
        their_pace = stored / took_s
        stored, took_s, batches = asyncio.run(_ours(_new(folder), stations))
        pairs.append((stored / took_s, their_pace))
        units, commits = units + stored, commits + batches
    pace = Pace(
        median(pair[0] for pair in pairs),
        median(pair[1] for pair in pairs),
        median(pair[0] / pair[1] for pair in pairs),
    )
    return pace, units / commits


def _new(folder: Path) -> Settings:
    settings = Settings(f"sqlite:///{folder / new_id().hex}.db")
    upgrade(settings)
    with connected(settings) as connection:
        tenants.ensure(connection, TENANT_ID, "the only one", NOW)
    return settings


async def _ours(settings: Settings, stations: int) -> tuple[int, float, int]:
    """Units stored, seconds, and commits."""
    each = SINGLE if stations == 1 else UNITS // stations
    commits: list[Committed] = []

    async def station(name: str) -> None:
        for _ in range(each):
            await store.write(Function(partial(frames.append, frame=_frame(name))))

    async with Store(settings, on_commit=commits.append) as store:
        start = time.perf_counter()
        await asyncio.gather(*(station(f"station {n}") for n in range(stations)))
        return each * stations, time.perf_counter() - start, len(commits)


def _frame(station_id: str) -> frames.Frame:
    return frames.Frame(
        TENANT_ID, station_id, new_id(), frames.Direction.RECEIVED, NOW, 1, "id", TEXT
    )


def _rows(count: int) -> list[tuple[object, ...]]:
    tenant = TENANT_ID.bytes
    names = [f"station {n}" for n in range(1_000)]
    return [
        (tenant, names[n % 1_000], new_id().bytes, "in", 1_800_000_000_000_000, 1, "id", TEXT)
        for n in range(count)
    ]


def _connect(settings: Settings) -> sqlite3.Connection:
    connection = sqlite3.connect(settings.url.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


def _single(settings: Settings) -> tuple[int, float]:
    rows = _rows(SINGLE)
    with closing(_connect(settings)) as connection:
        start = time.perf_counter()
        for row in rows:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(INSERT, row)
            connection.execute("COMMIT")
        return len(rows), time.perf_counter() - start


def _many(settings: Settings) -> tuple[int, float]:
    rows = _rows(UNITS)
    with closing(_connect(settings)) as connection:
        start = time.perf_counter()
        for first in range(0, len(rows), 512):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(INSERT, rows[first : first + 512])
            connection.execute("COMMIT")
        return len(rows), time.perf_counter() - start
