"""Logs that stations were asked for."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Id, Moment, Words

revision = "diagnostics_0001"
down_revision = None
branch_labels = ("diagnostics",)
depends_on = "core_0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "log_requests",
        sa.Column(
            "tenant_id",
            Id,
            sa.ForeignKey("tenants.tenant_id", name="fk_log_requests_tenant_id"),
            nullable=False,
        ),
        sa.Column("id", Id, nullable=False),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("kind", Words, nullable=False),
        sa.Column("request_id", sa.Integer),
        sa.Column("oldest_at", Moment),
        sa.Column("latest_at", Moment),
        sa.Column("state", Words, nullable=False),
        sa.Column("status", Words),
        sa.Column("reason", Words),
        sa.Column("file_name", Words),
        sa.Column("file_id", Id, nullable=False),
        sa.Column("requested_at", Moment, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_log_requests"),
    )
    op.create_index(
        "ix_log_requests_tenant_id_station_id_id", "log_requests", ["tenant_id", "station_id", "id"]
    )
