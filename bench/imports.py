"""How long a program waits for the library: one version, in a new process. The goal: 150 ms."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from statistics import median

ROUNDS = 7
_PROGRAM = """
import time
start = time.perf_counter()
from chargeplane.ocpp import {package}
from chargeplane.ocpp.peer import Peer
print(time.perf_counter() - start)
"""


def run() -> Iterator[str]:
    """All lines of this benchmark."""
    yield "import of the library with one version and the peer, beside the package ocpp"
    for package in ("v16", "v201", "v21"):
        ours = _seconds(_PROGRAM.format(package=package))
        theirs = _seconds(
            _PROGRAM.format(package=package)
            .replace("chargeplane.ocpp.peer import Peer", f"ocpp.{package} import call_result")
            .replace("chargeplane.ocpp import", "ocpp import")
        )
        yield f"  {package:<28} {ours * 1000:8.0f} ms   ocpp {theirs * 1000:8.0f} ms"


def _seconds(program: str) -> float:
    command = [sys.executable, "-c", program]
    return median(
        float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(ROUNDS)
    )
