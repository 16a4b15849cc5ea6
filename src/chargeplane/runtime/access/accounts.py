"""The accounts of an installation: users and tokens are made, changed, removed and recognised here.

REST and the command line work through this one class. It asks nobody for permission; its callers
do that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from chargeplane.runtime.access import tables
from chargeplane.runtime.access.credentials import Passwords, digest_of, hint_of, new_token
from chargeplane.runtime.access.roles import GRANTS, Role
from chargeplane.runtime.access.tables import ApiToken, User
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest.principals import Principal
from chargeplane.runtime.store import Function, Store, new_id

__all__ = ["Accounts", "LastAdministrator", "NameTaken", "Session"]

SESSION_S = 12 * 3600.0
SESSIONS_MAX = 20
"""Of one user at a time; the oldest ends when there is one more."""


class NameTaken(Exception):
    """Another user has this name already."""


class LastAdministrator(Exception):
    """Without this user nobody could administer the installation."""


@dataclass(frozen=True)
class Session:
    """Somebody is logged in until the token ends."""

    token: str = field(repr=False)
    user: User
    expires_at: datetime


class Accounts:
    """Users and tokens of all tenants."""

    def __init__(self, store: Store, clock: Clock, passwords: Passwords | None = None) -> None:
        self._store = store
        self._clock = clock
        self.passwords = passwords or Passwords()

    async def authenticate(self, token: str) -> Principal | None:
        """Whose a bearer token is; None if it is unknown or has expired."""
        digest, now = digest_of(token), self._clock.now()
        bearer = await self._store.read(lambda connection: tables.bearer(connection, digest, now))
        if bearer is None:
            return None
        # A role of a newer program grants nothing here.
        grants = GRANTS[Role(bearer.role)] if bearer.role in set(Role) else frozenset[str]()
        return Principal(bearer.tenant_id, bearer.id, bearer.name, bearer.role, grants)

    async def log_in(self, tenant_id: UUID, name: str, password: str) -> Session | None:
        """Begin a session; None if name or password is wrong, and nobody can tell which."""
        user = await self.user_named(tenant_id, name)
        if not await self.passwords.verify(user.password_hash if user else None, password):
            return None
        assert user is not None
        token, now = new_token(), self._clock.now()
        expires_at = now + timedelta(seconds=SESSION_S)
        session = _kept(tenant_id, token, user.name, Role(user.role), now, expires_at, user.id)

        def begin(connection: Connection) -> None:
            tables.add_token(connection, session)
            tables.end_sessions(connection, tenant_id, user.id, but_newest_max=SESSIONS_MAX)

        await self._store.write(Function(begin))
        return Session(token, user, expires_at)

    async def user_named(self, tenant_id: UUID, name: str) -> User | None:
        """The user of a name."""
        return await self._store.read(
            lambda connection: tables.user_named(connection, tenant_id, name)
        )

    async def users(
        self, tenant_id: UUID, *, count_max: int, after: UUID | None = None
    ) -> list[User]:
        """Users, oldest first; ``after``: the last id of the page before."""
        return await self._store.read(
            lambda connection: tables.list_users(
                connection, tenant_id, count_max=count_max, after=after
            )
        )

    async def tokens(
        self, tenant_id: UUID, *, count_max: int, after: UUID | None = None
    ) -> list[ApiToken]:
        """Tokens that are no sessions, oldest first; ``after``: the last id of the page before."""
        return await self._store.read(
            lambda connection: tables.list_tokens(
                connection, tenant_id, count_max=count_max, after=after
            )
        )

    async def add_user(self, tenant_id: UUID, name: str, role: Role, password: str) -> User:
        """Make a user.

        Raises:
            NameTaken: there is one of this name.
        """
        kept = await self.passwords.hash(password)
        user = User(tenant_id, new_id(), name, role, kept, self._clock.now())
        counts = await self._store.write(
            Function(lambda connection: tables.add_user(connection, user))
        )
        if counts.id != user.id:
            raise NameTaken(name)
        return user

    async def change_user(
        self,
        tenant_id: UUID,
        user_id: UUID,
        *,
        role: Role | None = None,
        password: str | None = None,
    ) -> User | None:
        """Change what is given; a new password ends all sessions. None: there is no such user.

        Raises:
            LastAdministrator: the only administrator would be none.
        """
        values: dict[str, Any] = {} if role is None else {"role": role}
        if password is not None:
            values["password_hash"] = await self.passwords.hash(password)

        def work(connection: Connection) -> User | None:
            if role not in (None, Role.ADMIN):
                _keep_an_admin(connection, tenant_id, user_id)
            tables.change(connection, tables.users, tenant_id, user_id, values)
            if password is not None:
                tables.end_sessions(connection, tenant_id, user_id)
            return tables.user_of(connection, tenant_id, user_id)

        return await self._store.write(Function(work))

    async def remove_user(self, tenant_id: UUID, user_id: UUID) -> bool:
        """Remove a user with all sessions; False: there is none.

        Raises:
            LastAdministrator: there is no other administrator.
        """

        def work(connection: Connection) -> bool:
            _keep_an_admin(connection, tenant_id, user_id)
            return tables.remove_user(connection, tenant_id, user_id)

        return await self._store.write(Function(work))

    async def add_token(
        self,
        tenant_id: UUID,
        name: str,
        role: Role,
        expires_at: datetime | None = None,
        secret: str | None = None,
    ) -> tuple[ApiToken, str]:
        """Make a token, of a secret that somebody chose or of a new one. It is not kept."""
        secret = secret or new_token()
        token = _kept(tenant_id, secret, name, role, self._clock.now(), expires_at)
        await self._store.write(Function(lambda connection: tables.add_token(connection, token)))
        return token, secret

    async def change_token(
        self, tenant_id: UUID, token_id: UUID, values: dict[str, Any]
    ) -> ApiToken | None:
        """Set ``name``, ``role`` or ``expires_at``. None: there is no such token."""

        def work(connection: Connection) -> ApiToken | None:
            if tables.token_of(connection, tenant_id, token_id) is None:
                return None
            tables.change(connection, tables.api_tokens, tenant_id, token_id, values)
            return tables.token_of(connection, tenant_id, token_id)

        return await self._store.write(Function(work))

    async def remove_token(self, tenant_id: UUID, token_id: UUID) -> bool:
        """Remove a token or end a session; False: there is none."""
        return await self._store.write(
            Function(lambda connection: tables.remove_token(connection, tenant_id, token_id))
        )


def _kept(
    tenant_id: UUID,
    secret: str,
    name: str,
    role: Role,
    now: datetime,
    expires_at: datetime | None,
    user_id: UUID | None = None,
) -> ApiToken:
    digest, hint = digest_of(secret), hint_of(secret)
    return ApiToken(tenant_id, new_id(), name, role, digest, hint, user_id, now, expires_at)


def _keep_an_admin(connection: Connection, tenant_id: UUID, user_id: UUID) -> None:
    if tables.is_last_admin(connection, tenant_id, user_id):
        raise LastAdministrator("this is the last administrator; make another one first")
