"""Addresses for files that are kept for many stations."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Words

revision = "files_0002"
down_revision = "files_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what an address is for, where the file is not its own."""
    op.add_column("file_grants", sa.Column("kept", Words))
