"""Idempotency keys of the REST interface: a request that is repeated gets its first answer again.

The answer is stored in the transaction of what the request did. The digest of the request tells a
repetition from another request under the same key.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, Integer, delete, select

from chargeplane.runtime.store.columns import Moment, Words
from chargeplane.runtime.store.schema import SCHEMA
from chargeplane.runtime.store.upserts import insert_or_get

__all__ = ["Answer", "find", "idempotency_keys", "prune", "remember"]

idempotency_keys = SCHEMA.table(
    "idempotency_keys",
    Column("key", Words, nullable=False),
    Column("request_digest", Words, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", Words, nullable=False),
    Column("expires_at", Moment, nullable=False),
    key=["key"],
    indexes=[["expires_at"]],
)


class Answer(NamedTuple):
    """What a request was answered with."""

    tenant_id: UUID
    key: str
    request_digest: str
    status: int
    body: str
    expires_at: datetime


_ANSWER = [idempotency_keys.c[name] for name in Answer._fields]


def find(connection: Connection, tenant_id: UUID, key: str, now: datetime) -> Answer | None:
    """The answer under a key, unless it has expired."""
    row = connection.execute(
        select(*_ANSWER).where(
            idempotency_keys.c.tenant_id == tenant_id,
            idempotency_keys.c.key == key,
            idempotency_keys.c.expires_at > now,
        )
    ).one_or_none()
    return None if row is None else Answer(*row)


def remember(connection: Connection, answer: Answer, now: datetime) -> Answer:
    """Store an answer, and return the one that counts: an earlier one that has not expired wins."""
    connection.execute(
        delete(idempotency_keys).where(
            idempotency_keys.c.tenant_id == answer.tenant_id,
            idempotency_keys.c.key == answer.key,
            idempotency_keys.c.expires_at <= now,
        )
    )
    earlier = insert_or_get(connection, idempotency_keys, answer._asdict())
    return answer if earlier is None else Answer(**earlier._mapping)


def prune(connection: Connection, tenant_id: UUID, *, now: datetime, step_max: int) -> int:
    """Delete expired answers, the oldest first; how many. Repeat while it is ``step_max``."""
    expired = (
        select(idempotency_keys.c.key)
        .where(idempotency_keys.c.tenant_id == tenant_id, idempotency_keys.c.expires_at <= now)
        .order_by(idempotency_keys.c.expires_at)
        .limit(step_max)
    )
    return connection.execute(
        delete(idempotency_keys).where(
            idempotency_keys.c.tenant_id == tenant_id, idempotency_keys.c.key.in_(expired)
        )
    ).rowcount
