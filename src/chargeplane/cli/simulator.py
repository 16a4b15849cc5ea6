"""Virtual stations that people start and move in the console of a demonstration.

They dial the program's own port as any station does. Only a demonstration has these routes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import delete, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from chargeplane.cli.composition import Contribution, Foundation
from chargeplane.cli.demonstration import SPEED, TOKENS
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.ocpp.errors import LocalError
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.rest import FieldFault, Injected, Principal, Problem, Routes, requires
from chargeplane.runtime.store import Function, tenants
from chargeplane.station import Station
from chargeplane.station.control import Panel
from chargeplane.station.control.panel import Deed
from chargeplane.station.faults import FAULTS
from chargeplane.station.quirks import QUIRKS

__all__ = ["Simulator", "routes", "simulator"]

VIRTUAL_STATIONS_MAX = 20
PREFIX = "SIM-"
"""Of their identities, so that nobody takes one for a station of metal."""
READ, WRITE = requires("simulator:read"), requires("simulator:write")


class VirtualEvse(Struct, frozen=True):
    """What somebody would see who stood before it."""

    id: int
    status: str
    plugged: bool
    soc: float | None
    """State of charge of the vehicle, 0 to 1."""
    power_w: float
    register_wh: float
    token: str | None
    fault: str


class VirtualStation(Struct, frozen=True):
    """A virtual station as it is now."""

    id: str
    version: str
    online: bool
    why_offline: str
    waiting: int
    """Transaction messages that it still has to deliver."""
    quirks: list[str]
    evses: list[VirtualEvse]


class VirtualStations(Struct, frozen=True):
    """All of them, and what there is to choose from."""

    items: list[VirtualStation]
    versions: list[str]
    tokens: list[str]
    """Id tokens that a demonstration accepts."""
    faults: list[str]
    quirks: list[str]


class NewVirtualStation(Struct, frozen=True, forbid_unknown_fields=True):
    """A virtual station to start."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,15}$")]
    """Its identity is ``SIM-`` and this."""
    version: Version = Version.V2_1
    soap: bool = False


class Simulator:
    """Starts, moves and removes virtual stations of the first tenant."""

    def __init__(self, base: Foundation) -> None:
        """Nothing is started yet."""
        at = f"{base.settings.host}:{base.settings.ocpp_port}"
        self._url, self._soap_url = f"ws://{at}/ocpp", f"http://{at}/soap"
        self._base = base
        self._stations: dict[str, Station] = {}
        self.panel = Panel(self._stations, sorted(QUIRKS))

    async def start(self, wanted: NewVirtualStation) -> VirtualStation:
        """Register a station, and let it dial.

        Raises:
            ValueError: there are too many, there is one of this name, or 2.x was to speak SOAP.
        """
        identity = PREFIX + wanted.name
        if len(self._stations) >= VIRTUAL_STATIONS_MAX:
            raise ValueError(f"at most {VIRTUAL_STATIONS_MAX} virtual stations run at once")
        if identity in self._stations:
            raise ValueError(f"{identity} runs already")
        station = Station(
            identity,
            url=self._soap_url if wanted.soap else self._url,
            version=wanted.version,
            speed=SPEED,
            ready_timeout_s=None,
        )
        self._stations[identity] = station
        known = Known(tenants.DEFAULT_TENANT_ID, identity, 0, None, Registration.ACCEPTED, 0)
        begun = False
        try:
            clock = self._base.clock
            await self._base.store.write(Function(partial(_register, known, now=clock.now())))
            await station.__aenter__()
            begun = True
        finally:
            if not begun:
                del self._stations[identity]
        return self.one(identity)

    async def remove(self, identity: str) -> None:
        """Switch a station off. It stays registered, with all that it did.

        Raises:
            KeyError: it does not run.
        """
        await self._stations.pop(identity).__aexit__(None, None, None)

    async def stop(self) -> None:
        """Switch all off."""
        await asyncio.gather(*(self.remove(each) for each in list(self._stations)))

    def one(self, identity: str) -> VirtualStation:
        """How a station is now."""
        return next(each for each in self.all() if each.id == identity)

    def all(self) -> list[VirtualStation]:
        """How all are now."""
        for station in self._stations.values():
            station.act(lambda core, now_s: core.advance(now_s))
        return msgspec.convert(self.panel.cards(), list[VirtualStation])


