"""Authorization: id tokens."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Id, Moment, Words

revision = "authorization_0001"
down_revision = None
branch_labels = ("authorization",)
depends_on = "core_0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "id_tokens",
        sa.Column(
            "tenant_id",
            Id,
            sa.ForeignKey("tenants.tenant_id", name="fk_id_tokens_tenant_id"),
            nullable=False,
        ),
        sa.Column("key", Words, nullable=False),
        sa.Column("value", Words, nullable=False),
        sa.Column("type", Words, nullable=False),
        sa.Column("status", Words, nullable=False),
        sa.Column("group_id", Words),
        sa.Column("expires_at", Moment),
        sa.Column("transactions_max", sa.Integer, nullable=False),
        sa.Column("station_ids", Words),
        sa.Column("note", Words),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("first_seen_at", Moment),
        sa.Column("last_seen_at", Moment),
        sa.Column("last_seen_station_id", Words),
        sa.PrimaryKeyConstraint("tenant_id", "key", name="pk_id_tokens"),
    )
    op.create_index(
        "ix_id_tokens_tenant_id_status_key", "id_tokens", ["tenant_id", "status", "key"]
    )
