"""Pages by key: rows in the order of a column, ties by a unique one, from behind a given row on.

Unlike pages by number, they neither repeat nor miss a row when others come and go meanwhile, and
the last page costs as much as the first. A block says what its list is made of (``Listing``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from chargeplane.runtime.rest.pages import PageRequest
from chargeplane.runtime.store import storable

__all__ = [
    "COUNT_MAX",
    "Listing",
    "Sorted",
    "Sorts",
    "containing",
    "count_of",
    "having",
    "in_order",
    "within",
]

COUNT_MAX: Final = 10_000
"""So many are counted; where there are more, nobody is told how many."""

W = TypeVar("W")
R = TypeVar("R")

Sorts = Mapping[str, tuple[ColumnElement[Any], Any]]
"""The orders of a list by their names: the column, and the type of a cursor's two values."""


class Sorted(NamedTuple, Generic[R]):
    """A record with what a page may begin after."""

    key: tuple[Any, Any]
    record: R


@dataclass(frozen=True)
class Listing(Generic[W, R]):
    """A list of records (``R``) that are chosen by what is wanted (``W``)."""

    columns: Sequence[ColumnElement[Any]]
    unique: ColumnElement[Any]
    """Decides between rows that are alike in an order."""
    sorts: Sorts
    conditions: Callable[[UUID, W], Sequence[ColumnElement[bool]]]
    """What is wanted of a tenant's rows; its own tenant is among the conditions."""
    make: Callable[[Sequence[Any]], R]
    """The record of a row of these columns."""

    def page(
        self, connection: Connection, tenant_id: UUID, wanted: W, sort: str, page: PageRequest
    ) -> list[Sorted[R]]:
        """Up to ``fetch_max`` of them after the cursor.

        Args:
            connection: reads.
            tenant_id: whose.
            wanted: which of them.
            sort: the name of an order, with a minus sign: the other way round.
            page: how many, and from where on.

        Raises:
            Problem: the cursor is not one of this list.
        """
        key, kind = self.sorts[sort.removeprefix("-")]
        query = in_order(
            self._all(tenant_id, wanted).add_columns(key, self.unique),
            key,
            self.unique,
            descending=sort.startswith("-"),
            after=page.after(kind),
        )
        rows = connection.execute(query.limit(page.fetch_max))
        return [Sorted((row[-2], row[-1]), self.make(row[:-2])) for row in rows]

    def some(
        self, connection: Connection, tenant_id: UUID, wanted: W, keys: Collection[Any]
    ) -> list[R]:
        """Those of the wanted that have one of these values in the unique column."""
        query = self._all(tenant_id, wanted).where(self.unique.in_(keys))
        return [self.make(row) for row in connection.execute(query)]

    def count(self, connection: Connection, tenant_id: UUID, wanted: W) -> int | None:
        """How many there are on all pages; None: more than ``COUNT_MAX``."""
        return count_of(connection, select(self.unique).where(*self.conditions(tenant_id, wanted)))

    def _all(self, tenant_id: UUID, wanted: W) -> Select[Any]:
        return select(*self.columns).where(*self.conditions(tenant_id, wanted))


def count_of(connection: Connection, query: Select[Any]) -> int | None:
    """How many rows a query finds; None: more than ``COUNT_MAX``."""
    some = query.limit(COUNT_MAX + 1).subquery()
    found = connection.scalar(select(func.count()).select_from(some)) or 0
    return None if found > COUNT_MAX else found


def having(*wanted: tuple[ColumnElement[Any], Any]) -> list[ColumnElement[bool]]:
    """Each column has its value; None: it may have any."""
    return [
        column == (storable(value) if isinstance(value, str) else value)
        for column, value in wanted
        if value is not None
    ]


def within(
    column: ColumnElement[Any], start: datetime | None, end: datetime | None
) -> list[ColumnElement[bool]]:
    """A time is not before a start, and before an end; None: it is not bounded there."""
    conditions = [] if start is None else [column >= start]
    return conditions if end is None else [*conditions, column < end]


def containing(text: str, *columns: ColumnElement[Any]) -> ColumnElement[bool]:
    """A text is in one of the columns, in upper or lower case."""
    wanted = storable(text.lower())
    return or_(*(func.lower(column).contains(wanted, autoescape=True) for column in columns))


def in_order(
    query: Select[Any],
    key: ColumnElement[Any],
    unique: ColumnElement[Any],
    *,
    descending: bool,
    after: tuple[Any, Any] | None,
) -> Select[Any]:
    """The rows of a query in an order.

    Args:
        query: it has no order yet.
        key: the order.
        unique: decides between rows that are alike in it; it may be the key itself.
        descending: the other way round.
        after: the two values of the last row of the page before; None: the first page.
    """
    order = (key.desc(), unique.desc()) if descending else (key, unique)
    query = query.order_by(*order)
    if after is None:
        return query
    value, last = after
    behind = key < value if descending else key > value
    if key is unique:
        return query.where(behind)
    next_one = unique < last if descending else unique > last
    return query.where(or_(behind, and_(key == value, next_one)))
