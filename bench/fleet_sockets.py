"""A fleet of stations of 2.0.1 over real sockets from one process: memory, and requests/s.

First 5,000 as in the field, with drivers, statuses, heartbeats and meter values every 60 s; then
2,000 with everything every second. The server (``fleet_server``) has the other processor and does
nothing but answer. Beside ours runs *bare*: as many sockets of the same library that send prepared
heartbeats as fast as they are answered, without a station behind them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.path.servers import Server

FIELD_STATIONS, FIELD_S = 5_000, 60
BUSY_STATIONS, BUSY_S = 2_000, 1
DURATION_S = 10
ROOT = Path(__file__).parents[1]


def run() -> Iterator[str]:
    """All lines of this benchmark."""
    yield "stations of 2.0.1 in one process, on one core"
    yield line(f"every {FIELD_S} s", load("ours", FIELD_STATIONS, FIELD_S))
    busy = load("ours", BUSY_STATIONS, BUSY_S)
    yield line(f"every {BUSY_S} s", busy)
    floor = load("bare", BUSY_STATIONS, BUSY_S)
    ratio = busy["per_cpu_s"] / floor["per_cpu_s"]
    yield f"{line('bare sockets', floor)}   ratio {ratio:4.2f}"


def load(what: str, stations: int, interval_s: int) -> dict[str, Any]:
    """One process with a load, and its server."""
    os.environ["BENCH_HEARTBEAT_S"] = str(interval_s)
    with Server("fleet_server", stations, package="bench") as server:
        words = [str(each) for each in (server.port, stations, interval_s, DURATION_S)]
        done = subprocess.run(
            [sys.executable, "-m", "bench.fleet_load", *words, what],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def line(name: str, found: dict[str, Any]) -> str:
    """One line of the report."""
    return (
        f"  {name:<13} {found['per_s']:>8,.0f} requests/s {found['per_cpu_s']:>8,.0f}/cpu-s   "
        f"{found['memory_mb']:>5,.0f} MB   {found['online']:,} online, "
        f"{found.get('faults', 0)} errors"
    )
