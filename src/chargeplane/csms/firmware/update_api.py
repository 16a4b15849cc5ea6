"""The routes of firmware updates: plan them for some stations, watch them, take them back."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from litestar import delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from chargeplane.csms.firmware import tables
from chargeplane.csms.firmware.campaign import STATIONS_MAX, Campaigns
from chargeplane.csms.firmware.service import Window, WindowFault
from chargeplane.csms.firmware.states import OPEN, UpdateState
from chargeplane.csms.firmware.tables import Update
from chargeplane.domain.commands import RETRIES_MAX, UpdateFirmware
from chargeplane.runtime.rest import (
    Injected,
    Page,
    PageRequest,
    Principal,
    Problem,
    Routes,
    requires,
)

__all__ = ["routes"]

Time = Annotated[datetime, Meta(tz=True)]
StationId = Annotated[str, Meta(min_length=1, max_length=255)]


class UpdateView(Struct, frozen=True, kw_only=True):
    """A firmware update of a station."""

    id: UUID
    campaign_id: UUID | None
    station_id: str
    image_id: UUID
    firmware_version: str
    version_before: str | None
    is_signed: bool | None
    """Null: it is decided when the station is asked."""
    retrieve_at: datetime
    install_at: datetime | None
    until_at: datetime
    state: str
    """planned, asked, unanswered, accepted, downloading, downloaded, installing, installed, failed,
    cancelled, refused, unsupported, or expired: its window is over."""
    status: str | None
    """The station's last word."""
    reason: str | None
    requested_at: datetime
    changed_at: datetime


class UpdatesWanted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Updates to be planned: one for each station."""

    image_id: UUID
    station_ids: Annotated[list[StationId], Meta(min_length=1, max_length=STATIONS_MAX)]
    retrieve_at: Time | None = None
    """Not fetched before; null: at once."""
    install_at: Time | None = None
    """Not installed before; null: as soon as the station can."""
    until_at: Time | None = None
    """The end of the window, at most 30 days from now; null: a week after its beginning."""
    is_signed: bool | None = None
    """Whether stations shall check the signature; null: where image and version have one."""
    retries: Annotated[int, Meta(ge=0, le=RETRIES_MAX)] = 2
    retry_interval_s: Annotated[int, Meta(ge=1, le=86_400)] | None = None


class RefusedView(Struct, frozen=True):
    """A station that cannot get the image."""

    station_id: str
    reason: str


class CampaignView(Struct, frozen=True):
    """What was planned together."""

    id: UUID
    updates: list[UpdateView]
    refused: list[RefusedView]


@get(
    "/firmware-updates",
    guards=[requires("firmware:read")],
    summary="List firmware updates",
)
async def list_updates(
    campaigns: Injected[Campaigns],
    principal: Injected[Principal],
    page: Injected[PageRequest],
    station_id: Annotated[str | None, QueryParameter(max_length=255)] = None,
    campaign_id: Annotated[
        UUID | None, QueryParameter(description="Only those that were planned together.")
    ] = None,
    wanted: Annotated[UpdateState | None, QueryParameter(name="state")] = None,
) -> Page[UpdateView]:
    """Those of all stations, the latest first."""
    return await _page(
        campaigns, principal, page, station_id, campaign_id, None if wanted is None else str(wanted)
    )


@get(
    "/stations/{station_id:str}/firmware-updates",
    guards=[requires("stations:read")],
    summary="List the firmware updates of a station",
)
async def list_updates_of_station(
    station_id: FromPath[str],
    campaigns: Injected[Campaigns],
    principal: Injected[Principal],
    page: Injected[PageRequest],
) -> Page[UpdateView]:
    """The latest first."""
    return await _page(campaigns, principal, page, station_id, None, None)


@post(
    "/firmware-updates",
    guards=[requires("firmware:command")],
    summary="Update the firmware of stations",
)
async def plan_updates(
    data: JSONBody[UpdatesWanted],
    campaigns: Injected[Campaigns],
    principal: Injected[Principal],
) -> CampaignView:
    """Each is asked as soon as it is connected, while the window lasts.

    Stations that the image is not for are refused, by their ids; the others go on.
    """
    firmware = campaigns.firmware
    look = partial(tables.image, tenant_id=principal.tenant_id, id_=data.image_id)
    image = await firmware.store.read(look)
    if image is None:
        raise Problem.of_field("image_id", "there is no such image")
    if image.kept is None:
        raise Problem.of_field("image_id", "the image has no file yet")
    now = firmware.clock.now()
    try:
        window = Window.of(now, data.retrieve_at, data.install_at, data.until_at)
    except WindowFault as fault:
        raise Problem.of_field("until_at", str(fault)) from fault
    wanted = UpdateFirmware(
        image_id=str(image.id),
        is_signed=data.is_signed,
        retries=data.retries,
        retry_interval_s=data.retry_interval_s,
    )
    id_, updates, refused = await campaigns.plan(image, data.station_ids, window, wanted)
    return CampaignView(
        id_,
        [_view(each, now) for each in updates],
        [RefusedView(*each) for each in refused],
    )


@delete(
    "/firmware-updates/{update_id:uuid}",
    guards=[requires("firmware:command")],
    summary="Take back a planned firmware update",
)
async def cancel_update(
    update_id: FromPath[UUID], campaigns: Injected[Campaigns], principal: Injected[Principal]
) -> None:
    """Only while it is planned: OCPP cannot take back what a station was asked for."""
    look = partial(tables.updates.one, tenant_id=principal.tenant_id, id_=update_id)
    update = await campaigns.firmware.store.read(look)
    if update is None:
        raise Problem.not_found("firmware update", update_id)
    if not await campaigns.cancel(update):
        raise Problem.conflict("update-sent", "the station was asked already")


def routes(campaigns: Campaigns) -> Routes:
    """Everything about updates."""
    handlers = (list_updates, list_updates_of_station, plan_updates, cancel_update)
    return Routes("Firmware updates", handlers, {"campaigns": campaigns})


async def _page(
    campaigns: Campaigns,
    principal: Principal,
    page: PageRequest,
    station_id: str | None,
    campaign_id: UUID | None,
    state: str | None,
) -> Page[UpdateView]:
    look = partial(
        tables.updates_listed,
        tenant_id=principal.tenant_id,
        count_max=page.fetch_max,
        station_id=station_id,
        campaign_id=campaign_id,
        state=state,
        before=page.after(UUID),
    )
    now = campaigns.firmware.clock.now()
    rows = await campaigns.firmware.store.read(look)
    return page.of(rows, lambda each: _view(each, now), key=lambda each: each.id)


def _view(update: Update, now: datetime) -> UpdateView:
    is_late = update.state in OPEN and update.until_at <= now
    return UpdateView(
        id=update.id,
        campaign_id=update.campaign_id,
        station_id=update.station_id,
        image_id=update.image_id,
        firmware_version=update.firmware_version,
        version_before=update.version_before,
        is_signed=update.is_signed,
        retrieve_at=update.retrieve_at,
        install_at=update.install_at,
        until_at=update.until_at,
        state="expired" if is_late else update.state,
        status=update.status,
        reason=update.reason,
        requested_at=update.requested_at,
        changed_at=update.changed_at,
    )
