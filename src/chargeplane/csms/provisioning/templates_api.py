"""The routes of templates: keeping them, who deviates from them, and setting what deviates."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, Meta, Struct, UnsetType, structs
from sqlalchemy import Connection

from chargeplane.csms.provisioning import templates
from chargeplane.csms.provisioning.applying import Applied, Applier
from chargeplane.csms.provisioning.tables import is_secret, key_of
from chargeplane.csms.provisioning.templates import VALUES_MAX, Place, State, Template, Wanted
from chargeplane.csms.provisioning.views import Label
from chargeplane.domain.commands import Variable, VariableValue
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest import Injected, Page, PageRequest, Principal, Problem, requires
from chargeplane.runtime.store import Function, Store, new_id

__all__ = ["HANDLERS"]

READ, WRITE = requires("stations:read"), requires("stations:write")
_PLAIN = r"^[^\x00-\x1f\x7f]+$"
Name = Annotated[str, Meta(min_length=1, max_length=50, pattern=_PLAIN)]
Station = Annotated[str, Meta(min_length=1, max_length=48, pattern=_PLAIN)]
Number = Annotated[int, Meta(ge=1, le=1_000_000)]


class WantedVariable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A variable of a component in 2.x; without a component, a configuration key of 1.x."""

    name: Name
    component: Name | None = None
    instance: Name | None = None
    component_instance: Name | None = None
    evse_id: Number | None = None
    connector_id: Number | None = None
    attribute: Annotated[str, Meta(pattern="^(actual|target|min_set|max_set)$")] = "actual"


