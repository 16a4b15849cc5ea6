"""Firmware: roots of manufacturers, and where the signers of images lead to."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Id, Moment, Words

revision = "firmware_0002"
down_revision = "firmware_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and the columns."""
    op.create_table(
        "firmware_roots",
        sa.Column(
            "tenant_id",
            Id,
            sa.ForeignKey("tenants.tenant_id", name="fk_firmware_roots_tenant_id"),
            nullable=False,
        ),
        sa.Column("fingerprint", Words, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("vendor", Words),
        sa.Column("note", Words),
        sa.Column("certificate", Words, nullable=False),
        sa.Column("not_after", Moment, nullable=False),
        sa.Column("added_at", Moment, nullable=False),
        sa.Column("added_by", Words, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "fingerprint", name="pk_firmware_roots"),
    )
    for name in ("intermediates", "root_fingerprint", "root_name", "proof_fault", "accepted_by"):
        op.add_column("firmware_images", sa.Column(name, Words))
    op.add_column("firmware_images", sa.Column("proven_at", Moment))
