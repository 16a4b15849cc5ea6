"""Whose transaction is it: those of 2.x stations by their own ids for them."""

import sqlalchemy as sa
from alembic import op

revision = "transactions_0003"
down_revision = "transactions_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index; ids of 1.x are ours and have a table."""
    of_2x = sa.text("family = 2")
    op.create_index(
        "ix_transactions_wire_id",
        "transactions",
        ["tenant_id", "wire_id"],
        sqlite_where=of_2x,
        postgresql_where=of_2x,
    )
