"""A central system with both of its ports, and virtual stations that send and fetch files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.csms.options import Options
from chargeplane.domain.events import Event
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.store import Function, Store
from chargeplane.station import Station
from chargeplane.web import WebServer
from tests.cli.calling import free_port
from tests.csms.making import NOW, TENANT_ID
from tests.csms.rest import application, client

__all__ = ["Yard", "opened"]

E = TypeVar("E", bound=Event)


class Yard:
    """What runs, and what was told."""

    def __init__(self, central: CentralSystem, port: int, rest: httpx.AsyncClient) -> None:
        self.central = central
        self.rest = rest
        self._port = port
        self._events: list[Event] = []
        self._here = asyncio.Condition()

    def listen(self, *kinds: type[Event]) -> None:
        """Keep the events of some kinds."""
        self.central.bus.listen(self._note, *kinds)

    async def _note(self, event: Event) -> None:
        async with self._here:
            self._events.append(event)
            self._here.notify_all()

    async def until(self, kind: type[E], holds: Callable[[E], bool]) -> E:
        """The first event of a kind for which something holds."""

        def found() -> E | None:
            mine = (each for each in self._events if isinstance(each, kind))
            return next((each for each in mine if holds(each)), None)

        async with asyncio.timeout(30), self._here:
            await self._here.wait_for(lambda: found() is not None)
        event = found()
        assert event is not None
        return event

    def station(self, version: str, **more: Any) -> Station:
        """One that the central system knows, as ``CP`` and its version; 1.5 speaks SOAP."""
        at, name = f"127.0.0.1:{self._port}", name_of(version)
        url = f"http://{at}/soap" if version == "1.5" else f"ws://{at}/ocpp"
        return Station(name, url=url, version=version, **more)

    async def command(self, station: Station, name: str, **body: Any) -> Any:
        """Give a command; its answer."""
        answer = await self.rest.post(f"/stations/{station.identity}/commands/{name}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()


VERSIONS = ("1.5", "1.6", "2.0.1", "2.1")


def name_of(version: str) -> str:
    return f"CP{version}"


@asynccontextmanager
async def opened(store: Store, folder: Path) -> AsyncIterator[Yard]:
    """A central system that serves; its stations are registered."""
    for version in VERSIONS:
        known = Known(TENANT_ID, name_of(version), 0, None, Registration.ACCEPTED, 0)
        await store.write(Function(partial(register, known=known, now=NOW)))
    port = free_port()
    options = Options(
        files=folder / "files",
        files_url=f"http://127.0.0.1:{port}/api/v1",
        loopback_allowed=True,
    )
    central = CentralSystem(store, SystemClock(), options)
    app = application(store, *central.routes)
    await central.start()
    try:
        ocpp_port = await central.listen("127.0.0.1", 0)
        async with (
            WebServer(app, "127.0.0.1", port),
            client(store, *central.routes) as rest,
        ):
            yield Yard(central, ocpp_port, rest)
    finally:
        await central.stop()
