"""Looking into the audit log: which entries are wanted, how many there are, and whose they are."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Connection, func, or_, select

from chargeplane.runtime.audit.chain import Entry, audit_log
from chargeplane.runtime.rest import keyset
from chargeplane.runtime.store import storable

__all__ = ["ACTIONS_MAX", "NAMES_MAX", "Named", "Wanted", "count", "found", "names"]

NAMES_MAX: Final = 100
"""Of actors, and of actions: those with the most entries."""
ACTIONS_MAX: Final = 200
"""That count as found too."""

_each = audit_log.c
_ENTRY = [_each[name] for name in Entry._fields]
_SEARCHED = (_each.actor_name, _each.action, _each.target, _each.reason, _each.source)


class Wanted(NamedTuple):
    """Which entries; None: all."""

    actor: str | None = None
    """The name or the id."""
    action: str | None = None
    target: str | None = None
    """The beginning of it."""
    search: str | None = None
    """In actor, action, target, reason or source, in either case."""
    or_actions: tuple[str, ...] = ()
    """What ``search`` finds too: people know actions by other words than the program."""
    start: datetime | None = None
    end: datetime | None = None


class Named(NamedTuple):
    """A name with the number of its entries."""

    name: str
    entries: int


def found(
    connection: Connection,
    tenant_id: UUID,
    wanted: Wanted,
    *,
    before: int | None = None,
    count_max: int,
) -> list[Entry]:
    """Entries, the newest first; ``before``: the last number of the page before."""
    query = select(*_ENTRY).where(*_conditions(tenant_id, wanted))
    if before is not None:
        query = query.where(_each.seq < before)
    rows = connection.execute(query.order_by(_each.seq.desc()).limit(count_max))
    return [Entry(*row) for row in rows]


def count(connection: Connection, tenant_id: UUID, wanted: Wanted) -> int | None:
    """How many there are on all pages; None: more than ``keyset.COUNT_MAX``."""
    return keyset.count_of(connection, select(_each.seq).where(*_conditions(tenant_id, wanted)))


def names(
    connection: Connection, tenant_id: UUID, wanted: Wanted
) -> tuple[list[Named], list[Named]]:
    """The actors and the actions of these entries by name, each as if it were not asked for."""
    actors = _counted(connection, _each.actor_name, tenant_id, wanted._replace(actor=None))
    actions = _counted(connection, _each.action, tenant_id, wanted._replace(action=None))
    return actors, actions


def _counted(
    connection: Connection, column: Column[str], tenant_id: UUID, wanted: Wanted
) -> list[Named]:
    number = func.count()
    query = (
        select(column, number)
        .where(*_conditions(tenant_id, wanted), column != "")
        .group_by(column)
        .order_by(number.desc(), column)
        .limit(NAMES_MAX)
    )
    return sorted(Named(*row) for row in connection.execute(query))


def _conditions(tenant_id: UUID, wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions = [
        _each.tenant_id == tenant_id,
        *keyset.having((_each.action, wanted.action)),
        *keyset.within(_each.at, wanted.start, wanted.end),
    ]
    if wanted.actor is not None:
        actor = storable(wanted.actor)
        conditions.append(or_(_each.actor_name == actor, _each.actor_id == actor))
    if wanted.target is not None:
        conditions.append(_each.target.startswith(storable(wanted.target), autoescape=True))
    if wanted.search is not None:
        also = _each.action.in_([storable(each) for each in wanted.or_actions])
        conditions.append(or_(keyset.containing(wanted.search, *_SEARCHED), also))
    return conditions
