"""Server processes, seen from the load."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

__all__ = ["PROCESSORS", "Served", "served"]

PROCESSORS = os.sched_getaffinity(0)
"""The first is for servers, the last for the load."""
_CPU_OF_PROCESS = 2  # the last bits of the number of a clock: of a process, scheduled time


class Served:
    """A server process."""

    def __init__(self, module: str, words: list[str]) -> None:
        command = [sys.executable, "-m", module, *words]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        os.sched_setaffinity(self.process.pid, {min(PROCESSORS)})
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def cpu_s(self) -> float:
        """Processor time of all its threads; the clock that clock_getcpuclockid(3) would name."""
        return time.clock_gettime((~self.process.pid << 3) | _CPU_OF_PROCESS)

    def memory_kb(self) -> int:
        """What it holds alone, and its part of what it shares."""
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return int(rollup.partition("\nPss:")[2].split()[0])

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def served(folder: Path, kind: str, *, tickets: int | None = None) -> Served:
    """One of the ports that are compared; ``tickets`` for TLS 1.3, None: as our context has it."""
    return Served("bench.tls.ports", [str(folder), kind, "" if tickets is None else str(tickets)])
