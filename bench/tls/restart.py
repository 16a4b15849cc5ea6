"""How long 5,000 stations need until they are all back after the central system was killed.

The time runs from the start of the new process to the last answer: each station has shaken hands,
has proved who it is, has booted and told a status, and both are durable.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.storm import BOOT, STATUS
from bench.tls.pki import STATION, prepared
from bench.tls.serving import Served
from bench.tls.stations import Secured, come

STATIONS = 5_000
# The certificate names the serial number, so the station has to tell it.
SAID = BOOT.replace('"model":', f'"serialNumber":"{STATION}","model":'), STATUS


GOAL_S, GOAL_CPU_S = 20, 8


def restarted() -> Iterator[str]:
    """The lines of the report."""
    yield (
        f"{STATIONS:,} stations back after a restart, booted and durable (SQLite); goals: all "
        f"{GOAL_S} s on two processors that do nothing else, server {GOAL_CPU_S} s"
    )
    yield f"  {'':<12}  all s  port open s   server cpu s  its start s   stations cpu s   kB each"
    for title, profile in (("TLS", 2), ("mutual TLS", 3)):
        with TemporaryDirectory() as name:
            folder = Path(name)
            prepared(folder)
            yield f"  {title:<12}{_line(folder, profile)}"


def _line(folder: Path, profile: int) -> str:
    secured = Secured(folder, mutual=profile == 3)
    words = [str(STATIONS), str(profile)]
    first = Served("bench.tls.central", [str(folder), "0", *words])
    gone = come(first.port, secured, range(STATIONS), SAID)
    first.stop()
    for each in gone:
        each.close()
    start_s = time.perf_counter()
    second = Served("bench.tls.central", [str(folder), str(first.port), *words])
    ready_s, ready_cpu_s = time.perf_counter() - start_s, second.cpu_s()
    stations_s = time.process_time()
    try:
        back = come(second.port, secured, range(STATIONS), SAID)
        took_s = time.perf_counter() - start_s
        cpu_s, stations_s = second.cpu_s(), time.process_time() - stations_s
        each_kb = second.memory_kb() / STATIONS
    finally:
        second.stop()
    for each in back:
        each.close()
    return (
        f"{took_s:>7.1f} {ready_s:>12.1f} {cpu_s:>14.1f} {ready_cpu_s:>12.1f} "
        f"{stations_s:>16.1f} {each_kb:>9.0f}"
    )
