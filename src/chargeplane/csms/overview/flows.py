"""REST and live view: what flows at one station now, transaction by transaction.

It comes from the pulse, so watching a station costs no look at its meter values.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from litestar import get
from litestar.params import FromPath
from msgspec import Meta, Struct

from chargeplane.csms.inventory import is_station
from chargeplane.csms.pulse import Pulse
from chargeplane.domain.events import (
    Event,
    MeterSampled,
    StationConnected,
    StationDisconnected,
    TransactionEnded,
)
from chargeplane.runtime.rest import (
    Injected,
    KeyOf,
    Principal,
    Problem,
    Sites,
    View,
    requires,
    station_of,
)
from chargeplane.runtime.store import Store

__all__ = ["Flows", "OfStation", "PowerView", "show_power"]

_KEYS: Final[dict[type[Event], KeyOf]] = dict.fromkeys(
    (MeterSampled, TransactionEnded, StationConnected, StationDisconnected), station_of
)


class FlowView(Struct, frozen=True, kw_only=True):
    """One transaction, now."""

    transaction_id: str
    evse_id: int
    at: datetime
    """When it was measured."""
    power_w: float


class PowerView(Struct, frozen=True, kw_only=True):
    """What flows at a station, as far as it has told since the program was started."""

    station_id: str
    power_w: float | None
    """Of all its transactions; null: it has not said."""
    flows: list[FlowView]


class OfStation(Struct, frozen=True, forbid_unknown_fields=True):
    """Which station."""

    id: Annotated[str, Meta(min_length=1, max_length=255)]


class Flows:
    """Shows what the pulse knows of one station."""

    def __init__(self, store: Store, pulse: Pulse) -> None:
        self._store = store
        self._pulse = pulse

    async def read(self, tenant_id: UUID, query: OfStation, sites: Sites = None) -> PowerView:
        """What flows now.

        Raises:
            Problem: there is no such station at these sites.
        """
        look = partial(is_station, tenant_id=tenant_id, station_id=query.id, sites=sites)
        if not await self._store.read(look):
            raise Problem.not_found("station", query.id)
        return PowerView(
            station_id=query.id,
            power_w=self._pulse.power_w(tenant_id, query.id),
            flows=[
                FlowView(
                    transaction_id=each.transaction_id,
                    evse_id=each.evse_id,
                    at=each.at,
                    power_w=each.power_w,
                )
                for each in self._pulse.flows(tenant_id, query.id)
            ],
        )

    @property
    def view(self) -> View:
        """The same as it changes."""
        return View(
            name="power",
            permission="stations:read",
            parameters=OfStation,
            read=self.read,
            is_sited=True,
            subject=lambda query: str(query.id),
            keys=_KEYS,
            pause_s=0.5,
        )


@get(
    "/stations/{station_id:str}/power",
    guards=[requires("stations:read")],
    summary="Show what flows at a station",
)
async def show_power(
    station_id: FromPath[str], flows: Injected[Flows], principal: Injected[Principal]
) -> PowerView:
    """The power of each transaction that goes on there."""
    return await flows.read(principal.tenant_id, OfStation(station_id), principal.sites)
