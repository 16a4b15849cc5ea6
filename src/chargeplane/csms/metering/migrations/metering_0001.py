"""Metering: meter values outside transactions."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Id, Moment, Words

revision = "metering_0001"
down_revision = None
branch_labels = ("metering",)
depends_on = "core_0001"


def upgrade() -> None:
    """Make the table, on SQLite in the order of its key."""
    op.create_table(
        "meter_values",
        sa.Column(
            "tenant_id",
            Id,
            sa.ForeignKey("tenants.tenant_id", name="fk_meter_values_tenant_id"),
            nullable=False,
        ),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("evse_id", sa.Integer, nullable=False),
        sa.Column("sampled_at", Moment, nullable=False),
        sa.Column("frame_id", Id, nullable=False),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("body", Words, nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id",
            "station_id",
            "evse_id",
            "sampled_at",
            "frame_id",
            name="pk_meter_values",
        ),
        sqlite_with_rowid=False,
    )
