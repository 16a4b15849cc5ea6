"""The log of commands: who asked a station for what, when, and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, delete, select, update

from chargeplane.runtime.store import SCHEMA, Id, Moment, Words, insert_new

__all__ = ["COMMANDS_MAX", "Given", "Result", "begun", "commands", "ended", "newest"]

COMMANDS_MAX: Final = 5_000
"""Of one station; the oldest is forgotten beyond them."""
_STEP_MAX: Final = 100

commands = SCHEMA.table(
    "commands",
    Column("station_id", Words, nullable=False),
    Column("id", Id, nullable=False),
    Column("name", Words, nullable=False),
    Column("parameters", Words, nullable=False),
    Column("by_id", Id, nullable=False),
    Column("by_name", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("outcome", Words),
    Column("status", Words),
    Column("reason", Words),
    key=["station_id", "id"],
)


class Given(NamedTuple):
    """A command that was given. ``parameters``: as JSON, without secrets."""

    tenant_id: UUID
    station_id: str
    id: UUID
    name: str
    parameters: str
    by_id: UUID
    by_name: str
    at: datetime


class Result(NamedTuple):
    """What came of it."""

    ended_at: datetime
    outcome: str
    status: str | None = None
    reason: str | None = None


class Logged(NamedTuple):
    """A line of the log; without an outcome the command is under way, or we have stopped."""

    id: UUID
    name: str
    parameters: str
    by_id: UUID
    by_name: str
    at: datetime
    ended_at: datetime | None
    outcome: str | None
    status: str | None
    reason: str | None


_LOGGED = [commands.c[name] for name in Logged._fields]


def begun(connection: Connection, given: Given) -> None:
    """Note a command before it is sent."""
    if not insert_new(connection, commands, given._asdict()):
        return
    mine = commands.c.tenant_id == given.tenant_id, commands.c.station_id == given.station_id
    newest_first = select(commands.c.id).where(*mine).order_by(commands.c.id.desc())
    beyond = newest_first.offset(COMMANDS_MAX).limit(_STEP_MAX)
    connection.execute(delete(commands).where(*mine, commands.c.id.in_(beyond)))


def ended(connection: Connection, given: Given, result: Result) -> None:
    """Note what came of it."""
    connection.execute(
        update(commands)
        .where(
            commands.c.tenant_id == given.tenant_id,
            commands.c.station_id == given.station_id,
            commands.c.id == given.id,
        )
        .values(result._asdict())
    )


def newest(
    connection: Connection,
    tenant_id: UUID,
    station_id: str,
    *,
    count_max: int,
    before: UUID | None = None,
) -> list[Logged]:
    """The newest first; ``before``: the last id of the page before."""
    query = select(*_LOGGED).where(
        commands.c.tenant_id == tenant_id, commands.c.station_id == station_id
    )
    if before is not None:
        query = query.where(commands.c.id < before)
    query = query.order_by(commands.c.id.desc()).limit(count_max)
    return [Logged(*row) for row in connection.execute(query)]
