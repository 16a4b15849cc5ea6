"""The routes of stations, of what they have told, and of those who are not registered."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET

from chargeplane.csms.contract import Send
from chargeplane.csms.provisioning import tables
from chargeplane.csms.provisioning.commanding import Commander, send_command
from chargeplane.csms.provisioning.directory import (
    Directory,
    IdentityTaken,
    Made,
    New,
    PasswordMissing,
    Seen,
)
from chargeplane.csms.provisioning.views import (
    Adoption,
    FrameView,
    MadeStation,
    NewStation,
    StationChanges,
    StationView,
    StrangerView,
    VariableView,
    members,
    station_members,
    station_view,
)
from chargeplane.runtime.links import IdentityFault, identity_of_text
from chargeplane.runtime.rest import (
    SECRET_ANSWER,
    Injected,
    Page,
    PageRequest,
    Principal,
    Problem,
    Routes,
    requires,
)
from chargeplane.runtime.store import Store, frames

__all__ = ["routes"]

READ = requires("stations:read")
WRITE = requires("stations:write")


@get("/stations", guards=[READ], summary="List stations")
async def list_stations(
    directory: Injected[Directory], principal: Injected[Principal], page: Injected[PageRequest]
) -> Page[StationView]:
    """Stations in the order of their ids."""
    rows = await directory.registered(
        principal.tenant_id, count_max=page.fetch_max, after=page.after(str)
    )
    render = partial(_shown, directory, principal.tenant_id)
    return page.of(rows, render, key=lambda seen: seen.station.id)


@post("/stations", guards=[WRITE], opt=SECRET_ANSWER, summary="Register a station")
async def add_station(
    data: JSONBody[NewStation], directory: Injected[Directory], principal: Injected[Principal]
) -> MadeStation:
    """Register a station. Its password is in this answer and nowhere else."""
    station_id = _identity(data)
    new = New(station_id, data.password, data.security_profile, data.site_id, data.name)
    try:
        made = await directory.register(principal.tenant_id, new)
    except IdentityTaken as error:
        raise _taken(station_id) from error
    return _made(directory, principal.tenant_id, made)


@get("/stations/{station_id:str}", guards=[READ], summary="Show a station")
async def show_station(
    station_id: FromPath[str], directory: Injected[Directory], principal: Injected[Principal]
) -> StationView:
    """One station with its EVSEs and connectors."""
    seen = await _found(directory, principal, station_id)
    return _shown(directory, principal.tenant_id, seen)


@patch("/stations/{station_id:str}", guards=[WRITE], summary="Change a station")
async def change_station(
    station_id: FromPath[str],
    data: JSONBody[StationChanges],
    directory: Injected[Directory],
    principal: Injected[Principal],
) -> StationView:
    """Change a station. A new registration is told at its next boot, a rejection at once."""
    values = {
        name: getattr(data, name)
        for name in data.__struct_fields__
        if getattr(data, name) is not UNSET
    }
    try:
        seen = await directory.change(principal.tenant_id, station_id, values)
    except PasswordMissing as error:
        raise Problem.of_field("password", "a station of this profile needs one") from error
    if seen is None:
        raise Problem.not_found("station", station_id)
    return _shown(directory, principal.tenant_id, seen)


@delete("/stations/{station_id:str}", guards=[WRITE], summary="Remove a station")
async def remove_station(
    station_id: FromPath[str], directory: Injected[Directory], principal: Injected[Principal]
) -> None:
    """Remove a station and end its connection. Its transactions and frames stay."""
    if not await directory.remove(principal.tenant_id, station_id):
        raise Problem.not_found("station", station_id)


@get("/stations/{station_id:str}/variables", guards=[READ], summary="List a station's variables")
async def list_variables(
    station_id: FromPath[str],
    directory: Injected[Directory],
    store: Injected[Store],
    principal: Injected[Principal],
    page: Injected[PageRequest],
    component: Annotated[
        str | None, QueryParameter(max_length=50, description="Only those of this component.")
    ] = None,
) -> Page[VariableView]:
    """What the station has reported of its device model, by component."""
    await _found(directory, principal, station_id)
    look = partial(
        tables.after,
        tenant_id=principal.tenant_id,
        station_id=station_id,
        count_max=page.fetch_max,
        key=page.after(str),
        component=component,
    )
    rows = await store.read(look)
    return page.of(
        rows, lambda row: VariableView(**members(VariableView, row)), key=lambda row: row.key
    )


@get("/stations/{station_id:str}/frames", guards=[READ], summary="List a station's frames")
async def list_frames(
    station_id: FromPath[str],
    directory: Injected[Directory],
    store: Injected[Store],
    principal: Injected[Principal],
    page: Injected[PageRequest],
) -> Page[FrameView]:
    """The flight recorder: every frame as it was on the wire, the latest first."""
    await _found(directory, principal, station_id)
    look = partial(
        frames.recent,
        tenant_id=principal.tenant_id,
        station_id=station_id,
        count_max=page.fetch_max,
        before=page.after(UUID),
    )
    rows = await store.read(look)
    return page.of(
        rows, lambda frame: FrameView(**members(FrameView, frame)), key=lambda frame: frame.id
    )


@get("/unknown-stations", guards=[READ], summary="List who tried to connect")
async def list_strangers(
    directory: Injected[Directory], principal: Injected[Principal], page: Injected[PageRequest]
) -> Page[StrangerView]:
    """Stations that tried to connect without being registered, the latest first."""
    rows = await directory.strangers(
        principal.tenant_id, count_max=page.fetch_max, after=page.after(tuple[datetime, str])
    )
    return page.of(
        rows,
        lambda row: StrangerView(**members(StrangerView, row)),
        key=lambda row: (row.last_seen_at, row.id),
    )


@post(
    "/unknown-stations/{station_id:str}/adopt",
    guards=[WRITE],
    opt=SECRET_ANSWER,
    summary="Register who tried to connect",
)
async def adopt_station(
    station_id: FromPath[str],
    directory: Injected[Directory],
    principal: Injected[Principal],
    data: JSONBody[Adoption | None] = None,
) -> MadeStation:
    """Register a station of the inbox. Its password is in this answer and nowhere else."""
    how = data or Adoption()
    new = New(station_id, how.password, how.security_profile, how.site_id, how.name)
    try:
        made = await directory.adopt(principal.tenant_id, new)
    except IdentityTaken as error:
        raise _taken(station_id) from error
    if made is None:
        raise Problem.not_found("unknown station", station_id)
    return _made(directory, principal.tenant_id, made)


def routes(directory: Directory, send: Send) -> Routes:
    """Everything about stations."""
    handlers = (
        list_stations, add_station, show_station, change_station, remove_station,
        list_variables, list_frames, send_command, list_strangers, adopt_station,
    )  # fmt: skip
    services = {"directory": directory, "commander": Commander(directory, send)}
    return Routes("Stations", handlers, services)


def _identity(new: NewStation) -> str:
    """The identity as a connection of the station will name it."""
    try:
        identity = identity_of_text(new.id)
    except IdentityFault as error:
        raise Problem.of_field("id", str(error)) from error
    if new.security_profile > 0 and ":" in identity:
        raise Problem.of_field("id", "a colon ends the user name of HTTP Basic authentication")
    return identity


async def _found(directory: Directory, principal: Principal, station_id: str) -> Seen:
    seen = await directory.find(principal.tenant_id, station_id)
    if seen is None:
        raise Problem.not_found("station", station_id)
    return seen


def _shown(directory: Directory, tenant_id: UUID, seen: Seen) -> StationView:
    return station_view(seen, directory.is_connected(tenant_id, seen.station.id))


def _made(directory: Directory, tenant_id: UUID, made: Made) -> MadeStation:
    connected = directory.is_connected(tenant_id, made.seen.station.id)
    return MadeStation(**station_members(made.seen, connected), password=made.password)


def _taken(station_id: str) -> Problem:
    return Problem.conflict("identity-taken", f"there is a station {station_id} already")
