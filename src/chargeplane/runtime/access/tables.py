"""The tables of users and tokens, and the queries on them.

A token is looked up before anybody knows whose it is. That is the one query here that is not keyed
by a tenant; it walks the tenants, with one step into the index of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    Column,
    Connection,
    ForeignKeyConstraint,
    Select,
    Table,
    delete,
    func,
    or_,
    select,
    update,
)

from chargeplane.runtime.access.roles import Role
from chargeplane.runtime.store import SCHEMA, Id, Moment, Words, insert_or_get, tenants
from chargeplane.runtime.store.schema import TENANT

__all__ = ["ApiToken", "User", "api_tokens", "challenges", "factors", "users"]

SCHEMA.contribute(Path(__file__).parent / "migrations")

users = SCHEMA.table(
    "users",
    Column("id", Id, nullable=False),
    Column("name", Words, nullable=False),
    Column("role", Words, nullable=False),
    Column("password_hash", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("sites", Words),
    Column("second_factor_at", Moment),
    key=["id"],
    unique=[["name"]],
)

user_subjects = SCHEMA.table(
    "user_subjects",
    Column("subject", Words, nullable=False),
    Column("user_id", Id, nullable=False),
    ForeignKeyConstraint([TENANT, "user_id"], [f"users.{TENANT}", "users.id"]),
    key=["subject"],
    indexes=[["user_id"]],
)

api_tokens = SCHEMA.table(
    "api_tokens",
    Column("id", Id, nullable=False),
    Column("name", Words, nullable=False),
    Column("role", Words, nullable=False),
    Column("digest", Words, nullable=False),
    Column("hint", Words, nullable=False),
    Column("user_id", Id),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("sites", Words),
    Column("permissions", Words),
    Column("last_used_at", Moment),
    Column("source", Words),
    Column("agent", Words),
    ForeignKeyConstraint([TENANT, "user_id"], [f"users.{TENANT}", "users.id"]),
    key=["id"],
    unique=[["digest"]],
    indexes=[["user_id", "id"]],
)

factors = SCHEMA.table(
    "factors",
    Column("id", Id, nullable=False),
    Column("user_id", Id, nullable=False),
    Column("kind", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("handle", Words, nullable=False),
    Column("content", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("confirmed_at", Moment),
    Column("last_used_at", Moment),
    ForeignKeyConstraint([TENANT, "user_id"], [f"users.{TENANT}", "users.id"]),
    key=["id"],
    indexes=[["user_id", "id"], ["handle"]],
)

challenges = SCHEMA.table(
    "challenges",
    Column("digest", Words, nullable=False),
    Column("purpose", Words, nullable=False),
    Column("user_id", Id),
    Column("content", Words, nullable=False),
    Column("expires_at", Moment, nullable=False),
    key=["digest"],
    indexes=[["expires_at"]],
)


class User(NamedTuple):
    """A person who may log in."""

    tenant_id: UUID
    id: UUID
    name: str
    role: str
    password_hash: str
    """Empty: nobody can log in with a password."""
    created_at: datetime
    sites: str | None = None
    """The sites that the user is limited to, as a JSON array; None: all."""
    second_factor_at: datetime | None = None
    """Since when a password alone is not enough."""


class ApiToken(NamedTuple):
    """What is kept of a token."""

    tenant_id: UUID
    id: UUID
    name: str
    role: str
    digest: str
    hint: str
    user_id: UUID | None
    """Of a session: whose it is; the role is then the user's. None: a token of its own."""
    created_at: datetime
    expires_at: datetime | None
    sites: str | None = None
    """As a user's; of a session None, since the user's count."""
    permissions: str | None = None
    """The only ones of the role's that it has, as a JSON array; None: all."""
    last_used_at: datetime | None = None
    """To the minute."""
    source: str | None = None
    """Of a session: the address that it began at."""
    agent: str | None = None
    """Of a session: what the browser calls itself."""


class Bearer(NamedTuple):
    """Whose a token is."""

    tenant_id: UUID
    id: UUID
    name: str
    role: str
    sites: str | None
    permissions: str | None
    token_id: UUID
    user_id: UUID | None
    last_used_at: datetime | None
    second_factor_at: datetime | None
    has_password: bool | None
    """None: it is a program's."""
    created_at: datetime


_USER = [users.c[name] for name in User._fields]
_TOKEN = [api_tokens.c[name] for name in ApiToken._fields]


