"""The server side: the ports that stations dial.

One listener may hold several (plain, TLS). Whoever comes in is looked after by its ``Reception``,
whose bounds count over all ports.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from dataclasses import dataclass
from typing import Any

from chargeplane.runtime.links.admission import Admission
from chargeplane.runtime.links.front import Front
from chargeplane.runtime.links.reception import Opened, Reception, Respond, knows_nothing
from chargeplane.runtime.links.settings import ListenerSettings
from chargeplane.runtime.links.transports import Transport, create_server, wire_factory

__all__ = ["Listener"]

_BACKLOG_MAX = 4_096  # a whole fleet dials at once after a restart


@dataclass(frozen=True, slots=True)
class _Port:
    servers: list[asyncio.Server]
    """More than one where a name has several addresses."""
    entrance: Any


class Listener:
    """Opens ports, and closes them. Belongs to the running loop."""

    def __init__(
        self,
        admit: Admission,
        opened: Opened,
        *,
        respond: Respond = knows_nothing,
        settings: ListenerSettings | None = None,
        transport: Transport = Transport.PICOWS,
    ) -> None:
        """Hold no port yet; ``listen`` opens them."""
        self.settings = settings or ListenerSettings()
        self.reception = Reception(admit, opened, respond, self.settings, wire_factory(transport))
        self._transport = transport
        self._ports: dict[int, _Port] = {}
        self._retired: list[asyncio.Server] = []

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
            lambda: Front(self.reception, entrance),
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
        for server in self._servers:
            server.close()
        await self.reception.drain(timeout_s)
        for server in self._servers:
            await server.wait_closed()
        self.reception.wheel.stop()
