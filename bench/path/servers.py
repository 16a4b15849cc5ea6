"""The servers that are compared, each in a process of its own on the first processor."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

__all__ = ["Server", "Serving", "serve"]

FIRST_PROCESSOR = min(os.sched_getaffinity(os.getppid()))


class Serving(NamedTuple):
    """A server that serves."""

    port: int
    commits: Callable[[], int]


class Server:
    """One of the servers while it runs, seen from the load."""

    def __init__(self, name: str, stations: int, package: str = "bench.path") -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{package}.{name}", str(stations), self._folder.name],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = self._told()

    def _told(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    @property
    def pid(self) -> int:
        return self._process.pid

    def commits(self) -> int:
        """How many it has made so far."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._told()

    def cpu_s(self) -> float:
        """Processor time of all its threads."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()


def serve(
    start: Callable[[int, Path], Awaitable[Serving]],
    new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
) -> None:
    """The other end of ``Server``: started as ``python -m bench.path.NAME STATIONS FOLDER``."""
    os.sched_setaffinity(0, {FIRST_PROCESSOR})

    async def main() -> None:
        serving = await start(int(sys.argv[1]), Path(sys.argv[2]))
        sys.stdout.write(f"{serving.port}\n")
        sys.stdout.flush()
        asked = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(asked), sys.stdin
        )
        while await asked.readline():
            sys.stdout.write(f"{serving.commits()}\n")
            sys.stdout.flush()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main())
