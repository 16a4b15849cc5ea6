"""Certificates: which station has which root of ours."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Id, Moment, Words

revision = "certificates_0002"
down_revision = "certificates_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "root_deliveries",
        sa.Column(
            "tenant_id",
            Id,
            sa.ForeignKey("tenants.tenant_id", name="fk_root_deliveries_tenant_id"),
            nullable=False,
        ),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("fingerprint", Words, nullable=False),
        sa.Column("state", Words, nullable=False),
        sa.Column("asked_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "station_id", name="pk_root_deliveries"),
    )
