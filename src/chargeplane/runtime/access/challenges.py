"""Steps of a conversation with somebody: each is a word that we gave and that comes back once.

A challenge is stored by the digest of its word, with what has to be remembered meanwhile, sealed.
Whoever brings the word takes it: it works once, for its purpose, and for a while. It is in the
database, so the next step may reach another node.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, delete, func, select

from chargeplane.runtime.access.credentials import digest_of, new_word
from chargeplane.runtime.access.tables import challenges
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.secrets import Secrets
from chargeplane.runtime.store import Function, Store, insert_new, tenants

__all__ = ["Challenges", "Taken"]

CHALLENGES_MAX = 10_000
"""Of a tenant; beyond it, those that would end first are forgotten."""
WORD_CHARACTERS_MAX = 100


class Taken(NamedTuple):
    """What was remembered."""

    content: bytes
    user_id: UUID | None


class Challenges:
    """The open challenges of all tenants."""

    def __init__(self, store: Store, clock: Clock, secrets: Secrets) -> None:
        self._store = store
        self._clock = clock
        self._secrets = secrets

    async def make(
        self,
        tenant_id: UUID,
        purpose: str,
        content: bytes = b"",
        *,
        lifetime_s: float,
        user_id: UUID | None = None,
        replaces: bool = False,
    ) -> str:
        """A new word; ``replaces``: all others of this purpose and user end.

        For a tenant that does not exist, or is closed, it is a word that nobody can take.
        """
        word, now = new_word(), self._clock.now()
        digest = digest_of(word)
        row = {
            "tenant_id": tenant_id,
            "digest": digest,
            "purpose": purpose,
            "user_id": user_id,
            "content": self._secrets.seal(content, "challenge", purpose, digest),
            "expires_at": now + timedelta(seconds=lifetime_s),
        }

        def work(connection: Connection) -> None:
            known = challenges.c
            mine = known.tenant_id == tenant_id
            connection.execute(delete(challenges).where(mine, known.expires_at <= now))
            if replaces:
                same = (known.purpose == purpose, known.user_id.is_not_distinct_from(user_id))
                connection.execute(delete(challenges).where(mine, *same, known.digest != digest))
            if tenants.is_open(connection, tenant_id):
                _make_room(connection, tenant_id)
                insert_new(connection, challenges, row)

        await self._store.write(Function(work))
        return word

    async def take(self, tenant_id: UUID, purpose: str, word: str) -> Taken | None:
        """What was remembered under a word; None if it is unknown, used, or too old."""
        digest, now = digest_of(word[:WORD_CHARACTERS_MAX]), self._clock.now()

        def work(connection: Connection) -> tuple[str, UUID | None] | None:
            known = challenges.c
            same = (
                known.tenant_id == tenant_id,
                known.digest == digest,
                known.purpose == purpose,
            )
            query = select(known.content, known.user_id).where(*same, known.expires_at > now)
            row = connection.execute(query.with_for_update()).one_or_none()
            connection.execute(delete(challenges).where(*same))
            return None if row is None else (row.content, row.user_id)

        found = await self._store.write(Function(work))
        if found is None:
            return None
        return Taken(self._secrets.open(found[0], "challenge", purpose, digest), found[1])


def _make_room(connection: Connection, tenant_id: UUID) -> None:
    known = challenges.c
    mine = known.tenant_id == tenant_id
    excess = (connection.scalar(select(func.count()).select_from(challenges).where(mine)) or 0) - (
        CHALLENGES_MAX - 1
    )
    if excess > 0:
        first = select(known.digest).where(mine).order_by(known.expires_at).limit(excess)
        connection.execute(delete(challenges).where(mine, known.digest.in_(first)))
