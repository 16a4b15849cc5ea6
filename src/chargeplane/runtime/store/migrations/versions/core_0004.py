"""The frames of a station that were written together share a row of the flight recorder."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Deflated, Id, Moment, Words

revision = "core_0004"
down_revision = "core_0003"
branch_labels = None
depends_on = None

_ROWS_AT_ONCE = 1_000
_STRIP_FRAMES_MAX = 64
_STRIP_MS_MAX = 5_000

_OLD = sa.table(
    "frames",
    sa.column("tenant_id", Id),
    sa.column("station_id", Words),
    sa.column("id", Id),
    sa.column("direction", Words),
    sa.column("at", Moment),
    sa.column("epoch", sa.Integer),
    sa.column("message_id", Words),
    sa.column("text", Words),
    sa.column("answered_at", Moment),
    sa.column("answer", Words),
)


def upgrade() -> None:
    """Put the frames that are there on strips."""
    new = op.create_table(
        "frame_strips",
        sa.Column(
            "tenant_id",
            Id,
            sa.ForeignKey("tenants.tenant_id", name="fk_frame_strips_tenant_id"),
            nullable=False,
        ),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("frames_count", sa.Integer, nullable=False),
        sa.Column("shots", Deflated, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "station_id", "id", name="pk_frame_strips"),
    )
    connection = op.get_bind()
    order = _OLD.c.tenant_id, _OLD.c.station_id, _OLD.c.id
    after: tuple[Any, ...] | None = None
    while True:
        query = sa.select(_OLD).order_by(*order).limit(_ROWS_AT_ONCE)
        if after is not None:
            query = query.where(sa.tuple_(*order) > sa.tuple_(*after))
        rows = connection.execute(query).all()
        if not rows:
            break
        connection.execute(sa.insert(new), [*_strips(rows)])
        last = rows[-1]
        after = tuple(
            sa.literal(value, column.type)
            for value, column in zip((last.tenant_id, last.station_id, last.id), order, strict=True)
        )
    op.drop_table("frames")


def _strips(rows: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Rows of the new table from rows of the old one, which are in the order of their keys."""
    for (tenant_id, station_id), mine in groupby(rows, lambda row: (row.tenant_id, row.station_id)):
        some: list[Any] = []
        for row in mine:
            is_late = some and (row.id.int >> 80) - (some[0].id.int >> 80) > _STRIP_MS_MAX
            if is_late or len(some) == _STRIP_FRAMES_MAX:
                yield _strip(tenant_id, station_id, some)
                some = []
            some.append(row)
        yield _strip(tenant_id, station_id, some)


def _strip(tenant_id: Any, station_id: str, rows: list[Any]) -> dict[str, Any]:
    shots = [tuple(row)[2:] for row in rows]
    return {
        "tenant_id": tenant_id,
        "station_id": station_id,
        "id": rows[0].id,
        "frames_count": len(rows) + sum(row.answer is not None for row in rows),
        "shots": msgspec.msgpack.Encoder(uuid_format="bytes").encode(shots),
    }
