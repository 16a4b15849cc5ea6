"""Who is in: the connections of all ports together, from their arrival to their end.

The bounds count here, and here a shutdown learns when everybody has left.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from chargeplane.runtime.links.admission import Admission
from chargeplane.runtime.links.faults import CloseCode
from chargeplane.runtime.links.heads import Request, Response
from chargeplane.runtime.links.link import Link
from chargeplane.runtime.links.receivers import Receiver
from chargeplane.runtime.links.settings import ListenerSettings
from chargeplane.runtime.links.wheel import Wheel
from chargeplane.runtime.links.wires import Wire, WireFactory

__all__ = ["Opened", "Reception", "Respond", "knows_nothing"]

Opened = Callable[[Link], Receiver]
"""Called for each new link; what it returns is told everything that happens on it."""

Respond = Callable[[Request], Awaitable[Response | None]]
"""Answers a plain HTTP request (SOAP, WSDL); None: not known."""


async def knows_nothing(_request: Request) -> Response | None:
    """The ``Respond`` of ports that are for WebSockets alone."""
    return None


class Reception:
    """Counts who comes and goes, and holds the links. Belongs to the running loop."""

    def __init__(
        self,
        admit: Admission,
        opened: Opened,
        respond: Respond,
        settings: ListenerSettings,
        wire: WireFactory,
    ) -> None:
        """Nobody is in."""
        self.admit = admit
        self.respond = respond
        self.settings = settings
        self.wire = wire
        self.wheel = Wheel()
        self.links: set[Link] = set()
        self.silent: set[asyncio.Transport] = set()
        """Connections that have not said anything yet."""
        self.refusals: Counter[int] = Counter()
        """How often each HTTP error was answered."""
        self.is_draining = False
        self._opened = opened
        self._quiet = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._sources: Counter[str] = Counter()
        self._connections = 0

    @property
    def connections(self) -> int:
        """How many there are, links and others."""
        return self._connections

    def is_flooded_by(self, host: str) -> bool:
        """Whether there are so many, of all or of this source, that one more is told nothing.

        A source above its bound that is waited for would fill the port for all others: it need
        not say a word for that.
        """
        bounds = self.settings
        return (
            self._connections > bounds.connections_max + bounds.over_max
            or self._sources[host] > bounds.per_source_max + bounds.over_max
        )

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
        self._note_quiet()

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

    async def drain(self, timeout_s: float) -> None:
        """Let nobody in any more, close all links with 1001, and cut off who stays too long."""
        self.is_draining = True
        for link in tuple(self.links):
            link.close(CloseCode.GOING_AWAY, "shutting down")
        self._note_quiet()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._quiet.wait(), timeout_s)
        for link in tuple(self.links):
            link.cut("shutting down")
        for transport in tuple(self.silent):
            transport.abort()
        for task in tuple(self._tasks):
            task.cancel()
        await self._quiet.wait()

    def _ended(self, link: Link) -> None:
        self.links.discard(link)
        self.left(link.facts.peer.host)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # A bug in what we were given to ask. The peer was told 500; the trace is for us.
            asyncio.get_running_loop().call_exception_handler(
                {"message": "a connection was not served", "exception": error, "task": task}
            )
        self._note_quiet()

    def _note_quiet(self) -> None:
        if self.is_draining and not (self.silent or self.links or self._tasks):
            self._quiet.set()