def _register(known: Known, connection: Any, *, now: Any) -> None:
    register(connection, known, now)


@get("/simulator/stations", guards=[READ], summary="List virtual stations")
async def list_virtual_stations(
    simulator: Injected[Simulator], principal: Injected[Principal]
) -> VirtualStations:
    """Those that run, each as somebody would see it who stood before it."""
    _of_first_tenant(principal)
    versions = [each.value for each in Version]
    quirks = list(simulator.panel.quirks)
    return VirtualStations(simulator.all(), versions, list(TOKENS[:10]), list(FAULTS), quirks)


@post("/simulator/stations", guards=[WRITE], summary="Start a virtual station")
async def start_virtual_station(
    data: JSONBody[NewVirtualStation],
    simulator: Injected[Simulator],
    principal: Injected[Principal],
) -> VirtualStation:
    """Register it, and let it dial the program's own port."""
    _of_first_tenant(principal)
    if data.soap and data.version.newest_of_family is not Version.V1_6:
        raise Problem.invalid(FieldFault("soap", "only 1.2, 1.5 and 1.6 have SOAP"))
    if not data.soap and data.version in (Version.V1_2, Version.V1_5):
        raise Problem.invalid(FieldFault("soap", "stations of 1.2 and 1.5 speak SOAP"))
    try:
        return await simulator.start(data)
    except ValueError as error:
        raise Problem.conflict("identity-taken", str(error)) from error


@post(
    "/simulator/stations/{station_id:str}/{deed:str}",
    guards=[WRITE],
    status_code=200,
    summary="Do something at a virtual station",
)
async def act_on_virtual_station(
    station_id: FromPath[str],
    deed: FromPath[str],
    data: JSONBody[Deed],
    simulator: Injected[Simulator],
    principal: Injected[Principal],
) -> VirtualStation:
    """``plug``, ``unplug``, ``tap``, ``fault``, ``quirks`` or ``restart``, as a person would."""
    _of_first_tenant(principal)
    try:
        simulator.panel.do(station_id, deed, data)
    except KeyError as error:
        raise Problem.not_found("virtual station, or EVSE of it,", station_id) from error
    except (ValueError, LocalError) as error:
        raise Problem.conflict("cannot-be-done", str(error)) from error
    return simulator.one(station_id)


@delete("/simulator/stations/{station_id:str}", guards=[WRITE], summary="Remove a virtual station")
async def remove_virtual_station(
    station_id: FromPath[str], simulator: Injected[Simulator], principal: Injected[Principal]
) -> None:
    """Switch it off; what it did stays, and so does its registration."""
    _of_first_tenant(principal)
    try:
        await simulator.remove(station_id)
    except KeyError as error:
        raise Problem.not_found("virtual station", station_id) from error


def _of_first_tenant(principal: Principal) -> None:
    if principal.tenant_id != tenants.DEFAULT_TENANT_ID:
        raise Problem.not_found("simulator", "of this tenant")


HANDLERS = (
    list_virtual_stations,
    start_virtual_station,
    act_on_virtual_station,
    remove_virtual_station,
)


def routes(simulator: Simulator | None) -> Routes:
    """The routes; None: to describe them, in a program that is never started."""
    return Routes("Simulator", HANDLERS, {"simulator": simulator})


@asynccontextmanager
async def simulator(base: Foundation) -> AsyncIterator[Contribution]:
    """In a demonstration: the simulator."""
    if not base.is_demo:
        yield Contribution()
        return
    made = Simulator(base)
    try:
        yield Contribution([routes(made)], {"Simulator": "/simulator, in the console"})
    finally:
        await made.stop()
