"""The server side: ports that stations dial, and the links that come of it.

One listener may hold several ports (plain, TLS); its bounds count over all of them.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from chargeplane.runtime.links.admission import Admission
from chargeplane.runtime.links.faults import CloseCode
from chargeplane.runtime.links.front import Front
from chargeplane.runtime.links.heads import Request, Response
from chargeplane.runtime.links.link import Link
from chargeplane.runtime.links.receivers import Receiver
from chargeplane.runtime.links.settings import ListenerSettings
from chargeplane.runtime.links.transports import Transport, create_server, wire_factory
from chargeplane.runtime.links.wheel import Wheel
from chargeplane.runtime.links.wires import Wire

__all__ = ["Listener", "Opened", "Respond"]

Opened = Callable[[Link], Receiver]
"""Called for each new link; what it returns is told everything that happens on it."""

Respond = Callable[[Request], Awaitable[Response | None]]
"""Answers a plain HTTP request (SOAP, WSDL); None: not known."""

_BACKLOG_MAX = 4_096  # a whole fleet dials at once after a restart


async def _knows_nothing(_request: Request) -> Response | None:
    return None


@dataclass(frozen=True, slots=True)
class _Port:
    servers: list[asyncio.Server]
    """More than one where a name has several addresses."""
    entrance: Any


class Listener:
    """Listens, admits, and keeps count. Belongs to the running loop."""

    def __init__(
        self,
        admit: Admission,
        opened: Opened,
        *,
        respond: Respond = _knows_nothing,
        settings: ListenerSettings | None = None,
        transport: Transport = Transport.PICOWS,
    ) -> None:
        """Hold no port yet; ``listen`` opens them."""
        self.admit = admit
        self.respond = respond
        self.settings = settings or ListenerSettings()
        self.wire = wire_factory(transport)
        self._transport = transport
        self.wheel = Wheel()
        self.links: set[Link] = set()
        self.refusals: Counter[int] = Counter()
        """How often each HTTP error was answered."""
        self.is_draining = False
        self._opened = opened
        self._quiet = asyncio.Event()
        self._ports: dict[int, _Port] = {}
        self._retired: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._sources: Counter[str] = Counter()
        self._connections = 0

    @property
    def connections(self) -> int:
        """How many there are, links and others."""
        return self._connections

    @property
    def is_flooded(self) -> bool:
        """Whether there are so many that one more is not even told why it is turned away."""
        return self._connections > self.settings.connections_max + self.settings.over_max

    async def listen(
        self, host: str, port: int, tls: ssl.SSLContext | None = None, entrance: Any = None
    ) -> int:
        """Open a port, 0 for any; the number of the port.

        Args:
            host: the address to listen on.
            port: its number.
            tls: for a port with TLS.
            entrance: shown to admission with each attempt that comes in here.
        """
        server = await self._server(tls, entrance, host, port)
        number = int(server.sockets[0].getsockname()[1])
        self._ports[number] = _Port([server], entrance)
        return number

    async def renew(self, port: int, tls: ssl.SSLContext) -> None:
        """Shake hands by another context on a TLS port from now on.

        Nobody who is connected notices. The sockets stay open, under new servers, so that nobody
        who dials meanwhile is refused; handshakes under way end as they began.
        """
        old = self._ports[port]
        sockets = [
            socket.socket(fileno=os.dup(each.fileno()))
            for server in old.servers
            for each in server.sockets
        ]
        servers = [await self._server(tls, old.entrance, sock=each) for each in sockets]
        self._ports[port] = _Port(servers, old.entrance)
        for server in old.servers:
            self._retire(server)

    def _retire(self, server: asyncio.Server) -> None:
        """Accept nothing more, and close when all that was accepted is past its handshake.

        Servers drop what they have accepted in the moment of their end.
        """
        if type(server).__module__.startswith("uvloop"):
            server.close()  # it hands over in the moment that it accepts
            return
        loop = asyncio.get_running_loop()
        for each in server.sockets:
            loop.remove_reader(each.fileno())
        self._retired.append(server)
        loop.call_later(self.settings.handshake_timeout_s, self._close_retired, server)

    def _close_retired(self, server: asyncio.Server) -> None:
        server.close()
        if server in self._retired:
            self._retired.remove(server)

    async def _server(
        self,
        tls: ssl.SSLContext | None,
        entrance: Any,
        host: str | None = None,
        port: int | None = None,
        sock: socket.socket | None = None,
    ) -> asyncio.Server:
        return await create_server(
            lambda: Front(self, entrance),
            host,
            port,
            sock=sock,
            tls=tls,
            transport=self._transport,
            backlog_max=_BACKLOG_MAX,
            handshake_timeout_s=self.settings.handshake_timeout_s,
        )

    @property
    def _servers(self) -> list[asyncio.Server]:
        current = [server for port in self._ports.values() for server in port.servers]
        return [*current, *self._retired]

    async def drain(self, timeout_s: float = 5.0) -> None:
        """Stop: no new connections, links closed with 1001, what is left after a time cut off."""
        self.is_draining = True
        for server in self._servers:
            server.close()
        for link in tuple(self.links):
            link.close(CloseCode.GOING_AWAY, "shutting down")
        self._note_quiet()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._quiet.wait(), timeout_s)
        for link in tuple(self.links):
            link.cut("shutting down")
        for task in tuple(self._tasks):
            task.cancel()
        await self._quiet.wait()
        for server in self._servers:
            await server.wait_closed()
        self.wheel.stop()

    # What fronts tell and ask.

    def arrived(self, host: str) -> HTTPStatus | None:
        """Count a connection; the error to answer if it is one too many."""
        self._connections += 1
        self._sources[host] += 1
        if self.is_draining or self._connections > self.settings.connections_max:
            return HTTPStatus.SERVICE_UNAVAILABLE
        if self._sources[host] > self.settings.per_source_max:
            return HTTPStatus.TOO_MANY_REQUESTS
        return None

    def left(self, host: str) -> None:
        """A connection is gone."""
        self._connections -= 1
        self._sources[host] -= 1
        if not self._sources[host]:
            del self._sources[host]

    def start(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Serve a connection."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def opened(self, link: Link, wire: Wire) -> None:
        """A link is open: find its receiver."""
        self.links.add(link)
        link.open(wire, self._ended)
        # A link without a sub-protocol is closed as soon as it is open; nobody needs to know.
        if link.facts.subprotocol is not None:
            link.attach(self._opened(link))

    def _ended(self, link: Link) -> None:
        self.links.discard(link)
        self.left(link.facts.peer.host)
        self._note_quiet()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # A bug in what we were given to ask. The peer was told 500; the trace is for us.
            asyncio.get_running_loop().call_exception_handler(
                {"message": "a connection was not served", "exception": error, "task": task}
            )
        self._note_quiet()

    def _note_quiet(self) -> None:
        if self.is_draining and not self.links and not self._tasks:
            self._quiet.set()
