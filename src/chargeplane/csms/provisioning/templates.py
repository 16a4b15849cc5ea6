"""Templates of variables: which values they shall have, at one station or at many.

A template is for all stations of a tenant, or for those of a model, of a site, or for one station.
What several templates say of one variable is decided by the one that is for the fewest: station
before site before model before all, then by name. A value that names a component is for stations
of 2.x, and one that names none is a configuration key of 1.x.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Column, Connection, delete, func, insert, select, update

from chargeplane.csms.inventory import stations
from chargeplane.csms.provisioning.history import values_of
from chargeplane.csms.provisioning.tables import key_of
from chargeplane.domain.commands import VariableValue
from chargeplane.runtime.store import SCHEMA, Id, Moment, Words, storable

__all__ = [
    "TEMPLATES_MAX",
    "VALUES_MAX",
    "Place",
    "State",
    "Template",
    "TooMany",
    "Wanted",
    "add",
    "all_of",
    "change",
    "find",
    "fits",
    "place_of",
    "remove",
    "stations_after",
    "wanted_at",
    "wanted_by",
]

TEMPLATES_MAX: Final = 200
"""Of one tenant."""
VALUES_MAX: Final = 200
"""Of one template."""

variable_templates = SCHEMA.table(
    "variable_templates",
    Column("id", Id, nullable=False),
    Column("name", Words, nullable=False),
    Column("station_id", Words),
    Column("site_id", Words),
    Column("vendor", Words),
    Column("model", Words),
    Column("wanted", Words, nullable=False),
    Column("changed_by", Words, nullable=False),
    Column("changed_at", Moment, nullable=False),
    key=["id"],
)
_each = variable_templates.c
_decode = msgspec.json.Decoder(tuple[VariableValue, ...]).decode


class TooMany(Exception):
    """A tenant has as many templates as it may have."""


class Template(NamedTuple):
    """What variables shall be, and where. None: whichever."""

    id: UUID
    name: str
    station_id: str | None
    site_id: str | None
    vendor: str | None
    model: str | None
    wanted: tuple[VariableValue, ...]
    changed_by: str
    changed_at: datetime

    @property
    def rank(self) -> tuple[Any, ...]:
        """What comes first decides."""
        open_to_all = (self.station_id is None, self.site_id is None, self.model is None)
        return *open_to_all, self.vendor is None, self.name, self.id


class Place(NamedTuple):
    """What of a station decides which templates are for it."""

    id: str
    site_id: str | None
    vendor: str | None
    model: str | None
    ocpp_version: str | None


class State(StrEnum):
    """How a station keeps to what is wanted."""

    KEPT = "kept"
    DEVIATES = "deviates"
    UNKNOWN = "unknown"
    """It has not told the value."""


class Wanted(NamedTuple):
    """A value that is wanted of a station."""

    template: Template
    wanted: VariableValue
    value: str | None
    """What the station has told."""
    state: State


_COLUMNS = [_each[name] for name in Template._fields]
_PLACE = [stations.c[name] for name in Place._fields]


def all_of(connection: Connection, tenant_id: UUID) -> list[Template]:
    """All templates of a tenant, by name."""
    query = select(*_COLUMNS).where(_each.tenant_id == tenant_id).order_by(_each.name, _each.id)
    return [_template(row) for row in connection.execute(query)]


def find(connection: Connection, tenant_id: UUID, template_id: UUID) -> Template | None:
    """One template."""
    mine = _each.tenant_id == tenant_id, _each.id == template_id
    row = connection.execute(select(*_COLUMNS).where(*mine)).one_or_none()
    return None if row is None else _template(row)


def add(connection: Connection, tenant_id: UUID, template: Template) -> None:
    """Keep a new template. Safe to apply twice.

    Raises:
        TooMany: there are as many as may be.
    """
    if find(connection, tenant_id, template.id) is not None:
        return
    mine = _each.tenant_id == tenant_id
    count = connection.scalar(select(func.count()).select_from(variable_templates).where(mine))
    if (count or 0) >= TEMPLATES_MAX:
        raise TooMany
    values = {"tenant_id": tenant_id} | _stored(template._asdict())
    connection.execute(insert(variable_templates).values(values))


def change(
    connection: Connection, tenant_id: UUID, template_id: UUID, values: Mapping[str, Any]
) -> Template | None:
    """Change some of it; the template as it is now, or None if there is none."""
    mine = _each.tenant_id == tenant_id, _each.id == template_id
    connection.execute(update(variable_templates).where(*mine).values(_stored(values)))
    return find(connection, tenant_id, template_id)


def remove(connection: Connection, tenant_id: UUID, template_id: UUID) -> bool:
    """Forget it. What it has set stays as it is."""
    mine = _each.tenant_id == tenant_id, _each.id == template_id
    return connection.execute(delete(variable_templates).where(*mine)).rowcount == 1


def place_of(connection: Connection, tenant_id: UUID, station_id: str) -> Place | None:
    """A station."""
    mine = stations.c.tenant_id == tenant_id, stations.c.id == storable(station_id)
    row = connection.execute(select(*_PLACE).where(*mine)).one_or_none()
    return None if row is None else Place(*row)


def stations_after(
    connection: Connection, tenant_id: UUID, template: Template, key: str | None, count_max: int
) -> list[Place]:
    """The stations that a template is for, by id, from behind one on."""
    query = select(*_PLACE).where(stations.c.tenant_id == tenant_id)
    if template.station_id is not None:
        query = query.where(stations.c.id == template.station_id)
    for name in ("site_id", "vendor", "model"):
        if (value := getattr(template, name)) is not None:
            query = query.where(stations.c[name] == value)
    if key is not None:
        query = query.where(stations.c.id > key)
    rows = connection.execute(query.order_by(stations.c.id).limit(count_max))
    return [Place(*row) for row in rows]


def wanted_at(connection: Connection, tenant_id: UUID, place: Place) -> list[Wanted]:
    """Everything that is wanted of a station, by the names of variables."""
    fitting = sorted(
        (each for each in all_of(connection, tenant_id) if fits(each, place)),
        key=lambda each: each.rank,
    )
    return _held(connection, tenant_id, place, fitting)


def wanted_by(
    connection: Connection, tenant_id: UUID, place: Place, template: Template
) -> list[Wanted]:
    """What one template wants of a station, whatever others want."""
    return _held(connection, tenant_id, place, [template])


def _held(
    connection: Connection, tenant_id: UUID, place: Place, fitting: Iterable[Template]
) -> list[Wanted]:
    chosen: dict[str, tuple[Template, VariableValue]] = {}
    for template in fitting:
        for each in template.wanted:
            if _is_of(each, place.ocpp_version):
                chosen.setdefault(key_of(each.variable), (template, each))
    known = values_of(connection, tenant_id, place.id, chosen)
    found = []
    for key in sorted(chosen):
        template, each = chosen[key]
        value = known.get(key)
        found.append(Wanted(template, each, value, _state(value, each.value)))
    return found


def fits(template: Template, place: Place) -> bool:
    """Whether a template is for a station."""
    here = {
        "station_id": place.id,
        "site_id": place.site_id,
        "vendor": place.vendor,
        "model": place.model,
    }
    return all(getattr(template, name) in (None, value) for name, value in here.items())


def _is_of(wanted: VariableValue, version: str | None) -> bool:
    """Whether stations of a version have such a variable; of an unknown version: perhaps."""
    return version is None or version.startswith("2") is (wanted.variable.component is not None)


def _state(value: str | None, wanted: str) -> State:
    if value is None:
        return State.UNKNOWN
    return State.KEPT if _plain(value) == _plain(wanted) else State.DEVIATES


def _plain(value: str) -> object:
    """What spellings of one value have in common: ``60`` and ``60.0``, ``true`` and ``True``."""
    text = value.strip()
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text.casefold() if text.casefold() in ("true", "false") else text
    return number if number.is_finite() else text


def _template(row: Any) -> Template:
    return Template(**{**row._mapping, "wanted": _decode(row.wanted)})


def _stored(values: Mapping[str, Any]) -> dict[str, Any]:
    stored: dict[str, Any] = {}
    for name, value in values.items():
        if name == "wanted":
            stored[name] = storable(msgspec.json.encode(value).decode())
        else:
            stored[name] = storable(value) if isinstance(value, str) else value
    return stored
