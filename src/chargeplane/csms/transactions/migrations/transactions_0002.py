"""Corrections of transactions."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Id, Moment, Words

revision = "transactions_0002"
down_revision = "transactions_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "transaction_corrections",
        sa.Column(
            "tenant_id",
            Id,
            sa.ForeignKey("tenants.tenant_id", name="fk_transaction_corrections_tenant_id"),
            nullable=False,
        ),
        sa.Column("transaction_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("by_id", Id, nullable=False),
        sa.Column("by_name", Words, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("reason", Words, nullable=False),
        sa.Column("changes", Words, nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "transaction_id", "id", name="pk_transaction_corrections"
        ),
    )