class WantedValue(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a variable shall be."""

    variable: WantedVariable
    value: Annotated[str, Meta(max_length=2_500)]


Values = Annotated[list[WantedValue], Meta(min_length=1, max_length=VALUES_MAX)]


class TemplateView(Struct, frozen=True, kw_only=True):
    """Values that are wanted of all stations that fit what is not null."""

    id: UUID
    name: str
    station_id: str | None
    site_id: str | None
    vendor: str | None
    model: str | None
    wanted: list[WantedValue]
    changed_by: str
    changed_at: datetime


class NewTemplate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A template to be kept."""

    name: Label
    wanted: Values
    station_id: Station | None = None
    site_id: Label | None = None
    vendor: Label | None = None
    model: Label | None = None


class TemplateChanges(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of a template."""

    name: Label | UnsetType = UNSET
    wanted: Values | UnsetType = UNSET
    station_id: Station | UnsetType | None = UNSET
    site_id: Label | UnsetType | None = UNSET
    vendor: Label | UnsetType | None = UNSET
    model: Label | UnsetType | None = UNSET


class WantedView(Struct, frozen=True, kw_only=True):
    """A value that is wanted of a station."""

    template_id: UUID
    template_name: str
    variable: Variable
    wanted: str
    value: str | None
    """What the station has told; null: nothing yet."""
    state: State


class WantedOfStation(Struct, frozen=True, kw_only=True):
    """Everything that templates want of a station."""

    items: list[WantedView]
    deviates: int
    unknown: int


class Keeping(Struct, frozen=True, kw_only=True):
    """How a station keeps to a template: the number of values by state."""

    station_id: str
    kept: int
    deviates: int
    unknown: int


class AppliedView(Struct, frozen=True, kw_only=True):
    """What came of each value that was not as wanted."""

    results: list[Applied]


@get("/variable-templates", guards=[READ], summary="List templates of variables")
async def list_templates(
    store: Injected[Store], principal: Injected[Principal]
) -> Page[TemplateView]:
    """All templates by name: there are 200 at the most."""
    found = await store.read(partial(templates.all_of, tenant_id=principal.tenant_id))
    return Page([_view(each) for each in found], None)


@post("/variable-templates", guards=[WRITE], summary="Add a template of variables")
async def add_template(
    data: JSONBody[NewTemplate],
    store: Injected[Store],
    clock: Injected[Clock],
    principal: Injected[Principal],
) -> TemplateView:
    """Keep what is wanted. Nothing is sent to a station by this."""
    facts = {each: getattr(data, each) for each in data.__struct_fields__}
    facts["wanted"] = _read(data.wanted)
    template = Template(id=new_id(), changed_by=principal.name, changed_at=clock.now(), **facts)
    work = partial(templates.add, tenant_id=principal.tenant_id, template=template)
    try:
        await store.write(Function(work))
    except templates.TooMany as error:
        most = templates.TEMPLATES_MAX
        raise Problem.conflict("too-many", f"there are {most} templates already") from error
    return _view(template)


@get("/variable-templates/{template_id:uuid}", guards=[READ], summary="Show a template")
async def show_template(
    template_id: FromPath[UUID], store: Injected[Store], principal: Injected[Principal]
) -> TemplateView:
    """One template."""
    look = partial(templates.find, tenant_id=principal.tenant_id, template_id=template_id)
    return _found(await store.read(look), template_id)


@patch("/variable-templates/{template_id:uuid}", guards=[WRITE], summary="Change a template")
async def change_template(
    template_id: FromPath[UUID],
    data: JSONBody[TemplateChanges],
    store: Injected[Store],
    clock: Injected[Clock],
    principal: Injected[Principal],
) -> TemplateView:
    """Change a template. Nothing is sent to a station by this."""
    given = {each: getattr(data, each) for each in data.__struct_fields__}
    values = {name: value for name, value in given.items() if value is not UNSET}
    if data.wanted is not UNSET:
        values["wanted"] = _read(data.wanted)
    values |= {"changed_by": principal.name, "changed_at": clock.now()}
    work = partial(
        templates.change,
        tenant_id=principal.tenant_id,
        template_id=template_id,
        values=values,
    )
    return _found(await store.write(Function(work)), template_id)


@delete("/variable-templates/{template_id:uuid}", guards=[WRITE], summary="Remove a template")
async def remove_template(
    template_id: FromPath[UUID], store: Injected[Store], principal: Injected[Principal]
) -> None:
    """Want it no more. What it has set at stations stays as it is."""
    work = partial(templates.remove, tenant_id=principal.tenant_id, template_id=template_id)
    if not await store.write(Function(work)):
        raise Problem.not_found("template", str(template_id))


@get(
    "/variable-templates/{template_id:uuid}/stations",
    guards=[READ],
    summary="List how stations keep to a template",
)
async def list_template_stations(
    template_id: FromPath[UUID],
    store: Injected[Store],
    principal: Injected[Principal],
    page: Injected[PageRequest],
) -> Page[Keeping]:
    """The stations that it is for, by id, with how many of its values each keeps."""
    tenant_id, after = principal.tenant_id, page.after(str)

    def look(connection: Connection) -> list[tuple[Place, list[Wanted]]] | None:
        template = templates.find(connection, tenant_id, template_id)
        if template is None:
            return None
        return [
            (place, templates.wanted_by(connection, tenant_id, place, template))
            for place in templates.stations_after(
                connection, tenant_id, template, after, page.fetch_max
            )
        ]

    found = await store.read(look)
    if found is None:
        raise Problem.not_found("template", str(template_id))
    return page.of(found, lambda each: _keeping(*each), key=lambda each: each[0].id)


@get(
    "/stations/{station_id:str}/wanted-variables",
    guards=[READ],
    summary="List what is wanted of a station's variables",
)
async def list_wanted_variables(
    station_id: FromPath[str], store: Injected[Store], principal: Injected[Principal]
) -> WantedOfStation:
    """What all templates together want of the station, beside what it has told."""

    def look(connection: Connection) -> list[Wanted] | None:
        place = templates.place_of(connection, principal.tenant_id, station_id)
        if place is None:
            return None
        return templates.wanted_at(connection, principal.tenant_id, place)

    found = await store.read(look)
    if found is None:
        raise Problem.not_found("station", station_id)
    return WantedOfStation(
        items=[_wanted(each) for each in found],
        deviates=_count(found, State.DEVIATES),
        unknown=_count(found, State.UNKNOWN),
    )


@post(
    "/stations/{station_id:str}/wanted-variables/apply",
    guards=[requires("stations:command")],
    status_code=200,
    summary="Set what deviates at a station",
)
async def apply_wanted_variables(
    station_id: FromPath[str],
    applier: Injected[Applier],
    principal: Injected[Principal],
    template: Annotated[
        UUID | None, QueryParameter(description="Only the values of this template.")
    ] = None,
) -> AppliedView:
    """Set every value that deviates or is not known, and tell what came of each."""
    return AppliedView(results=await applier.apply(principal, station_id, template))


HANDLERS = (
    list_templates, add_template, show_template, change_template, remove_template,
    list_template_stations, list_wanted_variables, apply_wanted_variables,
)  # fmt: skip


def _read(wanted: list[WantedValue]) -> tuple[VariableValue, ...]:
    """Each variable once, and no secret: what is in a template can be read."""
    values: dict[str, VariableValue] = {}
    for number, each in enumerate(wanted):
        variable = Variable(**structs.asdict(each.variable))
        key = key_of(variable)
        if is_secret(variable):
            raise Problem.of_field(f"wanted[{number}]", "a password cannot be in a template")
        if key in values:
            raise Problem.of_field(f"wanted[{number}]", "this variable is there already")
        values[key] = VariableValue(variable=variable, value=each.value)
    return tuple(values.values())


def _found(template: Template | None, template_id: UUID) -> TemplateView:
    if template is None:
        raise Problem.not_found("template", str(template_id))
    return _view(template)


def _view(template: Template) -> TemplateView:
    facts: dict[str, Any] = template._asdict()
    facts["wanted"] = [
        WantedValue(variable=WantedVariable(**structs.asdict(each.variable)), value=each.value)
        for each in template.wanted
    ]
    return TemplateView(**facts)


def _wanted(each: Wanted) -> WantedView:
    return WantedView(
        template_id=each.template.id,
        template_name=each.template.name,
        variable=each.wanted.variable,
        wanted=each.wanted.value,
        value=each.value,
        state=each.state,
    )


def _keeping(place: Place, found: list[Wanted]) -> Keeping:
    return Keeping(
        station_id=place.id,
        kept=_count(found, State.KEPT),
        deviates=_count(found, State.DEVIATES),
        unknown=_count(found, State.UNKNOWN),
    )


def _count(found: list[Wanted], state: State) -> int:
    return sum(each.state is state for each in found)
