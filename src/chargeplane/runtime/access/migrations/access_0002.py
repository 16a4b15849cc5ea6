"""Limits of users and tokens, use of tokens, second factors, steps of a log-in."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Id, Moment, Words

revision = "access_0002"
down_revision = "access_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and make the tables."""
    op.add_column("users", sa.Column("sites", Words))
    op.add_column("users", sa.Column("second_factor_at", Moment))
    for name, kind in (
        ("sites", Words),
        ("permissions", Words),
        ("last_used_at", Moment),
        ("source", Words),
        ("agent", Words),
    ):
        op.add_column("api_tokens", sa.Column(name, kind))
    _make_subjects()
    _make_factors()
    _make_challenges()


def _make_subjects() -> None:
    op.create_table(
        "user_subjects",
        _tenant("user_subjects"),
        sa.Column("subject", Words, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "subject", name="pk_user_subjects"),
        _user("user_subjects"),
    )
    op.create_index("ix_user_subjects_tenant_id_user_id", "user_subjects", ["tenant_id", "user_id"])


def _make_factors() -> None:
    op.create_table(
        "factors",
        _tenant("factors"),
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("kind", Words, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("handle", Words, nullable=False),
        sa.Column("content", Words, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("confirmed_at", Moment),
        sa.Column("last_used_at", Moment),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_factors"),
        _user("factors"),
    )
    op.create_index("ix_factors_tenant_id_user_id_id", "factors", ["tenant_id", "user_id", "id"])
    op.create_index("ix_factors_tenant_id_handle", "factors", ["tenant_id", "handle"])


def _make_challenges() -> None:
    op.create_table(
        "challenges",
        _tenant("challenges"),
        sa.Column("digest", Words, nullable=False),
        sa.Column("purpose", Words, nullable=False),
        sa.Column("user_id", Id),
        sa.Column("content", Words, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "digest", name="pk_challenges"),
    )
    op.create_index("ix_challenges_tenant_id_expires_at", "challenges", ["tenant_id", "expires_at"])


def _tenant(table: str) -> "sa.Column[object]":
    return sa.Column(
        "tenant_id",
        Id,
        sa.ForeignKey("tenants.tenant_id", name=f"fk_{table}_tenant_id"),
        nullable=False,
    )


def _user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "user_id"],
        ["users.tenant_id", "users.id"],
        name=f"fk_{table}_tenant_id_user_id",
    )
