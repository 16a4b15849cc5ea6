"""The server process, seen from a test."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Self

from chargeplane.runtime.store import Settings

READY_S_MAX = 20.0


class Host:
    """Starts and kills servers on one database, one at a time."""

    def __init__(self, settings: Settings, *options: str) -> None:
        self._command = (sys.executable, "-m", "tests.faults.server", settings.url, *options)
        self._nursery: Process
        self._port: asyncio.Future[int]
        self._born_s = 0.0
        self.pid = 0
        self.starts_s: list[float] = []
        """How long each server took from its birth to an open port."""

    async def __aenter__(self) -> Self:
        self._port = asyncio.get_running_loop().create_future()
        self._nursery = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE
        )
        assert await self._told() == ["ready"]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._nursery.stdin is not None
        self._nursery.stdin.close()
        if self.pid:
            await self.kill()
        await self._nursery.wait()

    async def port(self) -> int:
        """Where to dial, as soon as a server serves."""
        return await asyncio.shield(self._port)

    async def start(self) -> None:
        """Bear a server and wait until it serves."""
        await self.bear()
        await self.ready()

    async def bear(self) -> None:
        """A new process, which does not serve yet."""
        assert self._nursery.stdin is not None
        self._nursery.stdin.write(b"\n")
        word, pid = await self._told()
        assert word == "born"
        self.pid, self._born_s = int(pid), time.monotonic()

    async def ready(self) -> None:
        """The process serves."""
        word, port = await self._told()
        assert word == "serving"
        self.starts_s.append(time.monotonic() - self._born_s)
        self._port.set_result(int(port))

    async def kill(self) -> None:
        """SIGKILL; returns when the process is gone."""
        os.kill(self.pid, signal.SIGKILL)
        if self._port.done():
            self._port = asyncio.get_running_loop().create_future()
        while await self._told() != ["dead"]:
            pass  # it may just have said that it serves
        self.pid = 0

    def let_files_grow(self, size_bytes: int | None) -> None:
        """Bound the size of every file of the server: a full disk to it. None: no bound."""
        hard = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)[1]
        soft = resource.RLIM_INFINITY if size_bytes is None else size_bytes
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (soft, hard))

    def peak_memory_kib(self, *, anew: bool = False) -> int:
        """The most that the server has held at a time; ``anew`` begins again with what it holds."""
        process = Path("/proc") / str(self.pid)
        if anew:
            (process / "clear_refs").write_text("5")
        status = (process / "status").read_text()
        return int(status.partition("\nVmHWM:")[2].split()[0])

    async def _told(self) -> list[str]:
        assert self._nursery.stdout is not None
        async with asyncio.timeout(READY_S_MAX):
            line = await self._nursery.stdout.readline()
        assert line, "the nursery has ended"
        return line.decode().split()
