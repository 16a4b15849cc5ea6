"""Finding id tokens: a page of those that are wanted, in a chosen order, and how many there are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal, or_

from chargeplane.csms.authorization.tables import COLUMNS, id_tokens, token_of
from chargeplane.domain.tokens import IdToken, TokenStatus
from chargeplane.runtime.rest import keyset
from chargeplane.runtime.store import Moment, storable

__all__ = ["LISTING", "Sort", "Wanted"]

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


def _conditions(tenant_id: UUID, wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions = [_each.tenant_id == tenant_id, *keyset.having((_each.status, wanted.status))]
    if wanted.search:
        in_key = _each.key.contains(storable(IdToken(wanted.search).key), autoescape=True)
        in_words = keyset.containing(wanted.search, _each.group_id, _each.note)
        conditions.append(or_(in_key, in_words))
    return conditions


LISTING: Final = keyset.Listing(COLUMNS, _each.key, _SORTS, _conditions, token_of)
