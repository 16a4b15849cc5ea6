"""Certificates: stations that may come with one that has ended or is the factory's."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Id, Moment, Words

revision = "certificates_0003"
down_revision = "certificates_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "renewal_allowances",
        sa.Column(
            "tenant_id",
            Id,
            sa.ForeignKey("tenants.tenant_id", name="fk_renewal_allowances_tenant_id"),
            nullable=False,
        ),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("until", Moment, nullable=False),
        sa.Column("serial_number", Words),
        sa.Column("allowed_by", Words, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "station_id", name="pk_renewal_allowances"),
    )
