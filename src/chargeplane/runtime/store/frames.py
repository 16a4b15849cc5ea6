"""The flight recorder: every OCPP frame as it was on the wire, for as long as it is kept.

Frames are clustered by station, so that a station's page is one walk and a chatty station is pruned
without a look at the others. ``id`` rises with time; domain events carry it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, Integer, delete, func, or_, select

from chargeplane.runtime.store.columns import Id, Moment, Words
from chargeplane.runtime.store.ids import id_at
from chargeplane.runtime.store.rows import Sink
from chargeplane.runtime.store.schema import SCHEMA
from chargeplane.runtime.store.text import storable
from chargeplane.runtime.store.upserts import insert_new

__all__ = ["SINK", "Direction", "Frame", "append", "frames", "next_station", "prune", "recent"]


class Direction(StrEnum):
    """Which way a frame went, seen from here."""

    RECEIVED = "in"
    SENT = "out"


frames = SCHEMA.table(
    "frames",
    Column("station_id", Words, nullable=False),
    Column("id", Id, nullable=False),
    Column("direction", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("message_id", Words),
    Column("text", Words, nullable=False),
    key=["station_id", "id"],
)


class Frame(NamedTuple):
    """One frame."""

    tenant_id: UUID
    station_id: str
    id: UUID
    direction: Direction
    at: datetime
    """When we received or sent it."""
    epoch: int
    """Which of the station's connections it belongs to."""
    message_id: str | None
    """Of the message inside, if it could be read."""
    text: str


_FRAME = [frames.c[name] for name in Frame._fields]
SINK = Sink(frames, Frame._fields)
"""Takes frames as rows; make their texts ``storable`` before."""


def append(connection: Connection, frame: Frame) -> None:
    """Keep a frame, its text made ``storable``; an id that is there already changes nothing."""
    message_id = frame.message_id and storable(frame.message_id)
    clean = frame._replace(text=storable(frame.text), message_id=message_id)
    insert_new(connection, frames, clean._asdict())


def recent(
    connection: Connection,
    tenant_id: UUID,
    station_id: str,
    *,
    count_max: int,
    before: UUID | None = None,
) -> list[Frame]:
    """The newest frames of a station, newest first; ``before``: the last id of the page before."""
    query = (
        select(*_FRAME)
        .where(frames.c.tenant_id == tenant_id, frames.c.station_id == station_id)
        .order_by(frames.c.id.desc())
        .limit(count_max)
    )
    if before is not None:
        query = query.where(frames.c.id < before)
    return [
        Frame(*row)._replace(direction=Direction(row.direction))
        for row in connection.execute(query)
    ]


def next_station(connection: Connection, tenant_id: UUID, after: str = "") -> str | None:
    """The next station that has frames, in the order of ids: one step, however many it has."""
    station: str | None = connection.scalar(
        select(func.min(frames.c.station_id)).where(
            frames.c.tenant_id == tenant_id, frames.c.station_id > after
        )
    )
    return station


def prune(
    connection: Connection,
    tenant_id: UUID,
    station_id: str,
    *,
    before: datetime,
    keep_max: int,
    step_max: int,
) -> int:
    """Delete a station's oldest frames that are too old or too many; how many.

    At most ``step_max`` at once, so that the writer is never held up for long; repeat while it is
    that many.
    """
    mine = (frames.c.tenant_id == tenant_id, frames.c.station_id == station_id)
    first_too_many = (
        select(frames.c.id)
        .where(*mine)
        .order_by(frames.c.id.desc())
        .offset(keep_max)
        .limit(1)
        .scalar_subquery()
    )
    doomed = (
        select(frames.c.id)
        .where(*mine, or_(frames.c.id < id_at(before), frames.c.id <= first_too_many))
        .order_by(frames.c.id)
        .limit(step_max)
    )
    return connection.execute(delete(frames).where(*mine, frames.c.id.in_(doomed))).rowcount
