"""Virtual stations that people start and move in the console.

They dial the program's own port as any station does. A demonstration has these routes, and a
server that was started with ``--simulator``. There each has a password, as any station has.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct
from sqlalchemy import Connection, select, update

from chargeplane.cli.composition import Contribution, Foundation
from chargeplane.cli.demonstration import SPEED
from chargeplane.cli.options import secret_keys
from chargeplane.cli.simulation.replaying import Replayed, say_again, story
from chargeplane.csms.authorization.finding import LISTING, Wanted
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known, stations
from chargeplane.domain.tokens import TokenStatus
from chargeplane.ocpp.errors import LocalError
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.passwords import Passwords, new_password
from chargeplane.runtime.rest import (
    FieldFault,
    Injected,
    PageRequest,
    Principal,
    Problem,
    Routes,
    requires,
)
from chargeplane.runtime.store import Function, frames, storable, tenants
from chargeplane.station import Station
from chargeplane.station.control import Panel
from chargeplane.station.control.panel import Deed
from chargeplane.station.faults import FAULTS
from chargeplane.station.quirks import QUIRKS

__all__ = ["Simulator", "routes", "simulator"]

VIRTUAL_STATIONS_MAX = 20
TOKENS_MAX = 10
REPLAYED_MAX = 1_000
"""Frames of a recording, both ways."""
PASSWORD_ALONE = 1
"""The security profile without TLS."""
NAME = "Simulator"
"""What such stations are called, by which they are found again."""
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
    """Some id tokens that may charge."""
    faults: list[str]
    quirks: list[str]


class NewVirtualStation(Struct, frozen=True, forbid_unknown_fields=True):
    """A virtual station to start."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,15}$")]
    """Its identity is ``SIM-`` and this."""
    version: Version = Version.V2_1
    soap: bool = False


