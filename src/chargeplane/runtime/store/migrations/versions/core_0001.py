"""The core tables: tenants, frames, outbox and idempotency keys.

A migration is a picture of its time: it repeats the tables instead of importing them, so that it
still does the same when they have moved on. A test compares the sum of all with the metadata.
"""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Id, Moment, Words

revision = "core_0001"
down_revision = None
branch_labels = ("core",)
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "tenants",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_tenants"),
    )
    op.create_table(
        "frames",
        _tenant("frames"),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("direction", Words, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("message_id", Words),
        sa.Column("text", Words, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "station_id", "id", name="pk_frames"),
    )
    op.create_table(
        "outbox",
        _tenant("outbox"),
        sa.Column("id", Id, nullable=False),
        sa.Column("topic", Words, nullable=False),
        sa.Column("payload", Words, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_outbox"),
    )
    op.create_table(
        "outbox_readers",
        _tenant("outbox_readers"),
        sa.Column("reader", Words, nullable=False),
        sa.Column("position", Id, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "reader", name="pk_outbox_readers"),
    )
    op.create_table(
        "idempotency_keys",
        _tenant("idempotency_keys"),
        sa.Column("key", Words, nullable=False),
        sa.Column("request_digest", Words, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("body", Words, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "key", name="pk_idempotency_keys"),
    )
    op.create_index(
        "ix_idempotency_keys_tenant_id_expires_at", "idempotency_keys", ["tenant_id", "expires_at"]
    )


def _tenant(table: str) -> "sa.Column[object]":
    return sa.Column(
        "tenant_id",
        Id,
        sa.ForeignKey("tenants.tenant_id", name=f"fk_{table}_tenant_id"),
        nullable=False,
    )
