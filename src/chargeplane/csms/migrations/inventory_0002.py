"""The inventory: at which host a station that speaks SOAP is registered to listen."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Words

revision = "inventory_0002"
down_revision = "inventory_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. The stations that are there have none."""
    op.add_column("stations", sa.Column("soap_host", Words))