class NewReplay(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose recording is to be said again."""

    station_id: Annotated[str, Meta(min_length=1, max_length=255)]
    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,15}$")]
    """By whom: ``SIM-`` and this."""


class ReplayView(Struct, frozen=True):
    """What came of it, message by message."""

    id: str
    """Of the station that has said it."""
    items: list[Replayed]


class Simulator:
    """Starts, moves and removes virtual stations of the first tenant."""

    def __init__(self, base: Foundation) -> None:
        """Nothing is started yet."""
        at = f"{_reached(base.settings.host)}:{base.settings.ocpp_port}"
        self._url, self._soap_url = f"ws://{at}/ocpp", f"http://{at}/soap"
        self._base = base
        self._stations: dict[str, Station] = {}
        self.panel = Panel(self._stations, sorted(QUIRKS))

    async def start(self, wanted: NewVirtualStation) -> VirtualStation:
        """Register a station, and let it dial.

        Raises:
            ValueError: there are too many, there is one of this name, or they need TLS here.
        """
        identity = PREFIX + wanted.name
        if len(self._stations) >= VIRTUAL_STATIONS_MAX:
            raise ValueError(f"at most {VIRTUAL_STATIONS_MAX} virtual stations run at once")
        if identity in self._stations:
            raise ValueError(f"{identity} runs already")
        password = self._password(wanted)
        station = Station(
            identity,
            url=self._soap_url if wanted.soap else self._url,
            version=wanted.version,
            password=password,
            speed=SPEED,
            ready_timeout_s=None,
        )
        self._stations[identity] = station
        begun = False
        try:
            await self._register(identity, password)
            await station.__aenter__()
            begun = True
        finally:
            if not begun:
                del self._stations[identity]
        return self.one(identity)

    async def replay(self, wanted: NewReplay) -> ReplayView:
        """Say again what a station has said lately, as another one.

        Raises:
            KeyError: there is no such station, or none that speaks JSON.
            ValueError: there is nothing to say, or the other station cannot say it.
        """
        identity, tenant_id = PREFIX + wanted.name, tenants.DEFAULT_TENANT_ID
        if identity in self._stations:
            raise ValueError(f"{identity} runs")
        each = stations.c
        mine = each.tenant_id == tenant_id, each.id == storable(wanted.station_id)
        of_it = select(each.ocpp_version, each.transport).where(*mine)
        row = await self._base.store.read(lambda connection: connection.execute(of_it).first())
        if row is None or row.ocpp_version is None or row.transport != "json":
            raise KeyError(wanted.station_id)
        version = Version(row.ocpp_version)
        look = partial(
            frames.recent,
            tenant_id=tenant_id,
            station_id=wanted.station_id,
            count_max=REPLAYED_MAX,
        )
        told = story(await self._base.store.read(look))
        if not told:
            raise ValueError("nothing of it is recorded")
        password = self._password(NewVirtualStation(wanted.name, version))
        await self._register(identity, password)
        return ReplayView(identity, await say_again(told, self._url, identity, version, password))

    def _password(self, wanted: NewVirtualStation) -> str | None:
        """What a station of this kind needs to be let in."""
        least = 0 if self._base.is_demo else self._base.settings.min_security_profile
        if least > PASSWORD_ALONE:
            raise ValueError("stations need TLS here, which virtual stations do not have")
        if wanted.soap and least:
            raise ValueError("virtual stations that speak SOAP need --min-security-profile 0")
        return None if wanted.soap or self._base.is_demo else new_password()

    async def _register(self, identity: str, password: str | None) -> None:
        kept = password and Passwords(secret_keys(self._base.settings)).hashed(password.encode())
        profile = 0 if password is None else PASSWORD_ALONE
        known = Known(tenants.DEFAULT_TENANT_ID, identity, profile, kept, Registration.ACCEPTED, 0)
        register = partial(_registered, known=known, now=self._base.clock.now())
        if not await self._base.store.write(Function(register)) and not self._base.is_demo:
            raise ValueError(f"there is a station {identity} that is none of the simulator")

    async def tokens(self) -> list[str]:
        """Id tokens that may charge, for whoever has none at hand."""
        wanted = Wanted(status=TokenStatus.ACCEPTED)

        def look(connection: Connection) -> list[str]:
            page = PageRequest(TOKENS_MAX)
            found = LISTING.page(connection, tenants.DEFAULT_TENANT_ID, wanted, "token", page)
            return [each.record.value for each in found[:TOKENS_MAX]]

        return await self._base.store.read(look)

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


def _registered(connection: Connection, known: Known, now: datetime) -> bool:
    """Register a station, or give one of an earlier run its new password; False: it is another."""
    if register(connection, known, now, name=NAME):
        return True
    each = stations.c
    mine = each.tenant_id == known.tenant_id, each.id == known.id, each.name == NAME
    values = {"password_hash": known.password_hash, "security_profile": known.security_profile}
    return connection.execute(update(stations).where(*mine).values(values)).rowcount == 1


def _reached(host: str) -> str:
    """An address of this machine on which that is listened."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{shown}]" if ":" in shown else shown


@get("/simulator/stations", guards=[READ], summary="List virtual stations")
async def list_virtual_stations(
    simulator: Injected[Simulator], principal: Injected[Principal]
) -> VirtualStations:
    """Those that run, each as somebody would see it who stood before it."""
    _of_first_tenant(principal)
    versions = [each.value for each in Version]
    quirks = list(simulator.panel.quirks)
    tokens = await simulator.tokens()
    return VirtualStations(simulator.all(), versions, tokens, list(FAULTS), quirks)


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


@post("/simulator/replays", guards=[WRITE], status_code=200, summary="Replay a recording")
async def replay_recording(
    data: JSONBody[NewReplay], simulator: Injected[Simulator], principal: Injected[Principal]
) -> ReplayView:
    """A virtual station says again what a station has said lately, up to 1,000 frames of it."""
    _of_first_tenant(principal)
    try:
        return await simulator.replay(data)
    except KeyError as error:
        raise Problem.not_found("recording of a JSON station", data.station_id) from error
    except ValueError as error:
        raise Problem.conflict("cannot-be-done", str(error)) from error


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
    replay_recording,
)


def routes(simulator: Simulator | None) -> Routes:
    """The routes; None: to describe them, in a program that is never started."""
    return Routes("Simulator", HANDLERS, {"simulator": simulator})


@asynccontextmanager
async def simulator(base: Foundation) -> AsyncIterator[Contribution]:
    """In a demonstration, or where it is asked for: the simulator."""
    if not (base.is_demo or base.settings.simulator):
        yield Contribution()
        return
    made = Simulator(base)
    try:
        yield Contribution([routes(made)], {"Simulator": "/simulator, in the console"})
    finally:
        await made.stop()
