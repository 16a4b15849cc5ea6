"""What stations have told of themselves: variables of 2.x, configuration keys of 1.x."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    bindparam,
    delete,
    func,
    select,
    update,
)

from chargeplane.csms.contract import Registration
from chargeplane.csms.inventory import stations
from chargeplane.domain.commands import Variable
from chargeplane.runtime.store import SCHEMA, Change, Moment, Prepared, Row, Sink, Words, storable

__all__ = [
    "BOOT",
    "Reading",
    "Report",
    "address_of",
    "after",
    "has_room",
    "is_readable",
    "is_secret",
    "key_of",
    "note_set",
    "registration_of",
    "report_of",
    "report_row",
    "report_rows",
    "report_that_is_open",
    "request_report",
    "value_rows",
    "variable_reports",
    "variables",
]

VARIABLES_MAX = 20_000
"""Of one station; the largest device models seen have some thousands."""
REPORTS_MAX = 20
"""Of one station, the newest."""

SCHEMA.contribute(Path(__file__).parent / "migrations")

variables = SCHEMA.table(
    "variables",
    Column("station_id", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("component", Words),
    Column("component_instance", Words),
    Column("evse_id", Integer),
    Column("connector_id", Integer),
    Column("name", Words, nullable=False),
    Column("instance", Words),
    Column("attribute", Words, nullable=False),
    Column("value", Words),
    Column("mutability", Words),
    Column("data_type", Words),
    Column("unit", Words),
    Column("minimum", Words),
    Column("maximum", Words),
    Column("choices", Words),
    Column("reported_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    key=["station_id", "key"],
)
"""``key`` is the whole address without regard to case, as 1.x and 2.x compare names."""

variable_reports = SCHEMA.table(
    "variable_reports",
    Column("station_id", Words, nullable=False),
    Column("request_id", Integer, nullable=False),
    Column("base", Words, nullable=False),
    Column("requested_at", Moment, nullable=False),
    Column("parts_count", Integer, nullable=False),
    Column("completed_at", Moment),
    key=["station_id", "request_id"],
)
"""The reports that we have asked for. What else a station reports is kept without a row here."""

BOOT: Final = Change(
    stations,
    ["tenant_id", "id", "vendor", "model", "serial_number", "firmware_version", "booted_at"],
)
_REPORT: Final = Change(
    variable_reports, ["tenant_id", "station_id", "request_id", "parts_count", "completed_at"]
)
_COLUMNS: Final = [each.name for each in variables.columns]
_TIMES: Final = ["reported_at", "received_at"]
_NATURE: Final = ["mutability", "data_type", "unit", "minimum", "maximum", "choices"]
_REPORTED: Final = Sink(variables, _COLUMNS, update=["value", *_NATURE, *_TIMES])
_READ: Final = Sink(
    variables, [name for name in _COLUMNS if name not in _NATURE], update=["value", *_TIMES]
)
_READ_KEY: Final = Sink(
    variables,
    [name for name in _COLUMNS if name not in _NATURE[1:]],
    update=["value", "mutability", *_TIMES],
)

# What opens doors is not kept in readable form, whoever says it.
_SECRETS = frozenset({"authorizationkey", "basicauthpassword"})
READ_ONLY, WRITE_ONLY, READ_WRITE = "ReadOnly", "WriteOnly", "ReadWrite"


class Reading(NamedTuple):
    """A variable as a station tells it; None: it did not say."""

    variable: Variable
    value: str | None
    mutability: str | None = None
    data_type: str | None = None
    unit: str | None = None
    minimum: str | None = None
    maximum: str | None = None
    choices: str | None = None


class Report(NamedTuple):
    """A report that we have asked for."""

    request_id: int
    parts_count: int


_REGISTRATION: Final = Prepared(
    select(stations.c.registration).where(
        stations.c.tenant_id == bindparam("of_tenant"), stations.c.id == bindparam("of_station")
    )
)


def registration_of(
    connection: Connection, tenant_id: UUID, station_id: str
) -> Registration | None:
    """How a station stands with us; None if there is no such station (any more)."""
    found = _REGISTRATION.rows(connection, {"of_tenant": tenant_id, "of_station": station_id})
    return Registration(found[0][0]) if found else None


def is_readable() -> ColumnElement[bool]:
    """Whether the station lets us read a variable. Of one that was only read it says no more."""
    return func.coalesce(variables.c.mutability, "") != WRITE_ONLY


def is_secret(variable: Variable) -> bool:
    """Whether its value opens doors and is not kept."""
    return variable.name.casefold() in _SECRETS


def key_of(variable: Variable) -> str:
    """The key of a row. Numbers are padded, so that EVSE 10 comes after EVSE 9."""
    parts = (
        variable.component or "",
        variable.component_instance or "",
        f"{variable.evse_id or 0:06d}",
        f"{variable.connector_id or 0:06d}",
        variable.name,
        variable.instance or "",
        variable.attribute,
    )
    return storable("\t".join(parts).casefold())


def report_rows(
    tenant_id: UUID,
    station_id: str,
    readings: Iterable[Reading],
    reported_at: datetime,
    received_at: datetime,
) -> tuple[Row, ...]:
    """Rows of a report, which tells what variables are besides what they hold."""
    return tuple(
        (
            _REPORTED,
            (
                tenant_id,
                station_id,
                *address_of(each.variable),
                _value(each),
                *map(_text, each[2:]),
                reported_at,
                received_at,
            ),
        )
        for each in readings
    )


def value_rows(
    tenant_id: UUID, station_id: str, readings: Iterable[Reading], at: datetime
) -> tuple[Row, ...]:
    """Rows of values that were asked for one by one; what is known besides stays."""
    rows: list[Row] = []
    for each in readings:
        head = (tenant_id, station_id, *address_of(each.variable), _value(each))
        if each.mutability is None:
            rows.append((_READ, (*head, at, at)))
        else:
            rows.append((_READ_KEY, (*head, each.mutability, at, at)))
    return tuple(rows)


def note_set(
    connection: Connection,
    tenant_id: UUID,
    station_id: str,
    values: Iterable[tuple[Variable, str]],
    at: datetime,
) -> None:
    """The station has taken these values. Only what it lets us read is noted."""
    for variable, value in values:
        if is_secret(variable):
            continue
        connection.execute(
            update(variables)
            .where(
                variables.c.tenant_id == tenant_id,
                variables.c.station_id == station_id,
                variables.c.key == key_of(variable),
                is_readable(),
            )
            .values(value=storable(value), received_at=at)
        )


def has_room(connection: Connection, tenant_id: UUID, station_id: str) -> bool:
    """Whether more of a station's variables can be kept."""
    mine = (
        select(variables.c.key)
        .where(variables.c.tenant_id == tenant_id, variables.c.station_id == station_id)
        .limit(VARIABLES_MAX)
        .subquery()
    )
    count = connection.scalar(select(func.count()).select_from(mine))
    return count is not None and count < VARIABLES_MAX


