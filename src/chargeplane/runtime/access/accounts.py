"""The accounts of an installation: users and tokens are made, changed, removed and recognised here.

REST and the command line work through this one class. It asks nobody for permission; its callers
do that.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import Connection

from chargeplane.runtime.access import tables
from chargeplane.runtime.access.alarms import Alarms
from chargeplane.runtime.access.credentials import Passwords, digest_of, hint_of, new_token
from chargeplane.runtime.access.policy import Policy
from chargeplane.runtime.access.roles import Role
from chargeplane.runtime.access.sessions import Sessions
from chargeplane.runtime.access.tables import ApiToken, User
from chargeplane.runtime.access.tenancy import Tenants
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest.principals import Principal
from chargeplane.runtime.store import Function, Store, new_id

__all__ = ["Accounts", "LastAdministrator", "NameTaken"]

SITES_MAX = 1_000
PERMISSIONS_MAX = 100


class NameTaken(Exception):
    """Another user has this name already."""


class LastAdministrator(Exception):
    """Without this user nobody could administer the installation."""


class Accounts:
    """Users and tokens of all tenants."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        passwords: Passwords | None = None,
        policy: Policy | None = None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.passwords = passwords or Passwords()
        self.sessions = Sessions(store, clock, self.passwords, policy)
        self.alarms = Alarms(store, clock)
        self.tenants = Tenants(store, clock)

    async def authenticate(self, token: str) -> Principal | None:
        """Whose a bearer token is; None if it is unknown or has ended."""
        return await self.sessions.authenticate(token)

    async def recognise(self, token: str) -> Principal | None:
        """The same, without a use of the token: who only listens keeps no session open."""
        return await self.sessions.authenticate(token, is_use=False)

    async def user_named(self, tenant_id: UUID, name: str) -> User | None:
        """The user of a name."""
        return await self.store.read(
            lambda connection: tables.user_named(connection, tenant_id, name)
        )

    async def user(self, tenant_id: UUID, user_id: UUID) -> User | None:
        """The user of an id."""
        return await self.store.read(lambda c: tables.user_of(c, tenant_id, user_id))

    async def user_of_subject(self, tenant_id: UUID, subject: str) -> User | None:
        """The user whom an identity provider knows under a subject."""
        return await self.store.read(lambda c: tables.user_of_subject(c, tenant_id, subject))

    async def users(
        self, tenant_id: UUID, *, count_max: int, after: UUID | None = None
    ) -> list[User]:
        """Users, oldest first; ``after``: the last id of the page before."""
        return await self.store.read(
            lambda connection: tables.list_users(
                connection, tenant_id, count_max=count_max, after=after
            )
        )

    async def tokens(
        self, tenant_id: UUID, *, count_max: int, after: UUID | None = None
    ) -> list[ApiToken]:
        """Tokens that are no sessions, oldest first; ``after``: the last id of the page before."""
        return await self.store.read(
            lambda connection: tables.list_tokens(
                connection, tenant_id, count_max=count_max, after=after
            )
        )

    async def add_user(
        self,
        tenant_id: UUID,
        name: str,
        role: Role,
        password: str | None,
        sites: Collection[str] | None = None,
        subject: str | None = None,
    ) -> User:
        """Make a user.

        Args:
            tenant_id: whose user.
            name: what to log in with.
            role: what the user may do.
            password: None for somebody who never logs in with one.
            sites: those that the user is limited to; None: all.
            subject: as whom an identity provider knows the user.

        Raises:
            NameTaken: there is one of this name.
        """
        kept = "" if password is None else await self.passwords.hash(password)
        user = User(tenant_id, new_id(), name, role, kept, self.clock.now(), _text(sites))

        def work(connection: Connection) -> None:
            if tables.add_user(connection, user).id != user.id:
                raise NameTaken(name)
            if subject is not None:
                tables.add_subject(connection, user, subject)

        await self.store.write(Function(work))
        return user

    async def change_user(
        self,
        tenant_id: UUID,
        user_id: UUID,
        *,
        role: Role | None = None,
        password: str | None = None,
        sites: Collection[str] | UnsetType | None = UNSET,
        but_session: UUID | None = None,
    ) -> User | None:
        """Change what is given; None: there is no such user.

        A new password ends the sessions of the user, but for ``but_session``.

        Raises:
            LastAdministrator: the only administrator would be none.
        """
        values: dict[str, Any] = {} if role is None else {"role": role}
        if sites is not UNSET:
            values["sites"] = _text(sites)
        if password is not None:
            values["password_hash"] = await self.passwords.hash(password)

        def work(connection: Connection) -> User | None:
            if role not in (None, Role.ADMIN):
                _keep_an_admin(connection, tenant_id, user_id)
            tables.change(connection, tables.users, tenant_id, user_id, values)
            if password is not None:
                tables.end_sessions(connection, tenant_id, user_id, but=but_session)
            return tables.user_of(connection, tenant_id, user_id)

        return await self.store.write(Function(work))

    async def remove_user(self, tenant_id: UUID, user_id: UUID) -> bool:
        """Remove a user with all sessions; False: there is none.

        Raises:
            LastAdministrator: there is no other administrator.
        """

        def work(connection: Connection) -> bool:
            _keep_an_admin(connection, tenant_id, user_id)
            return tables.remove_user(connection, tenant_id, user_id)

        return await self.store.write(Function(work))

    async def add_token(
        self,
        tenant_id: UUID,
        name: str,
        role: Role,
        expires_at: datetime | None = None,
        secret: str | None = None,
        permissions: Collection[str] | None = None,
        sites: Collection[str] | None = None,
    ) -> tuple[ApiToken, str]:
        """Make a token, of a secret that somebody chose or of a new one. It is not kept.

        Args:
            tenant_id: whose token.
            name: what it is for.
            role: what it may do at the most.
            expires_at: when it ends; None: never.
            secret: what somebody chose.
            permissions: the only ones of the role's that it has; None: all.
            sites: those that it is limited to; None: all.
        """
        secret = secret or new_token()
        token = ApiToken(
            tenant_id,
            new_id(),
            name,
            role,
            digest_of(secret),
            hint_of(secret),
            None,
            self.clock.now(),
            expires_at,
            _text(sites),
            _text(permissions),
        )
        await self.store.write(Function(lambda connection: tables.add_token(connection, token)))
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

        return await self.store.write(Function(work))

    async def remove_token(self, tenant_id: UUID, token_id: UUID) -> bool:
        """Remove a token or end a session; False: there is none."""
        return await self.store.write(
            Function(lambda connection: tables.remove_token(connection, tenant_id, token_id))
        )


def _text(values: Collection[str] | None) -> str | None:
    """A set as it is stored."""
    return None if values is None else msgspec.json.encode(sorted(set(values))).decode()


def _keep_an_admin(connection: Connection, tenant_id: UUID, user_id: UUID) -> None:
    if tables.is_last_admin(connection, tenant_id, user_id):
        raise LastAdministrator("this is the last administrator; make another one first")
