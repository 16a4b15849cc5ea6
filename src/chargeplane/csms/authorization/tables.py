"""The table of id tokens, known and unknown ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Column, Connection, Integer, bindparam, delete, func, select, update

from chargeplane.csms.figures import COMING_MAX, Coming
from chargeplane.domain.tokens import IdToken, TokenStatus
from chargeplane.runtime.rest import Sites
from chargeplane.runtime.store import (
    SCHEMA,
    Change,
    Moment,
    Prepared,
    Row,
    Words,
    insert_new,
    storable,
)

__all__ = [
    "COLUMNS",
    "Token",
    "add",
    "change",
    "find",
    "id_tokens",
    "record",
    "remove",
    "seen",
    "token_of",
]

_SOON = timedelta(days=7)

SCHEMA.contribute(Path(__file__).parent / "migrations")

UNKNOWN_MAX = 10_000
"""Unknown tokens that a tenant keeps; beyond it the one that was seen longest ago goes."""
_UNKNOWN_SLACK = 500  # so that not each new one costs a search for the oldest

id_tokens = SCHEMA.table(
    "id_tokens",
    Column("key", Words, nullable=False),
    Column("value", Words, nullable=False),
    Column("type", Words, nullable=False),
    Column("status", Words, nullable=False),
    Column("group_id", Words),
    Column("expires_at", Moment),
    Column("transactions_max", Integer, nullable=False),
    Column("station_ids", Words),
    Column("note", Words),
    Column("created_at", Moment, nullable=False),
    Column("first_seen_at", Moment),
    Column("last_seen_at", Moment),
    Column("last_seen_station_id", Words),
    key=["key"],
    indexes=[["status", "key"]],
)
"""``key`` is the value as look-ups compare it; ``station_ids`` a JSON list, or null for all."""


class Token(NamedTuple):
    """A token as it is stored."""

    key: str
    value: str
    type: str
    status: TokenStatus
    group_id: str | None
    expires_at: datetime | None
    transactions_max: int
    """Active transactions that it may have started at a time."""
    station_ids: frozenset[str] | None
    """Where it may charge; None: everywhere."""
    note: str | None
    created_at: datetime
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    last_seen_station_id: str | None

    @property
    def id_token(self) -> IdToken:
        """The token as the domain knows it."""
        return IdToken(self.value, self.type, self.group_id)


COLUMNS: Final = [id_tokens.c[name] for name in Token._fields]
_FIND: Final = Prepared(
    select(*COLUMNS).where(
        id_tokens.c.tenant_id == bindparam("tenant_id"), id_tokens.c.key == bindparam("key")
    )
)
_SEEN: Final = Change(id_tokens, ["tenant_id", "key", "last_seen_at", "last_seen_station_id"])


def seen(tenant_id: UUID, token: Token, station_id: str, now: datetime) -> Row:
    """The row that says that a known token was presented."""
    return _SEEN, (tenant_id, token.key, now, station_id)


def find(connection: Connection, tenant_id: UUID, key: str) -> Token | None:
    """A token by its key."""
    rows = _FIND.rows(connection, {"tenant_id": tenant_id, "key": storable(key)})
    return token_of(rows[0]) if rows else None


def record(
    connection: Connection, tenant_id: UUID, token: IdToken, station_id: str, now: datetime
) -> None:
    """Keep a token that nobody knows; one that is there by now was seen again."""
    values = {
        "tenant_id": tenant_id,
        "key": storable(token.key),
        "value": storable(token.value),
        "type": storable(token.type),
        "status": str(TokenStatus.UNKNOWN),
        "transactions_max": 1,
        "created_at": now,
        "first_seen_at": now,
        "last_seen_at": now,
        "last_seen_station_id": station_id,
    }
    if insert_new(connection, id_tokens, values):
        _forget_oldest(connection, tenant_id)
        return
    connection.execute(
        _of(update(id_tokens), tenant_id, token.key).values(
            last_seen_at=now, last_seen_station_id=station_id
        )
    )


def add(connection: Connection, tenant_id: UUID, values: Mapping[str, Any]) -> bool:
    """A new token; one that was recorded as unknown becomes it. False if it is known already."""
    row = {"tenant_id": tenant_id, **_stored(values)}
    if insert_new(connection, id_tokens, row):
        return True
    was_unknown = id_tokens.c.status == str(TokenStatus.UNKNOWN)
    adopted = {name: value for name, value in row.items() if name != "created_at"}
    found = connection.execute(
        _of(update(id_tokens), tenant_id, row["key"]).where(was_unknown).values(adopted)
    )
    return found.rowcount == 1


def change(
    connection: Connection, tenant_id: UUID, key: str, values: Mapping[str, Any]
) -> Token | None:
    """Change some columns; the token as it is now, or None if there is none."""
    if values:
        connection.execute(_of(update(id_tokens), tenant_id, key).values(_stored(values)))
    return find(connection, tenant_id, key)


def remove(connection: Connection, tenant_id: UUID, key: str) -> bool:
    """Forget a token; whether there was one."""
    return connection.execute(_of(delete(id_tokens), tenant_id, key)).rowcount == 1


def expiring(
    connection: Connection, tenant_id: UUID, now: datetime, sites: Sites = None
) -> list[Coming]:
    """Accepted tokens that end in the next days, the next first; they have no place."""
    if sites is not None:
        return []
    each = id_tokens.c
    rows = connection.execute(
        select(each.expires_at, each.value)
        .where(
            each.tenant_id == tenant_id,
            each.status == str(TokenStatus.ACCEPTED),
            each.expires_at > now,
            each.expires_at <= now + _SOON,
        )
        .order_by(each.expires_at)
        .limit(COMING_MAX)
    )
    return [Coming(row.expires_at, "id-token-expires", row.value) for row in rows]


def _of(statement: Any, tenant_id: UUID, key: str) -> Any:
    return statement.where(id_tokens.c.tenant_id == tenant_id, id_tokens.c.key == storable(key))


def _forget_oldest(connection: Connection, tenant_id: UUID) -> None:
    unknown = (
        id_tokens.c.tenant_id == tenant_id,
        id_tokens.c.status == str(TokenStatus.UNKNOWN),
    )
    count = connection.scalar(select(func.count()).select_from(id_tokens).where(*unknown)) or 0
    if count <= UNKNOWN_MAX:
        return
    oldest = (
        select(id_tokens.c.key)
        .where(*unknown)
        .order_by(id_tokens.c.last_seen_at, id_tokens.c.key)
        .limit(count - UNKNOWN_MAX + _UNKNOWN_SLACK)
    )
    connection.execute(delete(id_tokens).where(*unknown, id_tokens.c.key.in_(oldest)))


def _stored(values: Mapping[str, Any]) -> dict[str, Any]:
    row = dict(values)
    if row.get("station_ids") is not None:
        row["station_ids"] = msgspec.json.encode(sorted(row["station_ids"])).decode()
    return row


def token_of(row: Sequence[Any]) -> Token:
    """The token of a row with these ``COLUMNS``."""
    token = Token(*row)
    stations: Any = token.station_ids
    return token._replace(
        status=TokenStatus(token.status),
        station_ids=None if stations is None else frozenset(msgspec.json.decode(stations)),
    )
