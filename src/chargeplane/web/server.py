"""uvicorn as a part of the program: it runs in our event loop and leaves the signals to us."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import uvicorn
from litestar import Litestar

from chargeplane.web.patience import Patient

__all__ = ["WebServer", "listening_at"]

CONNECTIONS_MAX = 1_000
"""Beyond it, requests are answered 503."""
HEADER_BYTES_MAX = 32_768
MESSAGE_BYTES_MAX = 65_536
"""Of what a client of the live stream says."""
_BACKLOG_MAX = 256
_PING_S = 20.0
_IDLE_S = 20
_STOP_S = 5


class WebServer:
    """Serves an application on one port until it is stopped.

        async with WebServer(app, "127.0.0.1", 8080) as server:
            print(server.port)

    A port that cannot be had raises OSError on entering, unless ``listening`` already has it.
    """

    def __init__(
        self,
        app: Litestar,
        host: str,
        port: int,
        connections_max: int = CONNECTIONS_MAX,
        listening: socket.socket | None = None,
    ) -> None:
        """Hold no port yet; ``port`` 0 takes any. ``listening`` is of that address."""
        self._address = (host, port)
        self._listening = listening
        self._server = _Server(
            uvicorn.Config(
                app,
                http=Patient,
                ws="websockets-sansio",
                ws_max_size=MESSAGE_BYTES_MAX,
                # A client that is gone without a word is noticed; see also the heartbeat.
                ws_ping_interval=_PING_S,
                ws_ping_timeout=_PING_S,
                # Rows change a little at a time; compressing them costs more than it saves here.
                ws_per_message_deflate=False,
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                # Whoever stands in front decides nothing here: no X-Forwarded-For is believed.
                proxy_headers=False,
                limit_concurrency=connections_max,
                timeout_keep_alive=_IDLE_S,
                timeout_graceful_shutdown=_STOP_S,
                h11_max_incomplete_event_size=HEADER_BYTES_MAX,
            )
        )
        self._task: asyncio.Task[None] | None = None
        self.port = port

    async def __aenter__(self) -> Self:
        """Open the port and wait until requests are served."""
        listening = self._listening
        if listening is None:
            listening = await asyncio.to_thread(listening_at, *self._address)
        self.port = int(listening.getsockname()[1])
        self._task = asyncio.create_task(self._server.serve([listening]), name="web server")
        ready = asyncio.create_task(self._server.ready.wait())
        await asyncio.wait({self._task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            listening.close()
            await self._task  # raises what ended it
        return self

    async def __aexit__(self, *_: object) -> None:
        """Take no new requests, finish those at work, cut off what lasts longer than 5 s."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task

    async def wait(self) -> None:
        """Wait until the server has ended, by itself or because it was stopped."""
        if self._task is not None:
            await asyncio.shield(self._task)


class _Server(uvicorn.Server):
    """Tells when it is ready, and leaves the signals to the program."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listening_at(host: str, port: int) -> socket.socket:
    """A listening socket for the first address that a host name has.

    Raises:
        OSError: the port cannot be had.
    """
    family, kind, proto, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listening = socket.socket(family, kind, proto)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG_MAX)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening
