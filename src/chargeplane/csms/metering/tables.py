"""The table of meter values outside transactions: one row for each message, ordered by time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Column, Connection, Integer, func, select, tuple_

from chargeplane.domain.metering import MeterValue
from chargeplane.runtime.store import SCHEMA, Id, Moment, Row, Sink, Words, storable

__all__ = ["Place", "Sample", "after", "meter_values", "row"]

SCHEMA.contribute(Path(__file__).parent / "migrations")

meter_values = SCHEMA.table(
    "meter_values",
    Column("station_id", Words, nullable=False),
    Column("evse_id", Integer, nullable=False),
    Column("sampled_at", Moment, nullable=False),
    Column("frame_id", Id, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("body", Words, nullable=False),
    key=["station_id", "evse_id", "sampled_at", "frame_id"],
    sqlite_with_rowid=False,
)
"""EVSE 0: the station as a whole. ``body``: the values as JSON."""

_SINK: Final = Sink(meter_values, [each.name for each in meter_values.columns])
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[MeterValue, ...]).decode


class Place(NamedTuple):
    """Where a row stands among those of its station."""

    evse_id: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
    sampled_at: Annotated[datetime, msgspec.Meta(tz=True)]
    frame_id: UUID


class Sample(NamedTuple):
    """The values of one message."""

    evse_id: int
    sampled_at: datetime
    frame_id: UUID
    received_at: datetime
    values: tuple[MeterValue, ...]

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.evse_id, self.sampled_at, self.frame_id)


_COLUMNS: Final = [
    meter_values.c[name] for name in ("evse_id", "sampled_at", "frame_id", "received_at", "body")
]


def row(
    tenant_id: UUID,
    station_id: str,
    evse_id: int,
    sampled_at: datetime,
    frame: tuple[UUID, datetime],
    values: tuple[MeterValue, ...],
) -> Row:
    """The row of a message; ``frame`` is its frame's id and the time of its arrival."""
    body = storable(_encode(values).decode())
    return _SINK, (tenant_id, station_id, evse_id, sampled_at, *frame, body)


def after(
    connection: Connection,
    tenant_id: UUID,
    station_id: str,
    *,
    evse_id: int | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    place: Place | None = None,
    count_max: int,
) -> list[Sample]:
    """The rows of a station after a place, in the order of EVSE, time and frame.

    EVSE by EVSE, so that each step reads one stretch of the table, however long its history is.
    """
    found: list[Sample] = []
    for each in _evses(connection, tenant_id, station_id, evse_id, place[0] if place else 0):
        query = select(*_COLUMNS).where(
            meter_values.c.tenant_id == tenant_id,
            meter_values.c.station_id == station_id,
            meter_values.c.evse_id == each,
        )
        if start is not None:
            query = query.where(meter_values.c.sampled_at >= start)
        if end is not None:
            query = query.where(meter_values.c.sampled_at < end)
        if place is not None and each == place[0]:
            key = tuple_(meter_values.c.sampled_at, meter_values.c.frame_id)
            query = query.where(key > place[1:])
        order = meter_values.c.sampled_at, meter_values.c.frame_id
        rows = connection.execute(query.order_by(*order).limit(count_max - len(found)))
        found += [_sample(*each) for each in rows]
        if len(found) >= count_max:
            break
    return found


def _evses(
    connection: Connection, tenant_id: UUID, station_id: str, only: int | None, first: int
) -> Iterator[int]:
    """The EVSEs that have rows, one step in the index for each."""
    if only is not None:
        if only >= first:
            yield only
        return
    evse_id: int | None = first
    while evse_id is not None:
        evse_id = connection.scalar(
            select(func.min(meter_values.c.evse_id)).where(
                meter_values.c.tenant_id == tenant_id,
                meter_values.c.station_id == station_id,
                meter_values.c.evse_id >= evse_id,
            )
        )
        if evse_id is not None:
            yield evse_id
            evse_id += 1


def _sample(
    evse_id: int, sampled_at: datetime, frame_id: UUID, received_at: datetime, body: Any
) -> Sample:
    return Sample(evse_id, sampled_at, frame_id, received_at, _decode(body))
