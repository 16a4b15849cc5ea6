"""TLS on the port for stations: what it adds to the bare transport, what is dear in it, and storms.

Each server runs in a process of its own on the first processor, with the same certificates and the
same context; the load comes from the last one. What counts is the server's processor time, in turn
with its peers and in short rounds, so that whoever else uses the machine disturbs all alike. The
stations do not check the server's certificate: that would only make the load dearer. Linux only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.tls.alone import alone
from bench.tls.held import held
from bench.tls.pki import prepared
from bench.tls.restart import restarted
from bench.tls.serving import PROCESSORS
from bench.tls.upgrades import compared
from chargeplane.runtime.links import raise_open_files_max


def run() -> Iterator[str]:
    """The lines of the report."""
    raise_open_files_max()
    yield f"processes that wanted a processor at the start: {os.getloadavg()[0]:.1f}"
    os.sched_setaffinity(0, {max(PROCESSORS)})
    with TemporaryDirectory() as name:
        folder = Path(name)
        prepared(folder)
        yield from compared(folder)
        yield from alone(folder)
        yield from held(folder)
    yield from restarted()
