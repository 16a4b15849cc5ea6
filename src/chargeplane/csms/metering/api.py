"""REST: meter values outside transactions."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from litestar import get
from litestar.params import FromPath, QueryParameter
from msgspec import Struct
from sqlalchemy import Connection, select

from chargeplane.csms.inventory import stations
from chargeplane.csms.meter_value_view import MeterValueView, value_view
from chargeplane.csms.metering import tables
from chargeplane.csms.metering.tables import Place, Sample
from chargeplane.runtime.rest import (
    Injected,
    Page,
    PageRequest,
    Principal,
    Problem,
    Routes,
    Span,
    requires,
)
from chargeplane.runtime.store import Store, storable

__all__ = ["routes"]


class SampleView(Struct, frozen=True, kw_only=True):
    """The meter values of one message."""

    evse_id: int
    """0: the station as a whole."""
    sampled_at: datetime
    """When the last of the values was measured."""
    received_at: datetime
    frame_id: UUID
    values: list[MeterValueView]


@get(
    "/stations/{station_id:str}/meter-values",
    guards=[requires("stations:read")],
    summary="List meter values outside transactions",
)
async def list_station_meter_values(
    station_id: FromPath[str],
    store: Injected[Store],
    principal: Injected[Principal],
    page: Injected[PageRequest],
    span: Injected[Span],
    evse_id: Annotated[
        int | None, QueryParameter(ge=0, le=2**31 - 1, description="Only these.")
    ] = None,
) -> Page[SampleView]:
    """The meter values of a station, EVSE by EVSE, oldest first."""
    look = partial(
        _look,
        tenant_id=principal.tenant_id,
        station_id=storable(station_id),
        evse_id=evse_id,
        span=span,
        page=page,
    )
    found = await store.read(look)
    if found is None:
        raise Problem.not_found("station", station_id)
    return page.of(found, _view, key=lambda sample: sample.place)


def routes() -> Routes:
    """The routes of the block."""
    return Routes("Meter values", (list_station_meter_values,))


def _look(
    connection: Connection,
    tenant_id: UUID,
    station_id: str,
    evse_id: int | None,
    span: Span,
    page: PageRequest,
) -> list[Sample] | None:
    is_mine = select(stations.c.id).where(
        stations.c.tenant_id == tenant_id, stations.c.id == station_id
    )
    if connection.scalar(is_mine) is None:
        return None
    return tables.after(
        connection,
        tenant_id,
        station_id,
        evse_id=evse_id,
        start=span.start,
        end=span.end,
        place=page.after(Place),
        count_max=page.fetch_max,
    )


def _view(sample: Sample) -> SampleView:
    facts = sample._asdict() | {"values": [value_view(each) for each in sample.values]}
    return SampleView(**facts)
