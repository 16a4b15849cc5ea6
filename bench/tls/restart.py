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


def restarted() -> Iterator[str]:
    """The lines of the report."""
    yield f"{STATIONS:,} stations back after a restart, booted and durable (SQLite)"
    for title, profile in (("TLS", 2), ("mutual TLS", 3)):
        with TemporaryDirectory() as name:
            folder = Path(name)
            prepared(folder)
            yield f"  {title:<12} {_line(folder, profile)}"


def _line(folder: Path, profile: int) -> str:
    secured = Secured(folder, mutual=profile == 3)
    words = [str(STATIONS), str(profile)]
    first = Served("bench.tls.central", [str(folder), "0", *words])
    gone = come(first.port, secured, range(STATIONS), SAID)
    first.stop()
    for each in gone:
        each.close()
    load_s, start_s = time.process_time(), time.perf_counter()
    second = Served("bench.tls.central", [str(folder), str(first.port), *words])
    ready_s = time.perf_counter() - start_s
    try:
        back = come(second.port, secured, range(STATIONS), SAID)
        took_s = time.perf_counter() - start_s
        cpu_s, load_s = second.cpu_s(), time.process_time() - load_s
        each_kb = second.memory_kb() / STATIONS
    finally:
        second.stop()
    for each in back:
        each.close()
    return (
        f"{took_s:5.1f} s, {ready_s:.1f} s of them until the port was open; processor time "
        f"{cpu_s:.1f} s, and {load_s:.1f} s of the stations; memory / stations {each_kb:.0f} kB"
    )
