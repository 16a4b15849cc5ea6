"""REST: the sites of a tenant."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated
from zoneinfo import available_timezones

from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from chargeplane.csms.site import tables
from chargeplane.csms.site.map import Atlas, list_places
from chargeplane.csms.site.tables import HasStations, Site
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest import (
    SITED,
    Injected,
    Page,
    PageRequest,
    Principal,
    Problem,
    Routes,
    requires,
)
from chargeplane.runtime.store import Function, Store, new_id

__all__ = ["routes"]

READ = requires("sites:read")
WRITE = requires("sites:write")

Label = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
Identity = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x20\x7f/?#%]+$")]
Address = Annotated[str, Meta(max_length=500)]
Note = Annotated[str, Meta(max_length=2_000)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Zone = Annotated[str, Meta(min_length=1, max_length=50)]


class SiteView(Struct, frozen=True, kw_only=True):
    """A site."""

    id: str
    name: str
    address: str | None
    latitude: float | None
    longitude: float | None
    time_zone: str | None
    note: str | None
    created_at: datetime
    stations_count: int


class NewSite(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A site to be added."""

    name: Label
    id: Identity | None = None
    """What stations carry as ``site_id``; null: one is made."""
    address: Address | None = None
    latitude: Latitude | None = None
    """In degrees, WGS 84."""
    longitude: Longitude | None = None
    time_zone: Zone | None = None
    """Of the IANA database, such as ``Europe/Berlin``."""
    note: Note | None = None


class SiteChanges(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of a site."""

    name: Label | UnsetType = UNSET
    address: Address | UnsetType | None = UNSET
    latitude: Latitude | UnsetType | None = UNSET
    longitude: Longitude | UnsetType | None = UNSET
    time_zone: Zone | UnsetType | None = UNSET
    note: Note | UnsetType | None = UNSET


@get("/sites", guards=[READ], opt=SITED, summary="List sites")
async def list_sites(
    store: Injected[Store], principal: Injected[Principal], page: Injected[PageRequest]
) -> Page[SiteView]:
    """Sites in the order of their ids."""
    look = partial(
        tables.after,
        tenant_id=principal.tenant_id,
        count_max=page.fetch_max,
        key=page.after(str),
        only=principal.sites,
    )
    return page.of(await store.read(look), _view, key=lambda site: site.id)


@post("/sites", guards=[WRITE], summary="Add a site")
async def add_site(
    data: JSONBody[NewSite],
    store: Injected[Store],
    clock: Injected[Clock],
    principal: Injected[Principal],
) -> SiteView:
    """Add a site."""
    _check_zone(data.time_zone)
    values = structs.asdict(data) | {"id": data.id or str(new_id()), "created_at": clock.now()}
    work = partial(tables.add, tenant_id=principal.tenant_id, values=values)
    site = await store.write(Function(work))
    if site is None:
        raise Problem.conflict("site-exists", f"there is a site {data.id} already")
    return _view(site)


@get("/sites/{site_id:str}", guards=[READ], summary="Show a site")
async def show_site(
    site_id: FromPath[str], store: Injected[Store], principal: Injected[Principal]
) -> SiteView:
    """One site."""
    look = partial(tables.find, tenant_id=principal.tenant_id, site_id=site_id)
    return _found(await store.read(look), site_id)


@patch("/sites/{site_id:str}", guards=[WRITE], summary="Change a site")
async def change_site(
    site_id: FromPath[str],
    data: JSONBody[SiteChanges],
    store: Injected[Store],
    principal: Injected[Principal],
) -> SiteView:
    """Change a site."""
    values = {name: value for name, value in structs.asdict(data).items() if value is not UNSET}
    _check_zone(values.get("time_zone"))
    work = partial(tables.change, tenant_id=principal.tenant_id, site_id=site_id, values=values)
    return _found(await store.write(Function(work)), site_id)


@delete("/sites/{site_id:str}", guards=[WRITE], summary="Remove a site")
async def remove_site(
    site_id: FromPath[str], store: Injected[Store], principal: Injected[Principal]
) -> None:
    """Remove a site where no stations stand."""
    work = partial(tables.remove, tenant_id=principal.tenant_id, site_id=site_id)
    try:
        was_there = await store.write(Function(work))
    except HasStations as error:
        raise Problem.conflict("site-has-stations", f"{error} stations stand there") from error
    if not was_there:
        raise Problem.not_found("site", site_id)


def routes(atlas: Atlas) -> Routes:
    """The routes and the view of the block."""
    handlers = (list_sites, add_site, show_site, change_site, remove_site, list_places)
    return Routes(
        "Sites", handlers, {"atlas": atlas}, (atlas.view,), places={"site_id": tables.is_at}
    )


def _view(site: Site) -> SiteView:
    return SiteView(**site._asdict())


def _found(site: Site | None, site_id: str) -> SiteView:
    if site is None:
        raise Problem.not_found("site", site_id)
    return _view(site)


def _check_zone(name: str | None) -> None:
    if name is not None and name not in available_timezones():
        raise Problem.of_field("time_zone", "not a time zone of the IANA database")
