"""The flight recorder: every OCPP frame as it was on the wire, for as long as it is kept.

Frames lie on strips: a row holds those of one station that were written together. One frame of a
busy station costs little then, and a station's page is one walk. ``id`` rises with time; domain
events carry it.

A call and its answer share a ``Shot``, which costs little more than one of them. Whoever reads sees
two frames: the id of the answer follows from the shot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import Column, Connection, Integer, delete, func, or_, select

from chargeplane.runtime.store.columns import Deflated, Id, Words
from chargeplane.runtime.store.ids import id_at, later_than, time_of
from chargeplane.runtime.store.rows import Row, Sink
from chargeplane.runtime.store.schema import SCHEMA
from chargeplane.runtime.store.text import storable

__all__ = [
    "ANSWERED_S_MAX",
    "STRIP_CHARACTERS_MAX",
    "STRIP_S_MAX",
    "Direction",
    "Frame",
    "Shot",
    "append",
    "frame_strips",
    "next_station",
    "overdue",
    "prune",
    "recent",
    "strips",
]

ANSWERED_S_MAX: Final = 5
"""An answer that shares a shot came at most so much later, or is shown as if it had."""
STRIP_S_MAX: Final = 5
"""The last shot of a strip is at most so much younger than the first."""
STRIP_CHARACTERS_MAX: Final = 64 * 1024
"""A longer strip ends with the shot that makes it so long."""
_STRIPS_AT_ONCE: Final = 8, 128
"""Read with the first statement, and at most with a later one, each of which reads twice as many: 8
MB, unless they hold very long frames."""
_SPAN: Final = timedelta(seconds=STRIP_S_MAX + ANSWERED_S_MAX)


class Direction(StrEnum):
    """Which way a frame went, seen from here."""

    RECEIVED = "in"
    SENT = "out"


frame_strips = SCHEMA.table(
    "frame_strips",
    Column("station_id", Words, nullable=False),
    Column("id", Id, nullable=False),  # of its oldest frame
    Column("frames_count", Integer, nullable=False),
    Column("shots", Deflated, nullable=False),  # MessagePack: a list of ``Shot``
    key=["station_id", "id"],
)
_SINK: Final = Sink(frame_strips, ("tenant_id", "station_id", "id", "frames_count", "shots"))


class Shot(Struct, array_like=True, eq=False, gc=False):
    """A frame as it is recorded, and our answer to it, if that came soon enough.

    Make texts ``storable`` before: PostgreSQL could not show others, and MessagePack not hold them.
    """

    id: UUID
    direction: Direction
    at: datetime
    epoch: int
    message_id: str | None
    text: str
    answered_at: datetime | None = None
    answer: str | None = None


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
    """Of the message inside, if it could be read. In SOAP an answer has that of its call, and a
    call that came without one is named by its frame."""
    text: str


_encode = msgspec.msgpack.Encoder(uuid_format="bytes").encode
_decode = msgspec.msgpack.Decoder(list[Shot]).decode
_number = attrgetter("id.int")


def strips(tenant_id: UUID, station_id: str, shots: Iterable[Shot]) -> Iterator[Row]:
    """The shots of a station as rows, whatever their order."""
    some: list[Shot] = []
    characters, since_ms = 0, 0
    for shot in sorted(shots, key=_number):
        at_ms = shot.id.int >> 80
        if some and (characters >= STRIP_CHARACTERS_MAX or at_ms - since_ms > 1_000 * STRIP_S_MAX):
            yield _strip(tenant_id, station_id, some)
            some, characters = [], 0
        if not some:
            since_ms = at_ms
        some.append(shot)
        characters += len(shot.text) + (0 if shot.answer is None else len(shot.answer))
    if some:
        yield _strip(tenant_id, station_id, some)


def _strip(tenant_id: UUID, station_id: str, shots: list[Shot]) -> Row:
    count = len(shots) + sum(shot.answer is not None for shot in shots)
    return _SINK, (tenant_id, station_id, shots[0].id, count, _encode(shots))


def append(connection: Connection, frame: Frame) -> None:
    """Keep a frame, its text made ``storable``; an id that is there already changes nothing."""
    tenant_id, station_id, *_ = frame
    message_id = frame.message_id and storable(frame.message_id)
    shot = Shot(frame.id, frame.direction, frame.at, frame.epoch, message_id, storable(frame.text))
    _SINK.write(connection, [values for _, values in strips(tenant_id, station_id, [shot])])


def recent(
    connection: Connection,
    tenant_id: UUID,
    station_id: str,
    *,
    count_max: int,
    before: UUID | None = None,
) -> list[Frame]:
    """The newest frames of a station, newest first; ``before``: the last id of the page before."""
    found: list[Frame] = []
    since: UUID | None = None
    for strip_id, shots in _strips_before(connection, tenant_id, station_id, before):
        if since is not None and strip_id < since:
            break
        those = _frames_on(tenant_id, station_id, shots)
        found += those if before is None else [each for each in those if each.id < before]
        if since is None and len(found) >= count_max:
            # Strips overlap: what is on an older one may be younger than some of these.
            since = id_at(time_of(min(each.id for each in found)) - _SPAN)
    found.sort(key=_number, reverse=True)
    return found[:count_max]


def _strips_before(
    connection: Connection, tenant_id: UUID, station_id: str, before: UUID | None
) -> Iterator[tuple[UUID, list[Shot]]]:
    """The strips whose oldest frame is older than ``before``, the newest first."""
    each = frame_strips.c
    newest = (
        select(each.id, each.shots)
        .where(each.tenant_id == tenant_id, each.station_id == station_id)
        .order_by(each.id.desc())
    )
    count, count_max = _STRIPS_AT_ONCE
    while True:
        older = newest if before is None else newest.where(each.id < before)
        rows = connection.execute(older.limit(count)).all()
        for strip_id, shots in rows:
            yield strip_id, _decode(shots)
        if len(rows) < count:
            return
        before, count = rows[-1].id, min(2 * count, count_max)


def _frames_on(tenant_id: UUID, station_id: str, shots: Iterable[Shot]) -> Iterator[Frame]:
    """One or two frames of each shot."""
    for shot in shots:
        id_, direction, at, epoch, message_id, text, answered_at, answer = msgspec.structs.astuple(
            shot
        )
        yield Frame(tenant_id, station_id, id_, direction, at, epoch, message_id, text)
        if answer is not None:
            took = min(answered_at - at, timedelta(seconds=ANSWERED_S_MAX))
            answer_id = later_than(id_, took)
            yield Frame(
                tenant_id, station_id, answer_id, Direction.SENT, answered_at, epoch, None, answer
            )


def next_station(connection: Connection, tenant_id: UUID, after: str = "") -> str | None:
    """The next station that has frames, in the order of ids: one step, however many it has."""
    each = frame_strips.c
    station: str | None = connection.scalar(
        select(func.min(each.station_id)).where(
            each.tenant_id == tenant_id, each.station_id > after
        )
    )
    return station


def overdue(
    connection: Connection, tenant_id: UUID, station_id: str, *, before: datetime, keep_max: int
) -> UUID | None:
    """The newest strip of a station that is too old or beyond ``keep_max`` frames, if there is one.

    A strip is as old as its oldest frame, and stays if one of its frames is not too many.
    """
    each = frame_strips.c
    mine = (each.tenant_id == tenant_id, each.station_id == station_id)
    younger_count = func.sum(each.frames_count).over(order_by=each.id.desc()) - each.frames_count
    counted = select(each.id, younger_count.label("younger_count")).where(*mine).subquery()
    doomed: UUID | None = connection.scalar(
        select(counted.c.id)
        .where(or_(counted.c.id < id_at(before), counted.c.younger_count >= keep_max))
        .order_by(counted.c.id.desc())
        .limit(1)
    )
    return doomed


def prune(
    connection: Connection, tenant_id: UUID, station_id: str, *, newest: UUID, step_max: int
) -> int:
    """Delete a station's strips up to the ``newest`` that is ``overdue``; how many rows.

    At most ``step_max`` at once, so that the writer is never held up for long; repeat while it is
    that many.
    """
    each = frame_strips.c
    mine = (each.tenant_id == tenant_id, each.station_id == station_id)
    doomed = select(each.id).where(*mine, each.id <= newest).order_by(each.id).limit(step_max)
    return connection.execute(delete(frame_strips).where(*mine, each.id.in_(doomed))).rowcount
