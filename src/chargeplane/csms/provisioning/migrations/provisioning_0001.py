"""What stations have reported of their device model."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Id, Moment, Words

revision = "provisioning_0001"
down_revision = None
branch_labels = ("provisioning",)
depends_on = "core_0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "variables",
        _tenant("variables"),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("key", Words, nullable=False),
        sa.Column("component", Words),
        sa.Column("component_instance", Words),
        sa.Column("evse_id", sa.Integer),
        sa.Column("connector_id", sa.Integer),
        sa.Column("name", Words, nullable=False),
        sa.Column("instance", Words),
        sa.Column("attribute", Words, nullable=False),
        sa.Column("value", Words),
        sa.Column("mutability", Words),
        sa.Column("data_type", Words),
        sa.Column("unit", Words),
        sa.Column("minimum", Words),
        sa.Column("maximum", Words),
        sa.Column("choices", Words),
        sa.Column("reported_at", Moment, nullable=False),
        sa.Column("received_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "station_id", "key", name="pk_variables"),
    )
    op.create_table(
        "variable_reports",
        _tenant("variable_reports"),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("request_id", sa.Integer, nullable=False),
        sa.Column("base", Words, nullable=False),
        sa.Column("requested_at", Moment, nullable=False),
        sa.Column("parts_count", sa.Integer, nullable=False),
        sa.Column("completed_at", Moment),
        sa.PrimaryKeyConstraint(
            "tenant_id", "station_id", "request_id", name="pk_variable_reports"
        ),
    )


def _tenant(table: str) -> "sa.Column[object]":
    return sa.Column(
        "tenant_id",
        Id,
        sa.ForeignKey("tenants.tenant_id", name=f"fk_{table}_tenant_id"),
        nullable=False,
    )
