"""Second factors: codes of an app, passkeys, and recovery codes for the day the phone is gone.

A user with a confirmed app or passkey cannot log in with a password alone. Recovery codes come with
the first app and go with the last factor; each works once. The secret of an app is stored sealed,
of a passkey there is only the public key, of a recovery code only the digest.
"""

from __future__ import annotations

import logging
import secrets as random
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, delete, select, update

from chargeplane.runtime.access import totp
from chargeplane.runtime.access.credentials import digest_of
from chargeplane.runtime.access.tables import User, factors, users
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.secrets import SecretError, Secrets
from chargeplane.runtime.store import Function, Store, insert_new, new_id, tenants

__all__ = ["Factor", "Factors", "Kind", "Resealed", "TooManyFactors"]

_log = logging.getLogger(__name__)

FACTORS_MAX = 20
"""Apps and passkeys of one user."""
RECOVERY_CODES = 10
RESEALED_PAGE_MAX = 500
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_CODE_CHARACTERS = 16
_ISSUER = "chargeplane"


class Kind(StrEnum):
    """What a factor is."""

    TOTP = "totp"
    PASSKEY = "passkey"
    RECOVERY = "recovery"


class TooManyFactors(Exception):
    """A user has as many as anybody may have."""


class Factor(NamedTuple):
    """A factor as it is stored."""

    tenant_id: UUID
    id: UUID
    user_id: UUID
    kind: str
    name: str
    handle: str
    """Of an app, the last step that was used; of a passkey, its id; of a code, its digest."""
    content: str
    """Of an app, the sealed secret; of a passkey, its public key and counter."""
    created_at: datetime
    confirmed_at: datetime | None
    last_used_at: datetime | None


class Resealed(NamedTuple):
    """What became of the sealed secrets."""

    done: int
    """Sealed anew."""
    unreadable: int
    """Their key is not here, or they were changed."""


_FACTOR = [factors.c[name] for name in Factor._fields]


class Factors:
    """The second factors of all users."""

    def __init__(self, store: Store, clock: Clock, secrets: Secrets) -> None:
        self._store = store
        self._clock = clock
        self._secrets = secrets

    async def of(self, tenant_id: UUID, user_id: UUID) -> list[Factor]:
        """All confirmed factors of a user, oldest first, recovery codes among them."""
        return [
            factor
            for factor in await self._store.read(lambda c: _of(c, tenant_id, user_id))
            if factor.confirmed_at is not None
        ]

    async def begin_totp(self, user: User, name: str) -> tuple[UUID, bytes, str]:
        """A new app: its id, its secret, and what its QR code says. ``confirm_totp`` comes next.

        Raises:
            TooManyFactors: ``FACTORS_MAX``.
        """
        secret, factor_id = totp.new_secret(), new_id()
        sealed = self._secrets.seal(secret, "totp", str(user.tenant_id), str(factor_id))
        factor = self._factor(user, factor_id, Kind.TOTP, name, "-1", sealed, is_confirmed=False)
        await self._store.write(Function(lambda connection: _add(connection, factor)))
        return factor_id, secret, totp.uri(secret, _ISSUER, user.name)

    async def confirm_totp(self, user: User, factor_id: UUID, code: str) -> list[str] | None:
        """Make an app count, once it has shown a right code; None if it has not.

        The answer holds new recovery codes if the user had none, and is empty otherwise.
        """
        now = self._clock.now()
        codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
        made = [
            self._factor(user, new_id(), Kind.RECOVERY, "", digest_of(_plain(code)), "")
            for code in codes
        ]

        def work(connection: Connection) -> list[str] | None:
            mine = _of(connection, user.tenant_id, user.id)
            found = [each for each in mine if each.id == factor_id and each.kind == Kind.TOTP]
            if not found or not self._uses_totp(connection, found[0], code, now):
                return None
            _confirm(connection, found[0], now)
            own = {each.id for each in made}
            if any(each.kind == Kind.RECOVERY and each.id not in own for each in mine):
                return []
            for each in made:
                insert_new(connection, factors, each._asdict())
            return codes

        return await self._store.write(Function(work))

    async def add_passkey(self, user: User, name: str, handle: str, content: str) -> Factor:
        """Keep a passkey whose registration was verified.

        Raises:
            TooManyFactors: ``FACTORS_MAX``.
        """
        factor = self._factor(user, new_id(), Kind.PASSKEY, name, handle, content)

        def work(connection: Connection) -> None:
            _add(connection, factor)
            _confirm(connection, factor, factor.created_at)

        await self._store.write(Function(work))
        return factor

    async def passkey(self, tenant_id: UUID, handle: str) -> Factor | None:
        """The passkey of an id."""
        query = select(*_FACTOR).where(
            factors.c.tenant_id == tenant_id,
            factors.c.handle == handle,
            factors.c.kind == Kind.PASSKEY,
        )
        row = await self._store.read(lambda c: c.execute(query.limit(1)).one_or_none())
        return None if row is None else Factor(*row)

    async def note_passkey(self, factor: Factor, content: str) -> None:
        """Keep the counter of a passkey that was used."""
        values = {"content": content, "last_used_at": self._clock.now()}
        await self._store.write(Function(lambda c: _change(c, factor, values)))

    async def proves(self, user: User, code: str) -> bool:
        """Whether a code is one of the user's apps, now, or a recovery code; it works once."""
        now, digest = self._clock.now(), digest_of(_plain(code))

        def work(connection: Connection) -> bool:
            for factor in _of(connection, user.tenant_id, user.id):
                if factor.confirmed_at is None:
                    continue
                if factor.kind == Kind.TOTP and self._uses_totp(connection, factor, code, now):
                    return True
                if factor.kind == Kind.RECOVERY and factor.handle == digest:
                    connection.execute(delete(factors).where(*_is(factor)))
                    return True
            return False

        return await self._store.write(Function(work))

    async def remove(self, tenant_id: UUID, user_id: UUID, factor_id: UUID | None = None) -> bool:
        """Remove a factor, or all; False if there is none. With the last one, the codes go."""

        def work(connection: Connection) -> bool:
            mine = _of(connection, tenant_id, user_id)
            gone = [each for each in mine if factor_id in (None, each.id)]
            for each in gone:
                connection.execute(delete(factors).where(*_is(each)))
            if not any(_counts(each) for each in mine if each not in gone):
                of_user = (factors.c.tenant_id == tenant_id, factors.c.user_id == user_id)
                connection.execute(delete(factors).where(*of_user))
                _set_since(connection, tenant_id, user_id, None)
            return bool(gone)

        return await self._store.write(Function(work))

    async def reseal(self) -> Resealed:
        """Seal the secrets of all apps under the first key, so that older keys may go.

        Safe to repeat, and beside other nodes: a row that somebody changes meanwhile stays.
        """
        done, kept, after = 0, 0, ""
        while page := await self._store.read(partial(_sealed, after=after)):
            after = str(page[-1].id)
            for factor in page:
                place = ("totp", str(factor.tenant_id), str(factor.id))
                try:
                    fresh = self._secrets.reseal(factor.content, *place)
                except SecretError as error:
                    _log.warning("the app %s of user %s: %s", factor.id, factor.user_id, error)
                    kept += 1
                    continue
                if fresh == factor.content:
                    continue
                await self._store.write(Function(partial(_replace, factor=factor, fresh=fresh)))
                done += 1
        if done or kept:
            _log.info("%d secrets are under the new key; %d cannot be opened", done, kept)
        return Resealed(done, kept)

    def _uses_totp(self, connection: Connection, factor: Factor, code: str, now: datetime) -> bool:
        place = ("totp", str(factor.tenant_id), str(factor.id))
        secret = self._secrets.open(factor.content, *place)
        step = totp.step_of(secret, code.strip(), now, after=int(factor.handle))
        if step is None:
            return False
        _change(connection, factor, {"handle": str(step), "last_used_at": now})
        return True

    def _factor(
        self,
        user: User,
        factor_id: UUID,
        kind: Kind,
        name: str,
        handle: str,
        content: str,
        *,
        is_confirmed: bool = True,
    ) -> Factor:
        now = self._clock.now()
        confirmed_at = now if is_confirmed else None
        return Factor(
            user.tenant_id, factor_id, user.id, kind, name, handle, content, now, confirmed_at, None
        )


