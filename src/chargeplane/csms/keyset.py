"""Pages by key: rows in the order of a column, ties by a unique one, from behind a given row on.

Unlike pages by number, they neither repeat nor miss a row when others come and go meanwhile, and
the last page costs as much as the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select

from chargeplane.runtime.rest import PageRequest

__all__ = ["COUNT_MAX", "Sorts", "count_of", "in_order", "page_of"]

COUNT_MAX: Final = 10_000
"""So many are counted; where there are more, nobody is told how many."""

Sorts = Mapping[str, tuple[ColumnElement[Any], Any]]
"""The orders of a list by their names: the column, and the type of a cursor's two values."""


def page_of(
    connection: Connection,
    query: Select[Any],
    sorts: Sorts,
    sort: str,
    unique: ColumnElement[Any],
    page: PageRequest,
) -> Sequence[Row[Any]]:
    """Up to ``fetch_max`` rows after the cursor, with what they are sorted by as last column.

    Args:
        connection: reads.
        query: it has no order yet.
        sorts: what ``sort`` may be.
        sort: the name of an order, with a minus sign: the other way round.
        unique: decides between rows that are alike in it.
        page: how many, and from where on.

    Raises:
        Problem: the cursor is not one of this list.
    """
    key, kind = sorts[sort.removeprefix("-")]
    after = page.after(kind)
    query = query.add_columns(key.label("sorted_by"))
    ordered = in_order(query, key, unique, descending=sort.startswith("-"), after=after)
    return connection.execute(ordered.limit(page.fetch_max)).all()


def count_of(connection: Connection, query: Select[Any]) -> int | None:
    """How many rows a query finds; None: more than ``COUNT_MAX``."""
    some = query.limit(COUNT_MAX + 1).subquery()
    found = connection.scalar(select(func.count()).select_from(some)) or 0
    return None if found > COUNT_MAX else found


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
