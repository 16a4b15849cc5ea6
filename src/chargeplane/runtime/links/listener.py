"""The server side: the ports that stations dial.

One listener may hold several (plain, TLS). Whoever comes in is looked after by its ``Reception``,
whose bounds count over all ports.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from dataclasses import dataclass
from typing import Any

from chargeplane.runtime.links.accepting import Acceptor, listening_sockets
from chargeplane.runtime.links.admission import Admission
from chargeplane.runtime.links.front import Front
from chargeplane.runtime.links.reception import Opened, Reception, Respond, knows_nothing
from chargeplane.runtime.links.settings import ListenerSettings
from chargeplane.runtime.links.sockets import tune_socket
from chargeplane.runtime.links.transports import (
    Transport,
    create_server,
    shake_hands,
    wire_factory,
)

__all__ = ["Listener"]

_log = logging.getLogger(__name__)
_BACKLOG_MAX = 4_096  # a whole fleet dials at once after a restart


@dataclass(slots=True)
class _Port:
    server: asyncio.Server | Acceptor
    tls: ssl.SSLContext | None


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
        if tls is None:
            server: asyncio.Server | Acceptor = await create_server(
                lambda: Front(self.reception, entrance), host, port, backlog_max=_BACKLOG_MAX
            )
        else:
            server = await self._secure(host, port, entrance)
        number = int(server.sockets[0].getsockname()[1])
        self._ports[number] = _Port(server, tls)
        return number

    async def _secure(self, host: str, port: int, entrance: Any) -> Acceptor:
        sockets = await listening_sockets(host, port, _BACKLOG_MAX)
        number = int(sockets[0].getsockname()[1])
        # Once, as for ports without TLS.
        for each in sockets:
            tune_socket(each)

        def accepted(connection: socket.socket, source: str) -> None:
            front = Front(self.reception, entrance)
            if front.expect(source):
                self.reception.start(self._shake_hands(front, connection, number))
            else:
                connection.close()

        return Acceptor(sockets, accepted)

    async def _shake_hands(self, front: Front, connection: socket.socket, port: int) -> None:
        tls = self._ports[port].tls
        assert tls is not None
        try:
            await shake_hands(
                front,
                connection,
                tls,
                transport=self._transport,
                timeout_s=self.settings.handshake_timeout_s,
            )
        except OSError as error:
            _log.debug("no handshake: %s", error)  # TLS itself has told the peer
        finally:
            if not front.is_made:
                connection.close()
                front.give_up_expecting()

    async def renew(self, port: int, tls: ssl.SSLContext) -> None:
        """Shake hands by another context on a TLS port from now on.

        Nobody who is connected notices; handshakes under way end as they began.
        """
        self._ports[port].tls = tls

    async def drain(self, timeout_s: float = 5.0) -> None:
        """Stop: no new connections, links closed with 1001, what is left after a time cut off."""
        servers = [port.server for port in self._ports.values()]
        for server in servers:
            server.close()
        await self.reception.drain(timeout_s)
        for server in servers:
            await server.wait_closed()
        self.reception.wheel.stop()
