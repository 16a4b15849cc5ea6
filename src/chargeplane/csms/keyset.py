"""Pages by key: rows in the order of a column, ties by a unique one, from behind a given row on.

Unlike pages by number, they neither repeat nor miss a row when others come and go meanwhile, and
the last page costs as much as the first.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_

__all__ = ["in_order"]


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
