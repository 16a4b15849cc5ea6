"""The log of commands."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Id, Moment, Words

revision = "provisioning_0002"
down_revision = "provisioning_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "commands",
        sa.Column(
            "tenant_id",
            Id,
            sa.ForeignKey("tenants.tenant_id", name="fk_commands_tenant_id"),
            nullable=False,
        ),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("parameters", Words, nullable=False),
        sa.Column("by_id", Id, nullable=False),
        sa.Column("by_name", Words, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.Column("outcome", Words),
        sa.Column("status", Words),
        sa.Column("reason", Words),
        sa.PrimaryKeyConstraint("tenant_id", "station_id", "id", name="pk_commands"),
    )
