"""Notes: what somebody is about to do, carried by every unit of work until it is stored.

    with noted(Note(actor, "change_user", "users/...")) as note:
        await accounts.change_user(...)   # the unit appends the entry in its own transaction

One note makes one entry, however many units carry it. An entry says what was asked for and came as
far as the database; it is there also if the request is refused after all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from chargeplane.runtime.audit.chain import Entry, append
from chargeplane.runtime.store import new_id, storable
from chargeplane.runtime.store.units import COMPANION

__all__ = ["Actor", "Note", "noted", "without_secrets"]

REASON_CHARACTERS_MAX = 500
TARGET_CHARACTERS_MAX = 300
DETAIL_CHARACTERS_MAX = 200
FIELDS_MAX = 50
_SECRET_WORDS = tuple(
    "password secret token code key credential challenge current new data value payload "
    "certificate url location".split()
)


@dataclass(frozen=True)
class Actor:
    """Who acts."""

    tenant_id: UUID
    kind: str
    """user, token, command-line or system."""
    id: str
    name: str
    source: str = ""


@dataclass
class Note:
    """What is about to be done."""

    actor: Actor
    action: str
    target: str
    at: datetime
    reason: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    id: UUID = field(default_factory=new_id)
    is_carried: bool = False
    """Whether a unit of work has applied it."""

    def write(self, connection: Connection) -> None:
        """Append the entry, unless it is there."""
        self.is_carried = True
        actor = self.actor
        append(
            connection,
            Entry(
                tenant_id=actor.tenant_id,
                seq=0,
                id=self.id,
                at=self.at,
                actor_kind=actor.kind,
                actor_id=actor.id,
                actor_name=storable(actor.name),
                source=storable(actor.source),
                action=self.action,
                target=storable(self.target)[:TARGET_CHARACTERS_MAX],
                reason=storable(self.reason)[:REASON_CHARACTERS_MAX],
                details=storable(msgspec.json.encode(self.details).decode()),
                previous="",
                digest="",
            ),
        )


@contextmanager
def noted(note: Note) -> Iterator[Note]:
    """Let every ``Function`` that is made within carry the note."""
    token = COMPANION.set(note.write)
    try:
        yield note
    finally:
        COMPANION.reset(token)


def without_secrets(body: object) -> dict[str, Any]:
    """The fields of a request that may be kept for ever.

    These are short values whose names tell of nothing secret. Of all others only the name is kept.
    """
    if not isinstance(body, dict):
        return {}
    return {
        storable(str(name))[:DETAIL_CHARACTERS_MAX]: _kept(str(name), value)
        for name, value in list(body.items())[:FIELDS_MAX]
    }


def _kept(name: str, value: object) -> object:
    if any(word in name.lower() for word in _SECRET_WORDS) and not name.endswith("_id"):
        return "..."
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str) and len(value) <= DETAIL_CHARACTERS_MAX:
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return [each[:DETAIL_CHARACTERS_MAX] for each in value[:FIELDS_MAX]]
    return "..."
