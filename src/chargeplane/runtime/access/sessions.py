"""Sessions: who is recognised by a token, for how long, and how a session begins and ends.

A session is a token of a user. It ends by itself (``Policy.session_s``), when nothing is asked for
a while (``Policy.session_idle_s``), and when its user gets a new password.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from chargeplane.runtime.access import tables
from chargeplane.runtime.access.credentials import Passwords, digest_of, hint_of, new_token
from chargeplane.runtime.access.policy import Caller, Policy
from chargeplane.runtime.access.roles import ACCOUNT, GRANTS, Role
from chargeplane.runtime.access.tables import ApiToken, Bearer, User
from chargeplane.runtime.audit import Actor, Note, noted
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest.principals import Principal
from chargeplane.runtime.store import Function, Store, StoreError, new_id, tenants

__all__ = ["SecondFactorNeeded", "Session", "Sessions", "csrf_token"]

_log = logging.getLogger(__name__)

SESSIONS_MAX = 20
"""Of one user at a time; the oldest ends when there is one more."""
TOUCH_S = 60.0
"""The use of a token is noted once in this time."""

Proof = Callable[[User], Awaitable[bool]]
"""Whether what came with name and password proves the second factor of a user."""


class SecondFactorNeeded(Exception):
    """Name and password are right, and this user has more to show."""


@dataclass(frozen=True)
class Session:
    """Somebody is logged in until the token ends."""

    token: str = field(repr=False)
    user: User
    expires_at: datetime
    id: UUID


class Sessions:
    """The sessions of all tenants."""

    def __init__(
        self, store: Store, clock: Clock, passwords: Passwords, policy: Policy | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._passwords = passwords
        self.policy = policy or Policy()

    async def authenticate(self, token: str, *, is_use: bool = True) -> Principal | None:
        """Whose a token is; None if it is unknown or has ended. A mere look keeps no session."""
        digest, now = digest_of(token), self._clock.now()
        idle_since = self._idle_since(now)
        bearer = await self._store.read(
            lambda connection: tables.bearer(connection, digest, now, idle_since)
        )
        if bearer is None:
            return None
        if is_use:
            await self._note_use(bearer, now)
        return Principal(
            bearer.tenant_id,
            bearer.id,
            bearer.name,
            bearer.role,
            self._grants(bearer),
            limits=_set(bearer.permissions),
            sites=_set(bearer.sites),
            is_user=bearer.user_id is not None,
            session_id=None if bearer.user_id is None else bearer.token_id,
            logged_in_at=None if bearer.user_id is None else bearer.created_at,
        )

    async def log_in(
        self,
        tenant_id: UUID,
        name: str,
        password: str,
        caller: Caller | None = None,
        proof: Proof | None = None,
    ) -> Session | None:
        """Begin a session; None if anything that was given is wrong, and nobody can tell what.

        Raises:
            SecondFactorNeeded: name and password are right, and ``proof`` is missing.
        """

        def look(connection: Connection) -> User | None:
            is_open = tenants.is_open(connection, tenant_id)
            return tables.user_named(connection, tenant_id, name) if is_open else None

        user = await self._store.read(look)
        kept = user.password_hash if user else ""
        if not await self._passwords.verify(kept or None, password) or user is None:
            return None
        if user.second_factor_at is not None:
            if proof is None:
                raise SecondFactorNeeded
            if not await proof(user):
                return None
        return await self.begin(user, caller)

    async def begin(self, user: User, caller: Caller | None = None) -> Session:
        """Begin a session of somebody who has proved to be this user."""
        caller = caller or Caller()
        token, now = new_token(), self._clock.now()
        expires_at = now + timedelta(seconds=self.policy.session_s)
        session = ApiToken(
            user.tenant_id,
            new_id(),
            user.name,
            user.role,
            digest_of(token),
            hint_of(token),
            user.id,
            now,
            expires_at,
            source=caller.source,
            agent=caller.agent,
            last_used_at=now,
        )

        def work(connection: Connection) -> None:
            tables.add_token(connection, session)
            tables.end_sessions(connection, user.tenant_id, user.id, but_newest_max=SESSIONS_MAX)

        actor = Actor(user.tenant_id, "user", str(user.id), user.name, caller.source)
        with noted(Note(actor, "log_in", f"sessions/{session.id}", now)):
            await self._store.write(Function(work))
        return Session(token, user, expires_at, session.id)

    async def open(self, tenant_id: UUID, user_id: UUID) -> list[ApiToken]:
        """The sessions of a user that have not ended, the newest first."""
        now = self._clock.now()
        idle_since = self._idle_since(now)
        return await self._store.read(
            lambda connection: tables.list_sessions(connection, tenant_id, user_id, now, idle_since)
        )

    async def end(self, tenant_id: UUID, user_id: UUID, session_id: UUID) -> bool:
        """End a session of a user; False: there is none."""
        return await self._store.write(
            Function(lambda c: tables.end_session(c, tenant_id, user_id, session_id))
        )

    async def end_others(self, tenant_id: UUID, user_id: UUID, but: UUID | None = None) -> None:
        """End the sessions of a user, but for one."""
        await self._store.write(
            Function(lambda c: tables.end_sessions(c, tenant_id, user_id, but=but))
        )

    def _idle_since(self, now: datetime) -> datetime:
        return now - timedelta(seconds=self.policy.session_idle_s)

    def _grants(self, bearer: Bearer) -> frozenset[str]:
        if bearer.role not in set(Role):
            return frozenset()  # a role of a newer program grants nothing here
        role = Role(bearer.role)
        # Whoever has no password comes from a provider, which asks for factors of its own.
        lacks_factor = bool(bearer.has_password) and bearer.second_factor_at is None
        if lacks_factor and role in self.policy.second_factor_roles:
            return ACCOUNT
        return GRANTS[role]

    async def _note_use(self, bearer: Bearer, now: datetime) -> None:
        noted = bearer.last_used_at
        if noted is not None and timedelta(0) <= now - noted < timedelta(seconds=TOUCH_S):
            return
        if self._store.health.trouble is not None:
            return  # it would wait for the database, and the answer with it
        try:
            await self._store.write(_Touch(bearer.tenant_id, bearer.token_id, now))
        except StoreError as error:
            _log.warning("the use of a token was not noted: %s", error)


@dataclass(frozen=True)
class _Touch:
    """No change that anybody has asked for: no part of the audit log."""

    tenant_id: UUID
    token_id: UUID
    now: datetime

    def apply(self, connection: Connection) -> None:
        tables.touch(connection, self.tenant_id, self.token_id, self.now)


def csrf_token(token: str) -> str:
    """What a page must send with a change, besides the cookie that the browser adds by itself.

    Whoever knows it cannot tell the token, and another site can read neither.
    """
    return hashlib.sha256(f"chargeplane csrf\0{token}".encode(errors="surrogatepass")).hexdigest()


def _set(text: str | None) -> frozenset[str] | None:
    return None if text is None else frozenset(msgspec.json.decode(text, type=list[str]))
