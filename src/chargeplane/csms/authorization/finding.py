"""Finding id tokens: a page of those that are wanted, in a chosen order, and how many there are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, literal, or_, select

from chargeplane.csms.authorization.tables import COLUMNS, Token, id_tokens, token_of
from chargeplane.csms.keyset import in_order
from chargeplane.domain.tokens import IdToken, TokenStatus
from chargeplane.runtime.rest import PageRequest
from chargeplane.runtime.store import Moment, storable

__all__ = ["COUNT_MAX", "Sort", "Sorted", "Wanted", "count", "page_of"]

COUNT_MAX: Final = 10_000
"""So many are counted; where there are more, nobody is told how many."""

Sort = Literal[
    "token", "-token", "expires_at", "-expires_at", "last_seen_at", "-last_seen_at"
]  # fmt: skip
_each = id_tokens.c
# What never ends is after all that does; what was never seen is before all that was.
_ALWAYS: Final = datetime(9999, 1, 1, tzinfo=UTC)
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SORTS: Final[dict[str, tuple[ColumnElement[Any], Any]]] = {
    "token": (_each.key, tuple[str, str]),
    "expires_at": (
        func.coalesce(_each.expires_at, literal(_ALWAYS, Moment), type_=Moment),
        tuple[datetime, str],
    ),
    "last_seen_at": (
        func.coalesce(_each.last_seen_at, literal(_NEVER, Moment), type_=Moment),
        tuple[datetime, str],
    ),
}


class Wanted(NamedTuple):
    """Which tokens; None: all."""

    search: str | None = None
    """In the token, its group or its note."""
    status: TokenStatus | None = None


class Sorted(NamedTuple):
    """A token with what it is sorted by."""

    key: Any
    token: Token


def page_of(
    connection: Connection, tenant_id: UUID, wanted: Wanted, sort: str, page: PageRequest
) -> list[Sorted]:
    """Up to ``fetch_max`` of them after the cursor.

    Raises:
        Problem: the cursor is not one of this list.
    """
    key, kind = _SORTS[sort.removeprefix("-")]
    after = page.after(kind)
    query = select(key.label("sorted_by"), *COLUMNS).where(*_conditions(tenant_id, wanted))
    ordered = in_order(query, key, _each.key, descending=sort.startswith("-"), after=after)
    rows = connection.execute(ordered.limit(page.fetch_max))
    return [Sorted(row[0], token_of(tuple(row[1:]))) for row in rows]


def count(connection: Connection, tenant_id: UUID, wanted: Wanted) -> int | None:
    """How many there are on all pages; None: more than ``COUNT_MAX``."""
    some = select(_each.key).where(*_conditions(tenant_id, wanted)).limit(COUNT_MAX + 1)
    found = connection.scalar(select(func.count()).select_from(some.subquery())) or 0
    return None if found > COUNT_MAX else found


def _conditions(tenant_id: UUID, wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions = [_each.tenant_id == tenant_id]
    if wanted.status is not None:
        conditions.append(_each.status == str(wanted.status))
    if wanted.search:
        in_key = _each.key.contains(storable(IdToken(wanted.search).key), autoescape=True)
        text = storable(wanted.search.lower())
        in_words = (
            func.lower(column).contains(text, autoescape=True)
            for column in (_each.group_id, _each.note)
        )
        conditions.append(or_(in_key, *in_words))
    return conditions
