"""A real station whose day passes quickly, and the files that it is sent for."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from chargeplane.ocpp.versions import Version
from chargeplane.runtime.clock import SystemClock
from chargeplane.station import Inventory, Station
from chargeplane.station.firmware.images import image
from chargeplane.station.signals import Signal
from tests.station.central import START

Ask = Callable[[str, dict[str, Any]], Awaitable[Any]]


class QuickClock(SystemClock):
    """The clock of the machine, which may be put forward."""

    def __init__(self) -> None:
        self._ahead_s = -time.monotonic()

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic_s())

    def monotonic_s(self) -> float:
        return time.monotonic() + self._ahead_s

    def skip(self, duration_s: float) -> None:
        self._ahead_s += max(duration_s, 0.0)


class Day:
    """One station, over its real connection."""

    def __init__(self, station: Station, clock: QuickClock, ask: Ask, files: str) -> None:
        self.station = station
        self.clock = clock
        self.ask = ask
        """Lets the central system ask; returns when the station has answered."""
        self.files = files

    def want(self, signal: Signal) -> None:
        self.station.act(lambda core, now_s: core.want(signal, now_s))

    async def quiet(self) -> None:
        """Wait until every question of the station is answered, and every file is there."""
        files = True
        while files:
            await self.station.until(lambda core: not core.hub.conversation.waiting)
            files = await self.station.files_carried()

    async def wait(self, duration_s: float) -> None:
        """Let time pass; all that is due in it happens at its moment, and is answered."""
        await self.quiet()
        until_s = self.clock.monotonic_s() + duration_s
        while True:
            due_s = self.station.core.deadline_s
            now_s = self.clock.monotonic_s()
            if due_s is None or due_s > until_s:
                break
            self.clock.skip(due_s - now_s)
            self.station.act(lambda core, now_s: core.advance(now_s))
            await self.quiet()
        self.clock.skip(until_s - self.clock.monotonic_s())


class _Files(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        data = image("2.0.0")
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - theirs
        """Nobody reads it."""


@contextmanager
def file_server() -> Iterator[str]:
    """Gives a firmware image to everybody, and takes all logs; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@asynccontextmanager
async def day_at(
    url: str, version: Version, inventory: Inventory, ask: Ask
) -> AsyncIterator[tuple[Day, list[str]]]:
    """A station that is registered, and the frames that it sends."""
    sent: list[str] = []
    clock = QuickClock()
    station = Station(
        "CP1",
        url=url,
        version=version,
        inventory=inventory,
        seed=1,
        clock=clock,
        frame=lambda way, text: sent.append(text) if way == "sent" else None,
    )
    with file_server() as files:
        async with station:
            yield Day(station, clock, ask, files), sent
