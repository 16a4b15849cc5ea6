"""The history of variables: what each was, what it became, when, and by what.

The first value that is heard of a variable is no change. What opens doors is never in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, Integer, delete, func, insert, select

from chargeplane.csms.provisioning.tables import (
    WRITE_ONLY,
    Reading,
    address_of,
    is_readable,
    is_secret,
    key_of,
    variables,
)
from chargeplane.domain.commands import Variable
from chargeplane.runtime.store import SCHEMA, Id, Moment, Row, Sink, Words, new_id, storable

__all__ = [
    "CHANGES_MAX",
    "Change",
    "Source",
    "acting",
    "actor",
    "changes_of",
    "is_full",
    "newest",
    "note",
    "prune",
    "rows",
    "values_of",
    "variable_changes",
]

CHANGES_MAX: Final = 5_000
"""Of one station; the oldest is forgotten beyond them."""
_STEP_MAX: Final = 500
"""Rows that are deleted, or keys that are looked up, at a time."""


class Source(StrEnum):
    """How a change came to be known."""

    REPORT = "report"
    """The station reported it, asked or not."""
    READ = "read"
    """It was read one by one."""
    SET = "set"
    """We have set it, and the station has taken it."""


variable_changes = SCHEMA.table(
    "variable_changes",
    Column("station_id", Words, nullable=False),
    Column("id", Id, nullable=False),
    Column("key", Words, nullable=False),
    Column("component", Words),
    Column("component_instance", Words),
    Column("evse_id", Integer),
    Column("connector_id", Integer),
    Column("name", Words, nullable=False),
    Column("instance", Words),
    Column("attribute", Words, nullable=False),
    Column("before", Words),
    Column("value", Words),
    Column("source", Words, nullable=False),
    Column("by_name", Words),
    Column("at", Moment, nullable=False),
    key=["station_id", "id"],
)
_each = variable_changes.c
_COLUMNS: Final = [each.name for each in variable_changes.columns]
_SINK: Final = Sink(variable_changes, _COLUMNS)


class Change(NamedTuple):
    """A variable that has another value than before."""

    variable: Variable
    before: str | None
    value: str | None


_ACTOR: ContextVar[str | None] = ContextVar("provisioning_actor", default=None)


def actor() -> str | None:
    """On whose behalf a command is being carried out; None: nobody's."""
    return _ACTOR.get()


@contextmanager
def acting(name: str) -> Iterator[None]:
    """What is set meanwhile is set by them."""
    token = _ACTOR.set(name)
    try:
        yield
    finally:
        _ACTOR.reset(token)


def values_of(
    connection: Connection, tenant_id: UUID, station_id: str, keys: Iterable[str]
) -> dict[str, str | None]:
    """The values of a station's variables that it lets us read, by their keys."""
    wanted = sorted({*keys})
    found: dict[str, str | None] = {}
    for start in range(0, len(wanted), _STEP_MAX):
        query = select(variables.c.key, variables.c.value).where(
            variables.c.tenant_id == tenant_id,
            variables.c.station_id == station_id,
            variables.c.key.in_(wanted[start : start + _STEP_MAX]),
            is_readable(),
        )
        found.update((row.key, row.value) for row in connection.execute(query))
    return found


def changes_of(known: Mapping[str, str | None], readings: Iterable[Reading]) -> list[Change]:
    """Which of these are not what is known. Who tells no value, tells no change."""
    changes: dict[str, Change] = {}
    for each in readings:
        key = key_of(each.variable)
        if each.value is None or key not in known or is_secret(each.variable):
            continue
        value = storable(each.value)
        if each.mutability != WRITE_ONLY and known[key] != value:
            changes[key] = Change(each.variable, known[key], value)
    return [*changes.values()]


def rows(
    tenant_id: UUID,
    station_id: str,
    changes: Iterable[Change],
    source: Source,
    at: datetime,
    by_name: str | None = None,
) -> tuple[Row, ...]:
    """Changes as rows of their table."""
    told = (str(source), None if by_name is None else storable(by_name), at)
    return tuple(
        (
            _SINK,
            (
                tenant_id,
                station_id,
                new_id(),
                *address_of(each.variable),
                each.before,
                each.value,
                *told,
            ),
        )
        for each in changes
    )


def note(
    connection: Connection,
    tenant_id: UUID,
    station_id: str,
    readings: Iterable[Reading],
    source: Source,
    at: datetime,
    by_name: str | None = None,
) -> None:
    """Keep what these change; to be called before their values are written."""
    readings = [*readings]
    keys = (key_of(each.variable) for each in readings)
    changes = changes_of(values_of(connection, tenant_id, station_id, keys), readings)
    if not changes:
        return
    made = rows(tenant_id, station_id, changes, source, at, by_name)
    connection.execute(
        insert(variable_changes),
        [dict(zip(_COLUMNS, values, strict=True)) for _, values in made],
    )
    prune(connection, tenant_id, station_id)


def is_full(connection: Connection, tenant_id: UUID, station_id: str) -> bool:
    """Whether there are as many as are kept."""
    mine = _each.tenant_id == tenant_id, _each.station_id == station_id
    some = select(_each.id).where(*mine).limit(CHANGES_MAX).subquery()
    return (connection.scalar(select(func.count()).select_from(some)) or 0) >= CHANGES_MAX


def prune(connection: Connection, tenant_id: UUID, station_id: str) -> None:
    """Forget the oldest, some at a time."""
    mine = _each.tenant_id == tenant_id, _each.station_id == station_id
    newest_first = select(_each.id).where(*mine).order_by(_each.id.desc())
    beyond = newest_first.offset(CHANGES_MAX).limit(_STEP_MAX)
    connection.execute(delete(variable_changes).where(*mine, _each.id.in_(beyond)))


def newest(
    connection: Connection,
    tenant_id: UUID,
    station_id: str,
    *,
    count_max: int,
    before: UUID | None = None,
    variable: Variable | None = None,
) -> list[Any]:
    """Changes, the newest first.

    Args:
        connection: to the store.
        tenant_id: whose.
        station_id: of which station.
        count_max: how many at the most.
        before: the last id of the page before.
        variable: of this one alone.
    """
    query = select(variable_changes).where(
        _each.tenant_id == tenant_id, _each.station_id == station_id
    )
    if before is not None:
        query = query.where(_each.id < before)
    if variable is not None:
        query = query.where(_each.key == key_of(variable))
    return [*connection.execute(query.order_by(_each.id.desc()).limit(count_max))]
