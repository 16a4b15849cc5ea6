"""The routes of security events, and of changes of credentials."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from litestar import delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from chargeplane.csms.contract import NotConnected
from chargeplane.csms.security import tables
from chargeplane.csms.security.changes import ChangeFault, Changes
from chargeplane.csms.security.tables import CredentialChange, SecurityEvent
from chargeplane.runtime.rest import (
    Injected,
    Page,
    PageRequest,
    Principal,
    Problem,
    Routes,
    requires,
)
from chargeplane.runtime.store import Store

__all__ = ["routes"]


class SecurityEventView(Struct, frozen=True):
    """Something that touches security."""

    id: UUID
    station_id: str
    type: str
    """The standard's name of it, or ours."""
    origin: str
    """station or central-system."""
    severity: str
    """info, warning or critical."""
    detail: str | None
    remote_host: str | None
    occurrences: int
    """How often it happened within a second."""
    reported_at: datetime
    received_at: datetime
    frame_id: UUID | None


class CredentialChangeView(Struct, frozen=True):
    """A change of a password, or of the security profile."""

    id: UUID
    station_id: str
    kind: str
    from_profile: int
    to_profile: int
    state: str
    """sent, waiting, unknown; confirmed, refused, fallen-back, abandoned."""
    reason: str | None
    started_at: datetime
    changed_at: datetime
    deadline_at: datetime | None


class SiteUpgradeView(Struct, frozen=True):
    """How the change of one station of a site has begun."""

    station_id: str
    change: CredentialChangeView | None
    fault: str | None
    """Why it did not begin."""


class ProfileUpgrade(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a station shall go."""

    security_profile: Annotated[int, Meta(ge=1, le=3)]
    url: Annotated[str, Meta(max_length=2000)] = ""
    """Of the TLS port without the identity; 2.x wants it."""
    slot: Annotated[int, Meta(ge=1, le=100)] | None = None
    """Of the network profile, in 2.x; without it, one that the station does not use."""


@get("/security-events", guards=[requires("security-events:read")], summary="List security events")
async def list_security_events(
    store: Injected[Store],
    principal: Injected[Principal],
    page: Injected[PageRequest],
    station_id: Annotated[str | None, QueryParameter(max_length=255)] = None,
    severity: Annotated[
        str | None, QueryParameter(max_length=20, description="info, warning or critical.")
    ] = None,
) -> Page[SecurityEventView]:
    """What stations have reported, and what we have noticed, the latest first."""
    look = partial(
        tables.events,
        tenant_id=principal.tenant_id,
        count_max=page.fetch_max,
        before=page.after(UUID),
        station_id=station_id,
        severities=(severity,) if severity else (),
    )
    return page.of(await store.read(look), _event, key=lambda event: event.id)


@post(
    "/stations/{station_id:str}/rotate-password",
    guards=[requires("stations:write")],
    status_code=200,
    summary="Give a station a new password",
)
async def rotate_password(
    station_id: FromPath[str], changes: Injected[Changes], principal: Injected[Principal]
) -> CredentialChangeView:
    """Make a new password and hand it to the station. Nobody else ever sees it.

    The old one counts until the station has come back with the new one.
    """
    return _change(await _told(changes.rotate(principal.tenant_id, station_id)))


@post(
    "/stations/{station_id:str}/upgrade-security-profile",
    guards=[requires("stations:write")],
    status_code=200,
    summary="Take a station to a higher security profile",
)
async def upgrade_security_profile(
    station_id: FromPath[str],
    data: JSONBody[ProfileUpgrade],
    changes: Injected[Changes],
    principal: Injected[Principal],
) -> CredentialChangeView:
    """Check, tell the station, and wait for its return. What fails leaves it where it was."""
    begun = changes.upgrade(
        principal.tenant_id, station_id, data.security_profile, url=data.url, slot=data.slot
    )
    return _change(await _told(begun))


@post(
    "/sites/{site_id:str}/upgrade-security-profile",
    guards=[requires("stations:write")],
    status_code=200,
    summary="Take all stations of a site to a higher security profile",
)
async def upgrade_site_security_profile(
    site_id: FromPath[str],
    data: JSONBody[ProfileUpgrade],
    changes: Injected[Changes],
    principal: Injected[Principal],
) -> list[SiteUpgradeView]:
    """The first thousand, by id. Each station is a change of its own; see the list of each."""
    begun = await changes.upgrade_site(
        principal.tenant_id, site_id, data.security_profile, url=data.url, slot=data.slot
    )
    if not begun:
        raise Problem.not_found("station at the site", site_id)
    return [_begun(station_id, each) for station_id, each in begun.items()]


@get(
    "/stations/{station_id:str}/credential-changes",
    guards=[requires("stations:read")],
    summary="List changes of a station's credentials",
)
async def list_credential_changes(
    station_id: FromPath[str], changes: Injected[Changes], principal: Injected[Principal]
) -> list[CredentialChangeView]:
    """The newest hundred, the latest first."""
    return [_change(each) for each in await changes.listed(principal.tenant_id, station_id)]


@delete(
    "/stations/{station_id:str}/credential-changes/open",
    guards=[requires("stations:write")],
    summary="Abandon a change of a station's credentials",
)
async def abandon_credential_change(
    station_id: FromPath[str], changes: Injected[Changes], principal: Injected[Principal]
) -> None:
    """End the change that is open. Only what was before counts from now on."""
    if await changes.abandon(principal.tenant_id, station_id) is None:
        raise Problem.not_found("open change of credentials", station_id)


def routes(changes: Changes) -> Routes:
    """Everything about security."""
    handlers = (
        list_security_events,
        rotate_password,
        upgrade_security_profile,
        upgrade_site_security_profile,
        list_credential_changes,
        abandon_credential_change,
    )
    return Routes("Security", handlers, {"changes": changes})


async def _told(begun: Awaitable[CredentialChange]) -> CredentialChange:
    try:
        return await begun
    except ChangeFault as fault:
        raise Problem.conflict("cannot-change", str(fault)) from fault
    except NotConnected as error:
        raise Problem.conflict("not-connected", str(error)) from error


def _event(event: SecurityEvent) -> SecurityEventView:
    return SecurityEventView(*event[1:])


def _change(change: CredentialChange) -> CredentialChangeView:
    return CredentialChangeView(*change[1:])


def _begun(station_id: str, begun: CredentialChange | str) -> SiteUpgradeView:
    if isinstance(begun, str):
        return SiteUpgradeView(station_id, None, begun)
    return SiteUpgradeView(station_id, _change(begun), None)
