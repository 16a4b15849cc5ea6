"""The day book: entries of the ledger in the order of their arrival, until they are posted."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Id, Moment, Words

revision = "transactions_0004"
down_revision = "transactions_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "ledger_daybook",
        sa.Column(
            "tenant_id",
            Id,
            sa.ForeignKey("tenants.tenant_id", name="fk_ledger_daybook_tenant_id"),
            nullable=False,
        ),
        sa.Column("frame_id", Id, nullable=False),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("transaction_id", Words, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("body", Words, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "frame_id", name="pk_ledger_daybook"),
        sqlite_with_rowid=False,
    )
