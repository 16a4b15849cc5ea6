"""The audit log."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Id, Moment, Words

revision = "audit_0001"
down_revision = None
branch_labels = ("audit",)
depends_on = "core_0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "audit_log",
        _tenant("audit_log"),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("actor_kind", Words, nullable=False),
        sa.Column("actor_id", Words, nullable=False),
        sa.Column("actor_name", Words, nullable=False),
        sa.Column("source", Words, nullable=False),
        sa.Column("action", Words, nullable=False),
        sa.Column("target", Words, nullable=False),
        sa.Column("reason", Words, nullable=False),
        sa.Column("details", Words, nullable=False),
        sa.Column("previous", Words, nullable=False),
        sa.Column("digest", Words, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "seq", name="pk_audit_log"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_audit_log_tenant_id_id"),
    )
    op.create_index("ix_audit_log_tenant_id_at", "audit_log", ["tenant_id", "at"])
    op.create_table(
        "audit_heads",
        _tenant("audit_heads"),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("digest", Words, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_audit_heads"),
    )


def _tenant(table: str) -> "sa.Column[object]":
    return sa.Column(
        "tenant_id",
        Id,
        sa.ForeignKey("tenants.tenant_id", name=f"fk_{table}_tenant_id"),
        nullable=False,
    )
