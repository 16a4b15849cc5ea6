"""The map: ``GET /places`` and the live view of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final
from uuid import UUID

from litestar import get
from litestar.params import FromQuery
from msgspec import Struct

from chargeplane.csms.contract import Registration
from chargeplane.csms.site.places import Place, places
from chargeplane.csms.wanted import AtSite, OfStatus, OfVersion, Search, Wanted
from chargeplane.domain.events import (
    ConnectorStatusChanged,
    Event,
    StationBooted,
    StationConnected,
    StationDisconnected,
    TransactionEnded,
    TransactionStarted,
)
from chargeplane.domain.status import ConnectorStatus
from chargeplane.runtime.rest import (
    SITED,
    Injected,
    Principal,
    SearchText,
    Sites,
    View,
    requires,
)
from chargeplane.runtime.store import Store

__all__ = ["Atlas", "PlacePage", "PlaceQuery", "list_places"]

PAUSE_S = 3.0
"""A map of a large fleet is read as a whole; so long at the least between two readings."""

_TELLING: Final[frozenset[type[Event]]] = frozenset(
    {
        StationConnected,
        StationDisconnected,
        StationBooted,
        ConnectorStatusChanged,
        TransactionStarted,
        TransactionEnded,
    }
)


class PlacedStation(Struct, frozen=True):
    """A station of a place."""

    id: str
    name: str | None
    state: str
    """The worst that is true of it: ``faulted``, ``disconnected``, ``rejected``, ``pending``,
    ``unavailable``, ``charging``, ``occupied`` or ``available``."""


class PlaceView(Struct, frozen=True, kw_only=True):
    """A site with a place, and how the stations that were asked for are there."""

    id: str
    """Of the site."""
    name: str
    address: str | None
    latitude: float
    """In degrees, WGS 84."""
    longitude: float
    states: dict[str, int]
    """Stations by their state."""
    stations: list[PlacedStation]
    """At most 10, the worst first; ``states`` counts all."""


class PlacePage(Struct, frozen=True, kw_only=True):
    """All of a map."""

    items: list[PlaceView]
    """At most 10,000, by their ids."""
    left_out: int
    """Sites beyond these."""
    unplaced: int
    """Stations that were asked for and stand nowhere: their site is unknown or has no place."""


class PlaceQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which stations, as in the list of stations."""

    search: SearchText | None = None
    status: ConnectorStatus | None = None
    version: SearchText | None = None
    connected: bool | None = None
    registration: Registration | None = None
    site_id: SearchText | None = None


class Atlas:
    """Knows where stations stand and how they are."""

    def __init__(
        self,
        store: Store,
        is_connected: Callable[[UUID, str], bool],
        drawing: Callable[[UUID], frozenset[str]],
    ) -> None:
        """``drawing``: the stations of a tenant that draw power now."""
        self._store = store
        self._is_connected = is_connected
        self._drawing = drawing

    async def read(self, tenant_id: UUID, query: PlaceQuery, sites: Sites = None) -> PlacePage:
        """The places of stations; ``sites``: those that whoever asks is limited to."""
        wanted = Wanted(
            query.search,
            query.status and str(query.status),
            query.version,
            query.connected,
            query.registration and str(query.registration),
            query.site_id,
            sites,
        )
        look = partial(
            places,
            tenant_id=tenant_id,
            wanted=wanted,
            is_connected=partial(self._is_connected, tenant_id),
            drawing=self._drawing(tenant_id),
        )
        found = await self._store.read(look)
        items = [_view(each) for each in found.found]
        return PlacePage(items=items, left_out=found.left_out, unplaced=found.unplaced)

    @property
    def view(self) -> View:
        """The same as it changes."""
        return View(
            name="places",
            permission="stations:read",
            parameters=PlaceQuery,
            read=self.read,
            is_sited=True,
            key=lambda place: str(place.id),
            reshapes=_TELLING,
            pause_s=PAUSE_S,
        )


@get("/places", guards=[requires("stations:read")], opt=SITED, summary="Show where stations stand")
async def list_places(
    atlas: Injected[Atlas],
    principal: Injected[Principal],
    search: Search = None,
    status: OfStatus = None,
    version: OfVersion = None,
    connected: FromQuery[bool | None] = None,
    registration: FromQuery[Registration | None] = None,
    site_id: AtSite = None,
) -> PlacePage:
    """The sites on a map, with how the stations are that all parameters fit."""
    query = PlaceQuery(
        search=search,
        status=status,
        version=version,
        connected=connected,
        registration=registration,
        site_id=site_id,
    )
    return await atlas.read(principal.tenant_id, query, principal.sites)


def _view(place: Place) -> PlaceView:
    return PlaceView(
        id=place.id,
        name=place.name,
        address=place.address,
        latitude=place.latitude,
        longitude=place.longitude,
        states=place.states,
        stations=[PlacedStation(*each) for each in place.named],
    )
