"""A tenant may be closed."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Moment

revision = "core_0003"
down_revision = "core_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. The tenants that are there are open."""
    op.add_column("tenants", sa.Column("closed_at", Moment))
