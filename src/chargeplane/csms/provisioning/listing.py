"""Stations as people look for them: the list with its facets, and the live views of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Final
from uuid import UUID

from litestar import get
from litestar.params import FromQuery, QueryParameter
from msgspec import Struct
from msgspec.structs import replace

from chargeplane.csms.contract import Registration
from chargeplane.csms.provisioning.directory import Directory, Seen
from chargeplane.csms.provisioning.finding import Sort
from chargeplane.csms.provisioning.views import StationView, station_view
from chargeplane.csms.wanted import AtSite, OfStatus, OfVersion, Search, Wanted
from chargeplane.domain.events import (
    ConnectorStatusChanged,
    Event,
    MeterSampled,
    StationBooted,
    StationConnected,
    StationDisconnected,
    TransactionEnded,
    VariablesReported,
)
from chargeplane.domain.status import ConnectorStatus
from chargeplane.runtime.rest import (
    SITED,
    SORT,
    Injected,
    KeyOf,
    PageQuery,
    PageRequest,
    Principal,
    Problem,
    SearchText,
    Sites,
    View,
    requires,
    station_of,
)

__all__ = ["Facets", "OneStation", "StationPage", "StationQuery", "Stations", "list_stations"]

PowerW = Callable[[UUID, str], float | None]

_KEYS: Final[Mapping[type[Event], KeyOf]] = {
    StationConnected: station_of,
    StationDisconnected: station_of,
    StationBooted: station_of,
    ConnectorStatusChanged: station_of,
    VariablesReported: station_of,
    MeterSampled: station_of,
    TransactionEnded: station_of,
}
_LIGHT: Final[frozenset[type[Event]]] = frozenset({MeterSampled, TransactionEnded})


class Facets(Struct, frozen=True, kw_only=True):
    """How many stations there are of what ``search`` and ``site_id`` find, by what they are.

    A station with several connectors counts for the status of each.
    """

    total: int
    connected: int
    disconnected: int
    status: dict[str, int]
    version: dict[str, int]
    registration: dict[str, int]
    site_id: dict[str, int]


class StationPage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One page of stations."""

    items: list[StationView]
    next: str | None
    """The cursor of the page after it; null at the end of the list."""
    facets: Facets | None = None
    """If they were asked for."""


class StationQuery(PageQuery, frozen=True, kw_only=True):
    """Which stations, in which order."""

    search: SearchText | None = None
    status: ConnectorStatus | None = None
    version: SearchText | None = None
    connected: bool | None = None
    registration: Registration | None = None
    site_id: SearchText | None = None
    sort: Sort = "id"
    facets: bool = False

    @property
    def wanted(self) -> Wanted:
        """Without page and order."""
        return Wanted(
            self.search,
            self.status and str(self.status),
            self.version,
            self.connected,
            self.registration and str(self.registration),
            self.site_id,
        )

    @property
    def is_volatile(self) -> bool:
        """Whether the stations on a page, or its counts, change with what stations say."""
        by_state = self.status or self.version or self.connected is not None
        return bool(by_state or self.facets or "last_seen_at" in self.sort)


class OneStation(Struct, frozen=True, forbid_unknown_fields=True):
    """Which station."""

    id: SearchText


class Stations:
    """Shows stations, with what flows now."""

    def __init__(self, directory: Directory, power_w: PowerW) -> None:
        self._directory = directory
        self._power_w = power_w

    async def page(self, tenant_id: UUID, query: StationQuery, sites: Sites = None) -> StationPage:
        """A page of them; ``sites``: those that whoever asks is limited to."""
        wanted = query.wanted._replace(sites=sites)
        rows = await self._directory.registered(tenant_id, wanted, query.sort, query.page)
        page = query.page.of(
            rows,
            lambda row: self.shown(tenant_id, row.seen),
            key=lambda row: (row.sorted_by, row.seen.station.id),
        )
        facets = await self._facets(tenant_id, wanted) if query.facets else None
        return StationPage(items=page.items, next=page.next, facets=facets)

    async def _facets(self, tenant_id: UUID, wanted: Wanted) -> Facets:
        counts = await self._directory.counts(tenant_id, wanted)
        return Facets(
            total=counts.total,
            connected=counts.connected,
            disconnected=counts.total - counts.connected,
            status=counts.by_status,
            version=counts.by_version,
            registration=counts.by_registration,
            site_id=counts.by_site,
        )

    async def rows(
        self, tenant_id: UUID, keys: Collection[str], sites: Sites = None
    ) -> Mapping[str, StationView]:
        """Some of them, by their ids."""
        found = await self._directory.of_ids(tenant_id, keys, sites)
        return {id_: self.shown(tenant_id, seen) for id_, seen in found.items()}

    async def one(self, tenant_id: UUID, query: OneStation, sites: Sites = None) -> StationView:
        """One of them."""
        seen = await self._directory.find(tenant_id, query.id, sites)
        if seen is None:
            raise Problem.not_found("station", query.id)
        return self.shown(tenant_id, seen)

    def shown(self, tenant_id: UUID, seen: Seen) -> StationView:
        """A station as it is shown now."""
        station_id = seen.station.id
        return station_view(
            seen,
            self._directory.is_connected(tenant_id, station_id),
            self._power_w(tenant_id, station_id),
        )

    def freshen(self, tenant_id: UUID, view: StationView) -> StationView:
        """The same with what flows now."""
        return replace(view, power_w=self._power_w(tenant_id, view.id))

    @property
    def views(self) -> tuple[View, ...]:
        """The list, and one station."""
        return (
            View(
                name="stations",
                permission="stations:read",
                parameters=StationQuery,
                read=self.page,
                is_sited=True,
                key=lambda station: str(station.id),
                keys=_KEYS,
                rows=self.rows,
                freshen=self.freshen,
                light=_LIGHT,
                is_volatile=lambda query: bool(query.is_volatile),
                pause_s=2.0,
            ),
            View(
                name="station",
                permission="stations:read",
                parameters=OneStation,
                read=self.one,
                is_sited=True,
                subject=lambda query: str(query.id),
                keys=_KEYS,
                pause_s=0.25,
            ),
        )


@get("/stations", guards=[requires("stations:read")], opt=SITED, summary="List stations")
async def list_stations(
    shown_stations: Injected[Stations],
    principal: Injected[Principal],
    page: Injected[PageRequest],
    search: Search = None,
    status: OfStatus = None,
    version: OfVersion = None,
    connected: FromQuery[bool | None] = None,
    registration: FromQuery[Registration | None] = None,
    site_id: AtSite = None,
    sort: Annotated[Sort, SORT] = "id",
    facets: Annotated[
        bool, QueryParameter(description="Count what `search` and `site_id` find, as `facets`.")
    ] = False,
) -> StationPage:
    """The stations that all parameters fit, in the chosen order."""
    query = StationQuery(
        items_max=page.items_max,
        cursor=page.cursor,
        search=search,
        status=status,
        version=version,
        connected=connected,
        registration=registration,
        site_id=site_id,
        sort=sort,
        facets=facets,
    )
    return await shown_stations.page(principal.tenant_id, query, principal.sites)
