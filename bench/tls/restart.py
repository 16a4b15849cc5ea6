"""How long 5,000 stations need until they are all back after the central system was killed.

The time runs from the start of the new process to the last answer: each station has shaken hands,
has proved who it is, has booted and told a status, and both are durable. The memory is what the
process has more than before the first of them, divided by their number.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bench.storm import BOOT, STATUS
from bench.tls.pki import STATION, prepared
from bench.tls.serving import Served
from bench.tls.stations import Secured, come

STATIONS = 5_000
# The certificate names the serial number, so the station has to tell it.
SAID = BOOT.replace('"model":', f'"serialNumber":"{STATION}","model":'), STATUS


class Back(NamedTuple):
    """What the return of all took."""

    all_s: float
    cpu_s: float
    each_kb: float
    port_open_s: float
    start_cpu_s: float
    stations_cpu_s: float
    start_mb: float


ROWS = (
    "all back, s by the clock             goal 20",
    "processor time of the server, s      goal  8",
    "memory of each station, kB           goal 50",
    "until the port was open, s by the clock",
    "processor time until then, s",
    "processor time of the stations, s",
    "memory without any station, MB",
)


def restarted() -> Iterator[str]:
    """The lines of the report."""
    yield (
        f"{STATIONS:,} stations back after a restart, booted and durable (SQLite); the goals are "
        "for two processors that do nothing else"
    )
    yield f"  {'':<46} {'TLS':>8} {'mutual TLS':>12}"
    tls, mutual = _back(profile=2), _back(profile=3)
    for row, one, other in zip(ROWS, tls, mutual, strict=True):
        yield f"  {row:<46} {one:>8.1f} {other:>12.1f}"


def _back(profile: int) -> Back:
    with TemporaryDirectory() as name:
        folder = Path(name)
        prepared(folder)
        secured = Secured(folder, mutual=profile == 3)
        words = [str(STATIONS), str(profile)]
        first = Served("bench.tls.central", [str(folder), "0", *words])
        gone = come(first.port, secured, range(STATIONS), SAID)
        first.stop()
        for each in gone:
            each.close()
        start_s = time.perf_counter()
        second = Served("bench.tls.central", [str(folder), str(first.port), *words])
        try:
            return _measured(second, secured, start_s)
        finally:
            second.stop()


def _measured(server: Served, secured: Secured, start_s: float) -> Back:
    open_s, open_cpu_s = time.perf_counter() - start_s, server.cpu_s()
    start_kb, stations_s = server.memory_kb(), time.process_time()
    back = come(server.port, secured, range(STATIONS), SAID)
    took_s, cpu_s = time.perf_counter() - start_s, server.cpu_s()
    stations_s = time.process_time() - stations_s
    each_kb = (server.memory_kb() - start_kb) / STATIONS
    for each in back:
        each.close()
    return Back(took_s, cpu_s, each_kb, open_s, open_cpu_s, stations_s, start_kb / 1_000)
