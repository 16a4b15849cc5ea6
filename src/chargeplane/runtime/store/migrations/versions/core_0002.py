"""A call and its answer may share a row of the flight recorder."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Moment, Words

revision = "core_0002"
down_revision = "core_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns of the answer. The rows that are there have none."""
    op.add_column("frames", sa.Column("answered_at", Moment))
    op.add_column("frames", sa.Column("answer", Words))
