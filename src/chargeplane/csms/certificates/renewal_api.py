"""The routes of stations that may come with a certificate that has ended, or of the factory."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from litestar import delete, get, put
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from chargeplane.csms.certificates.renewal_tables import Allowance
from chargeplane.csms.certificates.renewals import RenewalFault, Renewals
from chargeplane.runtime.rest import Injected, Principal, Problem, Routes, requires

__all__ = ["routes"]

WRITE = requires("certificates:write")


class RenewalAllowanceView(Struct, frozen=True):
    """A station that may come so to get another certificate."""

    station_id: str
    until: datetime
    serial_number: str | None
    allowed_by: str


class RenewalAllowanceWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """How long."""

    until: Annotated[datetime, Meta(tz=True)] | None = None
    """At most 30 days from now; null: a day."""
    serial_number: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    """The name in its certificate, where the station has never reported its serial number."""


@get(
    "/certificates/renewal-allowances",
    guards=[requires("certificates:read")],
    summary="List stations that may come with a certificate that has ended",
)
async def list_renewal_allowances(
    renewals: Injected[Renewals], principal: Injected[Principal]
) -> list[RenewalAllowanceView]:
    """A thousand at most, by id."""
    return [_view(each) for each in await renewals.listed(principal.tenant_id)]


@put(
    "/stations/{station_id:str}/renewal-allowance",
    guards=[WRITE],
    summary="Let a station renew a certificate that has ended",
)
async def allow_renewal(
    station_id: FromPath[str],
    data: JSONBody[RenewalAllowanceWanted],
    renewals: Injected[Renewals],
    principal: Injected[Principal],
) -> RenewalAllowanceView:
    """Let it come by a certificate that has ended or is the factory's, only to get another one.

    It is over when the station has come with one that counts.
    """
    try:
        found = await renewals.allow(
            principal.tenant_id, station_id, data.until, principal.name, data.serial_number
        )
    except RenewalFault as fault:
        raise Problem.of_field("until", str(fault)) from fault
    if found is None:
        raise Problem.not_found("station", station_id)
    return _view(found)


@delete(
    "/stations/{station_id:str}/renewal-allowance",
    guards=[WRITE],
    summary="Let a station renew such a certificate no longer",
)
async def forbid_renewal(
    station_id: FromPath[str], renewals: Injected[Renewals], principal: Injected[Principal]
) -> None:
    """Who is connected so stays Pending, and cannot come again."""
    if not await renewals.forbid(principal.tenant_id, station_id):
        raise Problem.not_found("allowance of the station", station_id)


def routes(renewals: Renewals) -> Routes:
    """Everything about such stations."""
    handlers = (list_renewal_allowances, allow_renewal, forbid_renewal)
    return Routes("Certificates", handlers, {"renewals": renewals})


def _view(allowance: Allowance) -> RenewalAllowanceView:
    return RenewalAllowanceView(*allowance[1:])