def add_user(connection: Connection, user: User) -> User:
    """Insert a user; the one of this name that counts, perhaps an earlier one."""
    earlier = insert_or_get(connection, users, user._asdict(), key=["name"])
    return user if earlier is None else User(**earlier._mapping)


def add_subject(connection: Connection, user: User, subject: str) -> None:
    """Bind a user to whom an identity provider knows; an earlier bond of the subject stays."""
    values = {"tenant_id": user.tenant_id, "subject": subject, "user_id": user.id}
    insert_or_get(connection, user_subjects, values)


def add_token(connection: Connection, token: ApiToken) -> None:
    """Insert a token; one with the same secret stays as it is."""
    insert_or_get(connection, api_tokens, token._asdict(), key=["digest"])


def bearer_query(digest: str, now: datetime, idle_since: datetime) -> Select[Any]:
    """Finds a token in any tenant that is not closed.

    ``IN`` makes SQLite take a step into the index for each tenant; for a join it reads all tokens.
    """
    used_at = func.coalesce(api_tokens.c.last_used_at, api_tokens.c.created_at)
    return (
        select(
            api_tokens.c.tenant_id,
            func.coalesce(users.c.id, api_tokens.c.id),
            func.coalesce(users.c.name, api_tokens.c.name),
            func.coalesce(users.c.role, api_tokens.c.role),
            func.coalesce(users.c.sites, api_tokens.c.sites),
            api_tokens.c.permissions,
            api_tokens.c.id,
            api_tokens.c.user_id,
            api_tokens.c.last_used_at,
            users.c.second_factor_at,
            users.c.password_hash != "",
            api_tokens.c.created_at,
        )
        .select_from(api_tokens)
        .outerjoin(
            users,
            (users.c.tenant_id == api_tokens.c.tenant_id) & (users.c.id == api_tokens.c.user_id),
        )
        .where(
            api_tokens.c.tenant_id.in_(tenants.OPEN),
            api_tokens.c.digest == digest,
            or_(api_tokens.c.expires_at.is_(None), api_tokens.c.expires_at > now),
            or_(api_tokens.c.user_id.is_(None), used_at > idle_since),
        )
        .limit(1)
    )


def bearer(
    connection: Connection, digest: str, now: datetime, idle_since: datetime
) -> Bearer | None:
    """Whose the token with this digest is, in any tenant that is not closed.

    Nobody's if it has expired, or if it is a session that was last used before ``idle_since``.
    """
    found = connection.execute(bearer_query(digest, now, idle_since)).one_or_none()
    return None if found is None else Bearer(*found)


def touch(connection: Connection, tenant_id: UUID, token_id: UUID, now: datetime) -> None:
    """Note that a token was used."""
    of_row = (api_tokens.c.tenant_id == tenant_id, api_tokens.c.id == token_id)
    connection.execute(update(api_tokens).where(*of_row).values(last_used_at=now))


def user_of_subject(connection: Connection, tenant_id: UUID, subject: str) -> User | None:
    """The user that an identity provider knows under a subject."""
    mine = user_subjects.c
    query = select(*_USER).join(
        user_subjects, (mine.tenant_id == users.c.tenant_id) & (mine.user_id == users.c.id)
    )
    row = connection.execute(
        query.where(users.c.tenant_id == tenant_id, mine.subject == subject)
    ).one_or_none()
    return None if row is None else User(*row)


def end_all_sessions(connection: Connection, tenant_id: UUID) -> None:
    """Delete the sessions of all users of a tenant."""
    of_users = (api_tokens.c.tenant_id == tenant_id, api_tokens.c.user_id.is_not(None))
    connection.execute(delete(api_tokens).where(*of_users))


def user_named(connection: Connection, tenant_id: UUID, name: str) -> User | None:
    """The user of a name."""
    query = select(*_USER).where(users.c.tenant_id == tenant_id, users.c.name == name)
    row = connection.execute(query).one_or_none()
    return None if row is None else User(*row)


