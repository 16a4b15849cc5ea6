"""Tables of records by id: reading, changing and bounding them is the same for all of them.

An id tells when its record was made (UUIDv7), so the latest come first by falling ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, Table, delete, insert, select, update

__all__ = ["STEP_MAX", "Condition", "Record", "Records"]

STEP_MAX: Final = 100
"""How many old records ``prune`` deletes at a time."""

Condition = ColumnElement[bool]


class Record(Protocol):
    """A ``NamedTuple`` with the fields that a record needs here."""

    @property
    def tenant_id(self) -> UUID:
        """Whose it is."""

    @property
    def id(self) -> UUID:
        """Ours."""

    def _asdict(self) -> dict[str, Any]: ...


R = TypeVar("R", bound=Record)


class Records(Generic[R]):
    """The records of a table, each of a tenant; the fields of ``R`` are columns of it."""

    def __init__(self, table: Table, kind: type[R]) -> None:
        """``table`` has the columns ``tenant_id`` and ``id``, and ``station_id`` for ``prune``."""
        named: Any = kind  # what is common to all named tuples has no type of its own
        self.table = table
        self._make: Callable[[Any], R] = named._make
        self._all = select(*(table.c[name] for name in named._fields))

    def add(self, connection: Connection, records: Sequence[R]) -> None:
        """Keep new ones."""
        if records:
            connection.execute(insert(self.table), [each._asdict() for each in records])

    def change(
        self,
        connection: Connection,
        tenant_id: UUID,
        id_: UUID,
        *,
        only: Sequence[Condition] = (),
        **values: Any,
    ) -> bool:
        """Change one. Of two that do so at a time under a condition which ends it, one succeeds."""
        query = update(self.table).where(*self._mine(tenant_id, id_), *only).values(**values)
        return connection.execute(query).rowcount == 1

    def one(
        self, connection: Connection, tenant_id: UUID, id_: UUID, *, only: Sequence[Condition] = ()
    ) -> R | None:
        """The one with an id; None: there is none that the conditions fit."""
        rows = self.found(connection, self._all.where(*self._mine(tenant_id, id_), *only))
        return rows[0] if rows else None

    def latest(
        self,
        connection: Connection,
        tenant_id: UUID,
        *,
        only: Sequence[Condition] = (),
        count_max: int,
        before: UUID | None = None,
    ) -> list[R]:
        """Those that the conditions fit, the latest first; ``before``: the last one seen."""
        each = self.table.c
        query = self.of(tenant_id, only).order_by(each.id.desc())
        if before is not None:
            query = query.where(each.id < before)
        return self.found(connection, query.limit(count_max))

    def of(self, tenant_id: UUID, only: Sequence[Condition] = ()) -> Select[Any]:
        """A query for those of a tenant, in no order yet; ``found`` reads it."""
        return self._all.where(self.table.c.tenant_id == tenant_id, *only)

    def found(self, connection: Connection, query: Select[Any]) -> list[R]:
        """What a query of ``of`` finds."""
        return [self._make(row) for row in connection.execute(query)]

    def prune(
        self, connection: Connection, tenant_id: UUID, station_id: str, keep_max: int
    ) -> list[UUID]:
        """Delete the oldest of a station beyond a bound, a step at a time; their ids."""
        each = self.table.c
        mine = each.tenant_id == tenant_id, each.station_id == station_id
        old = select(each.id).where(*mine).order_by(each.id.desc()).offset(keep_max)
        return self.remove(connection, tenant_id, list(connection.scalars(old.limit(STEP_MAX))))

    def remove(self, connection: Connection, tenant_id: UUID, ids: list[UUID]) -> list[UUID]:
        """Delete some; their ids."""
        if ids:
            mine = self.table.c.tenant_id == tenant_id, self.table.c.id.in_(ids)
            connection.execute(delete(self.table).where(*mine))
        return ids

    def _mine(self, tenant_id: UUID, id_: UUID) -> tuple[Condition, Condition]:
        return self.table.c.tenant_id == tenant_id, self.table.c.id == id_
