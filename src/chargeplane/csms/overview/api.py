"""REST and live view: the overview."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from litestar import get
from msgspec import Struct

from chargeplane.csms.figures import Trouble
from chargeplane.csms.overview.flows import show_power
from chargeplane.csms.overview.service import HEARD, NOW_S_MAX, Overview
from chargeplane.domain.events import (
    ConnectorStatusChanged,
    Event,
    MeterSampled,
    StationBooted,
    StationConnected,
    StationDisconnected,
    TransactionEnded,
    TransactionRepaired,
    TransactionStarted,
)
from chargeplane.runtime.rest import (
    SITED,
    Injected,
    KeyOf,
    Principal,
    Routes,
    Sites,
    View,
    requires,
)

__all__ = ["OverviewView", "Overviews", "routes"]


class Totals(Struct, frozen=True, kw_only=True):
    """Numbers of now."""

    stations: int
    connected: int
    offline: int
    """Accepted, and not connected."""
    pending: int
    """Waiting for an operator."""
    unknown: int
    """In the inbox of those who are not registered."""
    faulted: int
    """Stations with something that is faulted."""
    sessions: int
    """Transactions that go on."""
    power_w: float
    """As far as stations tell it."""
    by_version: dict[str, int]
    """Stations that are connected."""
    by_status: dict[str, int]
    """Connectors."""


class OfflineView(Struct, frozen=True):
    """A station that should be connected and is not."""

    station_id: str
    name: str | None
    site_id: str | None
    since: datetime | None
    """Null: it was never here."""


class FaultView(Struct, frozen=True):
    """Something that is faulted. EVSE 0 is the station, connector 0 an EVSE."""

    station_id: str
    evse_id: int
    connector_id: int
    error_code: str | None
    info: str | None
    since: datetime


class TroubleView(Struct, frozen=True):
    """Sessions of the last 24 hours that went wrong at a station."""

    station_id: str
    count: int
    last_at: datetime


class AlertView(Struct, frozen=True):
    """Critical security events of the last 24 hours, of one type at one station."""

    station_id: str
    type: str
    """In the words of the standard's own events."""
    count: int
    last_at: datetime


class Problems(Struct, frozen=True, kw_only=True):
    """What is wrong, at most 100 of each; ``totals`` counts all."""

    offline: list[OfflineView]
    faulted: list[FaultView]
    failing_starts: list[TroubleView]
    """Sessions that ended without energy."""
    repairs: list[TroubleView]
    """Sessions with figures that had to be worked out."""
    alerts: list[AlertView]
    """What touches security and is critical."""


class HourView(Struct, frozen=True, kw_only=True):
    """One hour."""

    at: datetime
    energy_wh: float
    """Spread evenly over each session."""
    sessions: int
    """That went on in it."""
    started: int


class ComingView(Struct, frozen=True):
    """Something that will happen."""

    at: datetime
    kind: str
    """Such as ``reservation`` (its end) or ``id-token-expires``."""
    subject: str
    """What it happens to: an id."""
    station_id: str | None
    """Where it happens, if that is at one station."""
    until: datetime | None
    """When it will be over, if it takes a while."""


class OverviewView(Struct, frozen=True, kw_only=True):
    """How things are."""

    totals: Totals
    problems: Problems
    history: list[HourView]
    """The last 24 hours, the oldest first."""
    next: list[ComingView]


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """The overview has no parameters."""


def _whole(_event: Event) -> str:
    return ""


_KEYS: Final[dict[type[Event], KeyOf]] = {
    StationConnected: _whole,
    StationDisconnected: _whole,
    StationBooted: _whole,
    ConnectorStatusChanged: _whole,
    MeterSampled: _whole,
    TransactionStarted: _whole,
    TransactionEnded: _whole,
    TransactionRepaired: _whole,
    **dict.fromkeys(HEARD, _whole),
}


class Overviews:
    """Shows the overview."""

    def __init__(self, overview: Overview) -> None:
        self._overview = overview

    async def read_new(
        self, tenant_id: UUID, _parameters: Nothing, sites: Sites = None
    ) -> OverviewView:
        """All of it after something has happened, which what was kept does not know of."""
        return await self.read(tenant_id, age_s_max=0.0, sites=sites)

    async def read(
        self, tenant_id: UUID, age_s_max: float = NOW_S_MAX, sites: Sites = None
    ) -> OverviewView:
        """All of it, at some sites; what is so now is at most so old."""
        now = await self._overview.now(tenant_id, age_s_max, sites)
        day = await self._overview.day(tenant_id, sites)
        coming = await self._overview.coming(tenant_id, sites)
        alerts = await self._overview.alerts(tenant_id, sites)
        active_count = await self._overview.active_count(tenant_id, age_s_max, sites)
        return OverviewView(
            totals=Totals(
                stations=now.total,
                connected=now.connected,
                offline=now.offline_count,
                pending=now.pending,
                unknown=now.unknown_count,
                faulted=now.faulted_count,
                sessions=active_count,
                power_w=self._overview.power_w(tenant_id, now, sites),
                by_version=now.by_version,
                by_status=now.by_status,
            ),
            problems=Problems(
                offline=[OfflineView(*each) for each in now.offline],
                faulted=[FaultView(*each) for each in now.faulted],
                failing_starts=[_trouble(each) for each in day.failing],
                repairs=[_trouble(each) for each in day.repaired],
                alerts=[AlertView(*each) for each in alerts],
            ),
            history=[
                HourView(
                    at=hour.at,
                    energy_wh=hour.energy_wh,
                    sessions=hour.sessions,
                    started=hour.started,
                )
                for hour in day.hours
            ],
            next=[ComingView(*each) for each in coming],
        )

    @property
    def view(self) -> View:
        """The same as it changes."""
        return View(
            name="overview",
            permission="stations:read",
            parameters=Nothing,
            read=self.read_new,
            is_sited=True,
            keys=_KEYS,
            pause_s=1.0,
            refresh_s=15.0,
        )


@get("/overview", guards=[requires("stations:read")], opt=SITED, summary="Show how things are")
async def show_overview(
    overviews: Injected[Overviews], principal: Injected[Principal]
) -> OverviewView:
    """What is wrong now, what flows now and in the last 24 hours, and what comes next.

    Whoever is limited to some sites is told of these; of strangers, and of what comes and has no
    place, nothing.
    """
    return await overviews.read(principal.tenant_id, sites=principal.sites)


def routes(overview: Overview) -> Routes:
    """The routes and the views."""
    overviews, flows = Overviews(overview), overview.flows
    services = {"overviews": overviews, "flows": flows}
    return Routes("Overview", (show_overview, show_power), services, (overviews.view, flows.view))


def _trouble(trouble: Trouble) -> TroubleView:
    return TroubleView(*trouble)