def _of(connection: Connection, tenant_id: UUID, user_id: UUID) -> Sequence[Factor]:
    query = select(*_FACTOR).where(factors.c.tenant_id == tenant_id, factors.c.user_id == user_id)
    return [Factor(*row) for row in connection.execute(query.order_by(factors.c.id))]


def _counts(factor: Factor) -> bool:
    return factor.kind != Kind.RECOVERY and factor.confirmed_at is not None


def _sealed(connection: Connection, after: str) -> Sequence[Factor]:
    """A page of the apps of all tenants, in the order of their ids."""
    known = [factors.c.kind == Kind.TOTP]
    known += [factors.c.tenant_id.in_(select(tenants.tenants.c.tenant_id))]
    known += [factors.c.id > UUID(after)] if after else []
    query = select(*_FACTOR).where(*known).order_by(factors.c.id).limit(RESEALED_PAGE_MAX)
    return [Factor(*row) for row in connection.execute(query)]


def _replace(connection: Connection, factor: Factor, fresh: str) -> None:
    same = (*_is(factor), factors.c.content == factor.content)
    connection.execute(update(factors).where(*same).values(content=fresh))


def _add(connection: Connection, factor: Factor) -> None:
    """Apps that were never confirmed make room for the next one."""
    mine = _of(connection, factor.tenant_id, factor.user_id)
    for each in mine:
        if each.confirmed_at is None and each.id != factor.id:
            connection.execute(delete(factors).where(*_is(each)))
    if sum(_counts(each) for each in mine if each.id != factor.id) >= FACTORS_MAX:
        raise TooManyFactors
    insert_new(connection, factors, factor._asdict())


def _confirm(connection: Connection, factor: Factor, now: datetime) -> None:
    if factor.confirmed_at is None:
        _change(connection, factor, {"confirmed_at": now})
    of_user = (users.c.tenant_id == factor.tenant_id, users.c.id == factor.user_id)
    since = select(users.c.second_factor_at).where(*of_user)
    if connection.scalar(since) is None:
        _set_since(connection, factor.tenant_id, factor.user_id, now)


def _set_since(
    connection: Connection, tenant_id: UUID, user_id: UUID, since: datetime | None
) -> None:
    of_user = (users.c.tenant_id == tenant_id, users.c.id == user_id)
    connection.execute(update(users).where(*of_user).values(second_factor_at=since))


def _change(connection: Connection, factor: Factor, values: dict[str, object]) -> None:
    connection.execute(update(factors).where(*_is(factor)).values(values))


def _is(factor: Factor) -> tuple[ColumnElement[bool], ...]:
    return factors.c.tenant_id == factor.tenant_id, factors.c.id == factor.id


def _recovery_code() -> str:
    """Four groups of four: 79 random bits that can be read out and typed."""
    text = "".join(random.choice(_ALPHABET) for _ in range(_CODE_CHARACTERS))
    return "-".join(text[at : at + 4] for at in range(0, _CODE_CHARACTERS, 4))


def _plain(code: str) -> str:
    return "".join(each for each in code.lower() if each.isalnum())