def after(
    connection: Connection,
    tenant_id: UUID,
    station_id: str,
    *,
    count_max: int,
    key: str | None = None,
    component: str | None = None,
) -> list[Any]:
    """A station's variables in the order of their keys, from after ``key`` on."""
    query = (
        select(variables)
        .where(variables.c.tenant_id == tenant_id, variables.c.station_id == station_id)
        .order_by(variables.c.key)
        .limit(count_max)
    )
    if key is not None:
        query = query.where(variables.c.key > key)
    if component is not None:
        first = storable(component.casefold())
        query = query.where(variables.c.key >= f"{first}\t", variables.c.key < f"{first}\n")
    return list(connection.execute(query))


def request_report(
    connection: Connection,
    tenant_id: UUID,
    station_id: str,
    *,
    request_id: int,
    base: str,
    at: datetime,
) -> None:
    """Note that a report is asked for, and forget the oldest ones."""
    table = variable_reports.c
    mine = (table.tenant_id == tenant_id, table.station_id == station_id)
    connection.execute(
        delete(variable_reports).where(*mine, table.request_id == request_id)
    )  # the draw of an id that was used long ago
    connection.execute(
        variable_reports.insert().values(
            tenant_id=tenant_id,
            station_id=station_id,
            request_id=request_id,
            base=base,
            requested_at=at,
            parts_count=0,
        )
    )
    old = (
        select(table.request_id)
        .where(*mine)
        .order_by(table.requested_at.desc(), table.request_id)
        .limit(REPORTS_MAX)
        .offset(REPORTS_MAX)
    )
    connection.execute(delete(variable_reports).where(*mine, table.request_id.in_(old)))


def report_that_is_open(
    connection: Connection, tenant_id: UUID, station_id: str, request_id: int
) -> Report | None:
    """A report that was asked for and is not complete."""
    table = variable_reports.c
    row = connection.execute(
        select(table.request_id, table.parts_count).where(
            table.tenant_id == tenant_id,
            table.station_id == station_id,
            table.request_id == request_id,
            table.completed_at.is_(None),
        )
    ).one_or_none()
    return Report(*row) if row else None


def report_of(
    connection: Connection, tenant_id: UUID, station_id: str, request_id: int
) -> Any | None:
    """A report that was asked for, complete or not."""
    table = variable_reports.c
    query = select(variable_reports).where(
        table.tenant_id == tenant_id,
        table.station_id == station_id,
        table.request_id == request_id,
    )
    return connection.execute(query).one_or_none()


def report_row(
    tenant_id: UUID, station_id: str, report: Report, completed_at: datetime | None
) -> Row:
    """How far a report has come."""
    return _REPORT, (tenant_id, station_id, *report, completed_at)


def address_of(variable: Variable) -> tuple[Any, ...]:
    """The columns that say which variable it is, its key first."""
    return (
        key_of(variable),
        _text(variable.component),
        _text(variable.component_instance),
        variable.evse_id,
        variable.connector_id,
        storable(variable.name),
        _text(variable.instance),
        variable.attribute,
    )


def _value(reading: Reading) -> str | None:
    return None if is_secret(reading.variable) else _text(reading.value)


def _text(value: str | None) -> str | None:
    return None if value is None else storable(value)
