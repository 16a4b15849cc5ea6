"""Takes connections from listening sockets one by one, before a byte of TLS is read.

The servers of event loops tell of a connection with TLS only after its handshake. Whoever begins
none would hold a file of the process that no bound counts.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

__all__ = ["Acceptor", "listening_sockets"]

_log = logging.getLogger(__name__)
AT_ONCE_MAX: Final = 64
"""Connections that are taken before others have their turn."""
PAUSE_S: Final = 1.0
"""How long nobody is taken when the system has no room for another connection."""
_NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Acceptor:
    """Tells of each connection and of the address that it comes from. Belongs to the running loop.

    It has the part of ``asyncio.Server`` that a listener uses.
    """

    def __init__(
        self, sockets: list[socket.socket], accepted: Callable[[socket.socket, str], None]
    ) -> None:
        """Take over sockets that listen already."""
        self.sockets = sockets
        self._accepted = accepted
        self._loop = asyncio.get_running_loop()
        for each in sockets:
            self._loop.add_reader(each, self._take, each)

    def _take(self, listening: socket.socket) -> None:
        for _ in range(AT_ONCE_MAX):
            try:
                connection, address = listening.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionAbortedError:
                continue
            except OSError as error:
                if error.errno not in _NO_ROOM:
                    raise
                self._pause(listening, error)
                return
            connection.setblocking(False)
            self._accepted(connection, str(address[0]))

    def _pause(self, listening: socket.socket, error: OSError) -> None:
        """Whoever waits would wake the loop at once again, and fill the log."""
        _log.warning("no connection can be taken for %g s: %s", PAUSE_S, error)
        self._loop.remove_reader(listening)
        self._loop.call_later(PAUSE_S, self._go_on, listening)

    def _go_on(self, listening: socket.socket) -> None:
        if listening in self.sockets:
            self._loop.add_reader(listening, self._take, listening)

    def close(self) -> None:
        """Take nobody any more."""
        for each in self.sockets:
            self._loop.remove_reader(each)
            each.close()
        self.sockets = []

    async def wait_closed(self) -> None:
        """Nothing is under way here: what was taken is somebody else's."""


async def listening_sockets(host: str, port: int, backlog: int) -> list[socket.socket]:
    """One for each address of a host.

    Raises:
        OSError: one of them cannot be had.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    with ExitStack() as opened:
        sockets = []
        for family, kind, proto, _, address in dict.fromkeys(found):
            each = opened.enter_context(socket.socket(family, kind, proto))
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            each.bind(address)
            each.listen(backlog)
            each.setblocking(False)
            sockets.append(each)
        opened.pop_all()
    return sockets
