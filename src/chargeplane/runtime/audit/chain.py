"""The chain of entries of a tenant, in the store: appending, reading, checking."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Column, Connection, insert, select, update

from chargeplane.runtime.store import SCHEMA, Id, Moment, Words, insert_new

__all__ = ["Broken", "Entry", "Head", "append", "audit_log", "check", "entries", "head"]

SCHEMA.contribute(Path(__file__).parent / "migrations")

audit_log = SCHEMA.table(
    "audit_log",
    Column("seq", BigInteger, nullable=False),
    Column("id", Id, nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor_kind", Words, nullable=False),
    Column("actor_id", Words, nullable=False),
    Column("actor_name", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("action", Words, nullable=False),
    Column("target", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("details", Words, nullable=False),
    Column("previous", Words, nullable=False),
    Column("digest", Words, nullable=False),
    key=["seq"],
    unique=[["id"]],
    indexes=[["at"]],
)
audit_heads = SCHEMA.table(
    "audit_heads",
    Column("seq", BigInteger, nullable=False),
    Column("digest", Words, nullable=False),
)

STEP_ENTRIES_MAX = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = "0" * 64
"""What the first entry of a chain holds in place of a digest."""


class Entry(NamedTuple):
    """One entry. All of it but the digest is what the digest is made of."""

    tenant_id: UUID
    seq: int
    """1, 2, 3, ... without a gap."""
    id: UUID
    at: datetime
    actor_kind: str
    """user, token, command-line, system, or nobody: a stranger."""
    actor_id: str
    actor_name: str
    source: str
    """The address that the request came from."""
    action: str
    """The operation, as OpenAPI names it."""
    target: str
    """What it was done to: the path, without its prefix."""
    reason: str
    """What the actor gave as reason."""
    details: str
    """Fields of the request as a JSON object, without secrets."""
    previous: str
    digest: str


class Head(NamedTuple):
    """The last entry of a chain."""

    seq: int
    digest: str


@dataclass(frozen=True)
class Broken:
    """The first place where a chain does not hold."""

    seq: int
    reason: str


_ENTRY = [audit_log.c[name] for name in Entry._fields]


def append(connection: Connection, entry: Entry) -> None:
    """Add an entry at the end; ``seq``, ``previous`` and ``digest`` are found here.

    An entry whose id is in the log already is there already: safe to apply twice. The lock on the
    head keeps two nodes from writing the same number.
    """
    tenant_id = entry.tenant_id
    beginning = {"tenant_id": tenant_id, "seq": 0, "digest": FIRST}
    insert_new(connection, audit_heads, beginning)
    mine = audit_heads.c.tenant_id == tenant_id
    last = connection.execute(
        select(audit_heads.c.seq, audit_heads.c.digest).where(mine).with_for_update()
    ).one()
    there = select(audit_log.c.seq).where(
        audit_log.c.tenant_id == tenant_id, audit_log.c.id == entry.id
    )
    if connection.scalar(there) is not None:
        return
    linked = entry._replace(seq=last.seq + 1, previous=last.digest)
    linked = linked._replace(digest=digest_of(linked))
    connection.execute(insert(audit_log).values(linked._asdict()))
    values = {"seq": linked.seq, "digest": linked.digest}
    connection.execute(update(audit_heads).where(mine).values(values))


def digest_of(entry: Entry) -> str:
    """The SHA-256 of everything in an entry but its digest, each part in its place."""
    at_us = (entry.at - _EPOCH) // timedelta(microseconds=1)
    parts = entry._replace(digest="")._asdict() | {"at": at_us}
    return hashlib.sha256(msgspec.json.encode([*parts.values()])).hexdigest()


def head(connection: Connection, tenant_id: UUID) -> Head:
    """The end of a tenant's chain, as it was noted with the last entry."""
    query = select(audit_heads.c.seq, audit_heads.c.digest)
    row = connection.execute(query.where(audit_heads.c.tenant_id == tenant_id)).one_or_none()
    return Head(0, FIRST) if row is None else Head(*row)


def entries(connection: Connection, tenant_id: UUID, *, after: int, count_max: int) -> list[Entry]:
    """Entries from behind a number on, the oldest first."""
    known = audit_log.c
    mine = known.tenant_id == tenant_id, known.seq > after
    query = select(*_ENTRY).where(*mine).order_by(known.seq).limit(count_max)
    return [Entry(*row) for row in connection.execute(query)]


def check(connection: Connection, tenant_id: UUID, known: Head | None = None) -> Broken | None:
    """Go through a whole chain; None: it holds.

    Args:
        connection: of one moment.
        tenant_id: whose chain.
        known: an earlier head that was kept elsewhere; the chain must lead through it.
    """
    previous, seq = FIRST, 0
    for entry in _all(connection, tenant_id):
        seq += 1
        if entry.seq != seq:
            return Broken(seq, f"an entry is missing: {entry.seq} follows {seq - 1}")
        if entry.previous != previous:
            return Broken(seq, "it does not follow the entry before it")
        if entry.digest != digest_of(entry):
            return Broken(seq, "it was changed")
        previous = entry.digest
        if known is not None and known.seq == seq and known.digest != entry.digest:
            return Broken(seq, "it is not the entry that was there when the head was kept")
    if head(connection, tenant_id) != Head(seq, previous):
        return Broken(seq + 1, "entries are missing at the end")
    if known is not None and known.seq > seq:
        return Broken(seq + 1, "entries are missing since the head was kept")
    return None


def _all(connection: Connection, tenant_id: UUID) -> Iterator[Entry]:
    after = -1
    while page := entries(connection, tenant_id, after=after, count_max=STEP_ENTRIES_MAX):
        yield from page
        after = page[-1].seq
