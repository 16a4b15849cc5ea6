"""The flight recorder: every OCPP frame as it was on the wire, for as long as it is kept.

Frames are clustered by station, so that a station's page is one walk and a chatty station is pruned
without a look at the others. ``id`` rises with time; domain events carry it.

A call and its answer may share a row (``EXCHANGE_SINK``), which costs little more than one of them.
Whoever reads sees two frames: the id of the answer follows from the row.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, Integer, Select, delete, func, or_, select

from chargeplane.runtime.store.columns import Id, Moment, Words
from chargeplane.runtime.store.ids import id_at, later_than, time_of
from chargeplane.runtime.store.rows import Sink
from chargeplane.runtime.store.schema import SCHEMA
from chargeplane.runtime.store.text import storable
from chargeplane.runtime.store.upserts import insert_new

__all__ = [
    "ANSWERED_S_MAX",
    "EXCHANGE_SINK",
    "SINK",
    "Direction",
    "Frame",
    "append",
    "frames",
    "next_station",
    "prune",
    "recent",
]

ANSWERED_S_MAX: Final = 5
"""An answer that shares a row came at most so much later, or is shown as if it had."""


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
    Column("answered_at", Moment),
    Column("answer", Words),
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
EXCHANGE_SINK = Sink(frames, (*Frame._fields, "answered_at", "answer"))
"""Takes a call that was received, with our answer and its time; both are None if it has none."""
_ROW = [*_FRAME, frames.c.answered_at, frames.c.answer]


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
        select(*_ROW)
        .where(frames.c.tenant_id == tenant_id, frames.c.station_id == station_id)
        .order_by(frames.c.id.desc())
    )
    newest = query if before is None else query.where(frames.c.id < before)
    found = list(_frames_in(connection, newest.limit(count_max)))
    if len(found) >= count_max:
        # An answer may be younger than some of these while its call is older than all of them.
        oldest = min(each.id for each in found)
        since = id_at(time_of(oldest) - timedelta(seconds=ANSWERED_S_MAX))
        answered = query.where(
            frames.c.id < oldest, frames.c.id >= since, frames.c.answer.is_not(None)
        )
        found += _frames_in(connection, answered)
    if before is not None:
        found = [each for each in found if each.id < before]
    found.sort(key=lambda each: each.id.int, reverse=True)
    return found[:count_max]


def _frames_in(connection: Connection, query: Select[Any]) -> Iterator[Frame]:
    """One or two frames of each row."""
    for *values, answered_at, answer in connection.execute(query):
        frame = Frame(*values)
        frame = frame._replace(direction=Direction(frame.direction))
        yield frame
        if answer is not None:
            took = min(answered_at - frame.at, timedelta(seconds=ANSWERED_S_MAX))
            yield Frame(
                tenant_id=frame.tenant_id,
                station_id=frame.station_id,
                id=later_than(frame.id, took),
                direction=Direction.SENT,
                at=answered_at,
                epoch=frame.epoch,
                message_id=None,
                text=answer,
            )


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
    """Delete a station's oldest frames that are too old or too many; how many rows.

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
