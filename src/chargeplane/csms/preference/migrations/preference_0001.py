"""Preferences: what a tenant has chosen for itself."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Id, Moment, Words

revision = "preference_0001"
down_revision = None
branch_labels = ("preference",)
depends_on = "core_0001"


def upgrade() -> None:
    """Make the table."""
    tenant = sa.ForeignKey("tenants.tenant_id", name="fk_preferences_tenant_id")
    op.create_table(
        "preferences",
        sa.Column("tenant_id", Id, tenant, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("value", Words, nullable=False),
        sa.Column("changed_by", Words, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "name", name="pk_preferences"),
    )
