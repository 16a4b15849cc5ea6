"""The routes of stations, of what they have told, and of those who are not registered."""

from __future__ import annotations

from uuid import UUID

from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, UnsetType

from chargeplane.csms.provisioning.applying import Applier
from chargeplane.csms.provisioning.capabilities import list_capabilities
from chargeplane.csms.provisioning.commanding import Commander, list_commands, send_command
from chargeplane.csms.provisioning.directory import (
    Directory,
    IdentityTaken,
    Made,
    New,
    PasswordMissing,
    PasswordWeak,
    Seen,
)
from chargeplane.csms.provisioning.finding import is_at
from chargeplane.csms.provisioning.listing import Stations, list_stations
from chargeplane.csms.provisioning.strangers import Strangers, list_strangers
from chargeplane.csms.provisioning.templates_api import HANDLERS
from chargeplane.csms.provisioning.variables_api import (
    list_variable_changes,
    list_variables,
    show_variable_report,
)
from chargeplane.csms.provisioning.views import (
    Adoption,
    MadeStation,
    NewStation,
    StationChanges,
    StationView,
    station_members,
)
from chargeplane.csms.soap_host import SoapHostFault
from chargeplane.runtime.links import IdentityFault, identity_of_text
from chargeplane.runtime.rest import (
    SECRET_ANSWER,
    SITED,
    Injected,
    Principal,
    Problem,
    Routes,
    requires,
)

__all__ = ["routes"]

READ = requires("stations:read")
WRITE = requires("stations:write")


@post("/stations", guards=[WRITE], opt=SECRET_ANSWER | SITED, summary="Register a station")
async def add_station(
    data: JSONBody[NewStation], directory: Injected[Directory], principal: Injected[Principal]
) -> MadeStation:
    """Register a station. Its password is in this answer and nowhere else."""
    _keep_to_sites(principal, data.site_id)
    station_id = _identity(data)
    new = _new(station_id, data)
    try:
        made = await directory.register(principal.tenant_id, new)
    except PasswordWeak as error:
        raise Problem.of_field("password", str(error)) from error
    except SoapHostFault as error:
        raise Problem.of_field("soap_host", str(error)) from error
    except IdentityTaken as error:
        raise _taken(station_id) from error
    return _made(directory, principal.tenant_id, made)


@get("/stations/{station_id:str}", guards=[READ], summary="Show a station")
async def show_station(
    station_id: FromPath[str],
    shown_stations: Injected[Stations],
    directory: Injected[Directory],
    principal: Injected[Principal],
) -> StationView:
    """One station with its EVSEs and connectors."""
    seen = await _found(directory, principal, station_id)
    return shown_stations.shown(principal.tenant_id, seen)


@patch("/stations/{station_id:str}", guards=[WRITE], summary="Change a station")
async def change_station(
    station_id: FromPath[str],
    data: JSONBody[StationChanges],
    shown_stations: Injected[Stations],
    directory: Injected[Directory],
    principal: Injected[Principal],
) -> StationView:
    """Change a station. A new registration is told at its next boot, a rejection at once."""
    values = {
        name: getattr(data, name)
        for name in data.__struct_fields__
        if getattr(data, name) is not UNSET
    }
    _keep_to_sites(principal, values.get("site_id", UNSET))
    try:
        seen = await directory.change(principal.tenant_id, station_id, values)
    except PasswordWeak as error:
        raise Problem.of_field("password", str(error)) from error
    except PasswordMissing as error:
        raise Problem.of_field("password", "a station of this profile needs one") from error
    except SoapHostFault as error:
        raise Problem.of_field("soap_host", str(error)) from error
    if seen is None:
        raise Problem.not_found("station", station_id)
    return shown_stations.shown(principal.tenant_id, seen)


@delete("/stations/{station_id:str}", guards=[WRITE], summary="Remove a station")
async def remove_station(
    station_id: FromPath[str], directory: Injected[Directory], principal: Injected[Principal]
) -> None:
    """Remove a station and end its connection. Its transactions and frames stay."""
    if not await directory.remove(principal.tenant_id, station_id):
        raise Problem.not_found("station", station_id)


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
    new = _new(station_id, data or Adoption())
    try:
        made = await directory.adopt(principal.tenant_id, new)
    except PasswordWeak as error:
        raise Problem.of_field("password", str(error)) from error
    except SoapHostFault as error:
        raise Problem.of_field("soap_host", str(error)) from error
    except IdentityTaken as error:
        raise _taken(station_id) from error
    if made is None:
        raise Problem.not_found("unknown station", station_id)
    return _made(directory, principal.tenant_id, made)


@delete(
    "/unknown-stations/{station_id:str}", guards=[WRITE], summary="Dismiss who tried to connect"
)
async def dismiss_stranger(
    station_id: FromPath[str], directory: Injected[Directory], principal: Injected[Principal]
) -> None:
    """Take a station out of the inbox. If it tries again, it is there again."""
    if not await directory.dismiss(principal.tenant_id, station_id):
        raise Problem.not_found("unknown station", station_id)


def routes(
    directory: Directory,
    stations: Stations,
    commander: Commander,
    applier: Applier,
) -> Routes:
    """Everything about stations."""
    strangers = Strangers(directory)
    handlers = (
        list_stations, add_station, show_station, change_station, remove_station, list_variables,
        send_command, list_commands,
        list_variable_changes, show_variable_report, list_capabilities,
        list_strangers, adopt_station, dismiss_stranger,
        *HANDLERS,
    )  # fmt: skip
    services = {
        "directory": directory,
        "shown_stations": stations,
        "commander": commander,
        "strangers": strangers,
        "applier": applier,
    }
    views = (*stations.views, strangers.view)
    return Routes("Stations", handlers, services, views, {"station_id": is_at})


def _keep_to_sites(principal: Principal, site_id: str | UnsetType | None) -> None:
    """Whoever is limited to sites puts a station nowhere else."""
    if principal.sites is not None and site_id is not UNSET and site_id not in principal.sites:
        raise Problem.of_field("site_id", "name one of the sites that you are limited to")


def _identity(new: NewStation) -> str:
    """The identity as a connection of the station will name it."""
    try:
        identity = identity_of_text(new.id)
    except IdentityFault as error:
        raise Problem.of_field("id", str(error)) from error
    if new.security_profile > 0 and ":" in identity:
        raise Problem.of_field("id", "a colon ends the user name of HTTP Basic authentication")
    return identity


def _new(station_id: str, how: Adoption) -> New:
    """What is to be registered, from a body."""
    return New(station_id, how.password, how.security_profile, how.site_id, how.name, how.soap_host)


async def _found(directory: Directory, principal: Principal, station_id: str) -> Seen:
    seen = await directory.find(principal.tenant_id, station_id)
    if seen is None:
        raise Problem.not_found("station", station_id)
    return seen


def _made(directory: Directory, tenant_id: UUID, made: Made) -> MadeStation:
    connected = directory.is_connected(tenant_id, made.seen.station.id)
    return MadeStation(**station_members(made.seen, connected), password=made.password)


def _taken(station_id: str) -> Problem:
    return Problem.conflict("identity-taken", f"there is a station {station_id} already")