def user_of(connection: Connection, tenant_id: UUID, user_id: UUID) -> User | None:
    """The user of an id."""
    query = select(*_USER).where(users.c.tenant_id == tenant_id, users.c.id == user_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else User(*row)


def token_of(connection: Connection, tenant_id: UUID, token_id: UUID) -> ApiToken | None:
    """The token of an id, unless it is a session."""
    row = connection.execute(
        select(*_TOKEN).where(
            api_tokens.c.tenant_id == tenant_id,
            api_tokens.c.id == token_id,
            api_tokens.c.user_id.is_(None),
        )
    ).one_or_none()
    return None if row is None else ApiToken(*row)


def list_users(
    connection: Connection, tenant_id: UUID, *, count_max: int, after: UUID | None = None
) -> list[User]:
    """Users, oldest first; ``after``: the last id of the page before."""
    query = select(*_USER).where(users.c.tenant_id == tenant_id)
    if after is not None:
        query = query.where(users.c.id > after)
    return [User(*row) for row in connection.execute(query.order_by(users.c.id).limit(count_max))]


def list_tokens(
    connection: Connection, tenant_id: UUID, *, count_max: int, after: UUID | None = None
) -> list[ApiToken]:
    """Tokens without sessions, oldest first; ``after``: the last id of the page before."""
    query = select(*_TOKEN).where(
        api_tokens.c.tenant_id == tenant_id, api_tokens.c.user_id.is_(None)
    )
    if after is not None:
        query = query.where(api_tokens.c.id > after)
    rows = connection.execute(query.order_by(api_tokens.c.id).limit(count_max))
    return [ApiToken(*row) for row in rows]


def is_last_admin(connection: Connection, tenant_id: UUID, user_id: UUID) -> bool:
    """Whether nobody but this user is an administrator."""
    admins = connection.scalars(
        select(users.c.id).where(users.c.tenant_id == tenant_id, users.c.role == Role.ADMIN)
    )
    return list(admins) == [user_id]


def change(
    connection: Connection, table: Table, tenant_id: UUID, row_id: UUID, values: Mapping[str, Any]
) -> None:
    """Set some columns of a user or a token."""
    if values:
        of_row = (table.c.tenant_id == tenant_id, table.c.id == row_id)
        connection.execute(update(table).where(*of_row).values(values))


def list_sessions(
    connection: Connection, tenant_id: UUID, user_id: UUID, now: datetime, idle_since: datetime
) -> list[ApiToken]:
    """The sessions of a user that have not ended, the newest first."""
    used_at = func.coalesce(api_tokens.c.last_used_at, api_tokens.c.created_at)
    query = select(*_TOKEN).where(
        api_tokens.c.tenant_id == tenant_id,
        api_tokens.c.user_id == user_id,
        api_tokens.c.expires_at > now,
        used_at > idle_since,
    )
    return [ApiToken(*row) for row in connection.execute(query.order_by(api_tokens.c.id.desc()))]


def end_session(connection: Connection, tenant_id: UUID, user_id: UUID, session_id: UUID) -> bool:
    """Delete one session of a user; False if there is none."""
    mine = (api_tokens.c.tenant_id == tenant_id, api_tokens.c.user_id == user_id)
    return (
        connection.execute(delete(api_tokens).where(*mine, api_tokens.c.id == session_id)).rowcount
        == 1
    )


def end_sessions(
    connection: Connection,
    tenant_id: UUID,
    user_id: UUID,
    *,
    but_newest_max: int = 0,
    but: UUID | None = None,
) -> None:
    """Delete the sessions of a user, but for some of the newest, or one."""
    mine = (api_tokens.c.tenant_id == tenant_id, api_tokens.c.user_id == user_id)
    kept = select(api_tokens.c.id).where(*mine).order_by(api_tokens.c.id.desc())
    ended = delete(api_tokens).where(*mine, api_tokens.c.id.not_in(kept.limit(but_newest_max)))
    if but is not None:
        ended = ended.where(api_tokens.c.id != but)
    connection.execute(ended)


def remove_user(connection: Connection, tenant_id: UUID, user_id: UUID) -> bool:
    """Delete a user with all that is the user's; False if there is none."""
    end_sessions(connection, tenant_id, user_id)
    for table in (user_subjects, factors, challenges):
        of_user = (table.c.tenant_id == tenant_id, table.c.user_id == user_id)
        connection.execute(delete(table).where(*of_user))
    of_row = (users.c.tenant_id == tenant_id, users.c.id == user_id)
    return connection.execute(delete(users).where(*of_row)).rowcount == 1


def remove_token(connection: Connection, tenant_id: UUID, token_id: UUID) -> bool:
    """Delete a token; False if there is none."""
    of_row = (api_tokens.c.tenant_id == tenant_id, api_tokens.c.id == token_id)
    return connection.execute(delete(api_tokens).where(*of_row)).rowcount == 1
