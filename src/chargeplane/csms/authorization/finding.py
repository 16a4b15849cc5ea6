"""Finding id tokens: a page of those that are wanted, in a chosen order, and how many there are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, literal, or_, select

from chargeplane.csms import keyset
from chargeplane.csms.authorization.tables import COLUMNS, Token, id_tokens, token_of
from chargeplane.domain.tokens import IdToken, TokenStatus
from chargeplane.runtime.rest import PageRequest
from chargeplane.runtime.store import Moment, storable

__all__ = ["Sort", "Sorted", "Wanted", "count", "page_of"]

Sort = Literal[
    "token", "-token", "expires_at", "-expires_at", "last_seen_at", "-last_seen_at"
]  # fmt: skip
_each = id_tokens.c
# What never ends is after all that does; what was never seen is before all that was.
_ALWAYS: Final = datetime(9999, 1, 1, tzinfo=UTC)
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SORTS: Final[keyset.Sorts] = {
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
    query = select(*COLUMNS).where(*_conditions(tenant_id, wanted))
    rows = keyset.page_of(connection, query, _SORTS, sort, _each.key, page)
    return [Sorted(row[-1], token_of(tuple(row[:-1]))) for row in rows]


def count(connection: Connection, tenant_id: UUID, wanted: Wanted) -> int | None:
    """How many there are on all pages; None: more than ``keyset.COUNT_MAX``."""
    return keyset.count_of(connection, select(_each.key).where(*_conditions(tenant_id, wanted)))


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
