"""Sites."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Id, Moment, Words

revision = "site_0001"
down_revision = None
branch_labels = ("site",)
depends_on = "core_0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "sites",
        sa.Column(
            "tenant_id",
            Id,
            sa.ForeignKey("tenants.tenant_id", name="fk_sites_tenant_id"),
            nullable=False,
        ),
        sa.Column("id", Words, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("address", Words),
        sa.Column("latitude", sa.Float),
        sa.Column("longitude", sa.Float),
        sa.Column("time_zone", Words),
        sa.Column("note", Words),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_sites"),
    )
