"""What variables have been, and what they shall be."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Id, Moment, Words

revision = "provisioning_0003"
down_revision = "provisioning_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "variable_changes",
        _tenant("variable_changes"),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("key", Words, nullable=False),
        sa.Column("component", Words),
        sa.Column("component_instance", Words),
        sa.Column("evse_id", sa.Integer),
        sa.Column("connector_id", sa.Integer),
        sa.Column("name", Words, nullable=False),
        sa.Column("instance", Words),
        sa.Column("attribute", Words, nullable=False),
        sa.Column("before", Words),
        sa.Column("value", Words),
        sa.Column("source", Words, nullable=False),
        sa.Column("by_name", Words),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "station_id", "id", name="pk_variable_changes"),
    )
    op.create_table(
        "variable_templates",
        _tenant("variable_templates"),
        sa.Column("id", Id, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("station_id", Words),
        sa.Column("site_id", Words),
        sa.Column("vendor", Words),
        sa.Column("model", Words),
        sa.Column("wanted", Words, nullable=False),
        sa.Column("changed_by", Words, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_variable_templates"),
    )


def _tenant(table: str) -> "sa.Column[object]":
    return sa.Column(
        "tenant_id",
        Id,
        sa.ForeignKey("tenants.tenant_id", name=f"fk_{table}_tenant_id"),
        nullable=False,
    )
