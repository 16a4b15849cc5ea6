"""The routes of variables: what they are, what they have been, how far a report has come."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from litestar import get
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from chargeplane.csms.provisioning import history, tables
from chargeplane.csms.provisioning.directory import Directory
from chargeplane.csms.provisioning.history import Source
from chargeplane.csms.provisioning.views import VariableView, members
from chargeplane.domain.commands import Variable
from chargeplane.runtime.rest import Injected, Page, PageRequest, Principal, Problem, requires
from chargeplane.runtime.store import Store

__all__ = ["list_variable_changes", "list_variables", "show_variable_report"]

READ = requires("stations:read")
REPORT_IDS = range(1, 2**31)
"""What a request id can be."""
Name = Annotated[str | None, QueryParameter(min_length=1, max_length=50)]
Number = Annotated[int | None, QueryParameter(ge=0, le=1_000_000)]


class VariableChangeView(Struct, frozen=True):
    """A variable had another value than before."""

    id: UUID
    component: str | None
    component_instance: str | None
    evse_id: int | None
    connector_id: int | None
    name: str
    instance: str | None
    attribute: str
    before: str | None
    value: str | None
    source: Source
    """``set``: by us; ``report`` and ``read``: it was found so."""
    by_name: str | None
    """Who gave the command, if one was given over REST."""
    at: datetime


class VariableReportView(Struct, frozen=True):
    """How far a report has come that was asked for."""

    request_id: int
    base: str
    requested_at: datetime
    parts_count: int
    """Messages of it that have come."""
    completed_at: datetime | None


@get("/stations/{station_id:str}/variables", guards=[READ], summary="List a station's variables")
async def list_variables(
    station_id: FromPath[str],
    directory: Injected[Directory],
    store: Injected[Store],
    principal: Injected[Principal],
    page: Injected[PageRequest],
    component: Annotated[
        str | None, QueryParameter(max_length=50, description="Only those of this component.")
    ] = None,
) -> Page[VariableView]:
    """What the station has reported of its device model, by component."""
    await _known(directory, principal, station_id)
    look = partial(
        tables.after,
        tenant_id=principal.tenant_id,
        station_id=station_id,
        count_max=page.fetch_max,
        key=page.after(str),
        component=component,
    )
    rows = await store.read(look)
    return page.of(
        rows, lambda row: VariableView(**members(VariableView, row)), key=lambda row: row.key
    )


@get(
    "/stations/{station_id:str}/variable-changes",
    guards=[READ],
    summary="List what has changed of a station's variables",
)
async def list_variable_changes(
    station_id: FromPath[str],
    directory: Injected[Directory],
    store: Injected[Store],
    principal: Injected[Principal],
    page: Injected[PageRequest],
    name: Annotated[
        str | None,
        QueryParameter(
            min_length=1,
            max_length=50,
            description="Of this variable alone; the other parameters say of which component.",
        ),
    ] = None,
    component: Name = None,
    component_instance: Name = None,
    evse_id: Number = None,
    connector_id: Number = None,
    instance: Name = None,
    attribute: Annotated[str, QueryParameter(min_length=1, max_length=20)] = "actual",
) -> Page[VariableChangeView]:
    """What each variable was before and is now, the newest first, up to 5,000 changes."""
    await _known(directory, principal, station_id)
    variable = name and Variable(
        name=name,
        component=component,
        instance=instance,
        component_instance=component_instance,
        evse_id=evse_id,
        connector_id=connector_id,
        attribute=attribute,
    )
    look = partial(
        history.newest,
        tenant_id=principal.tenant_id,
        station_id=station_id,
        count_max=page.fetch_max,
        before=page.after(UUID),
        variable=variable or None,
    )
    rows = await store.read(look)
    return page.of(rows, _change, key=lambda row: row.id)


@get(
    "/stations/{station_id:str}/variable-reports/{report_id:int}",
    guards=[READ],
    summary="Show how far a report of variables has come",
)
async def show_variable_report(
    station_id: FromPath[str],
    report_id: FromPath[int],
    directory: Injected[Directory],
    store: Injected[Store],
    principal: Injected[Principal],
) -> VariableReportView:
    """A report that ``get-base-report`` or ``get-report`` has asked for, by its ``request_id``."""
    await _known(directory, principal, station_id)
    look = partial(
        tables.report_of,
        tenant_id=principal.tenant_id,
        station_id=station_id,
        request_id=report_id,
    )
    row = await store.read(look) if report_id in REPORT_IDS else None
    if row is None:
        raise Problem.not_found("report", str(report_id))
    return VariableReportView(**members(VariableReportView, row))


async def _known(directory: Directory, principal: Principal, station_id: str) -> None:
    if await directory.find(principal.tenant_id, station_id) is None:
        raise Problem.not_found("station", station_id)


def _change(row: object) -> VariableChangeView:
    facts = members(VariableChangeView, row)
    return VariableChangeView(**facts | {"source": Source(facts["source"])})
