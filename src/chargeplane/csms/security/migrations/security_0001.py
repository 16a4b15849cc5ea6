"""Security: events, and changes of credentials."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Id, Moment, Words

revision = "security_0001"
down_revision = None
branch_labels = ("security",)
depends_on = "core_0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "security_events",
        _tenant("security_events"),
        sa.Column("id", Id, nullable=False),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("type", Words, nullable=False),
        sa.Column("origin", Words, nullable=False),
        sa.Column("severity", Words, nullable=False),
        sa.Column("detail", Words),
        sa.Column("remote_host", Words),
        sa.Column("occurrences", sa.Integer, nullable=False),
        sa.Column("reported_at", Moment, nullable=False),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("frame_id", Id),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_security_events"),
    )
    op.create_index(
        "ix_security_events_tenant_id_station_id_id",
        "security_events",
        ["tenant_id", "station_id", "id"],
    )
    op.create_table(
        "credential_changes",
        _tenant("credential_changes"),
        sa.Column("id", Id, nullable=False),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("kind", Words, nullable=False),
        sa.Column("from_profile", sa.Integer, nullable=False),
        sa.Column("to_profile", sa.Integer, nullable=False),
        sa.Column("state", Words, nullable=False),
        sa.Column("reason", Words),
        sa.Column("started_at", Moment, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.Column("deadline_at", Moment),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_credential_changes"),
    )
    op.create_index(
        "ix_credential_changes_tenant_id_station_id_id",
        "credential_changes",
        ["tenant_id", "station_id", "id"],
    )
    _make_tables_of_signatures()


def _make_tables_of_signatures() -> None:
    op.create_table(
        "signing_rules",
        _tenant("signing_rules"),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("is_required", sa.Boolean, nullable=False),
        sa.Column("certificate", Words, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "station_id", name="pk_signing_rules"),
    )
    op.create_table(
        "signed_messages",
        _tenant("signed_messages"),
        sa.Column("id", Id, nullable=False),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("frame_id", Id, nullable=False),
        sa.Column("action", Words, nullable=False),
        sa.Column("verdict", Words, nullable=False),
        sa.Column("thumbprint", Words),
        sa.Column("signed", Words, nullable=False),
        sa.Column("signature", Words, nullable=False),
        sa.Column("received_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_signed_messages"),
    )
    op.create_index(
        "ix_signed_messages_tenant_id_station_id_id",
        "signed_messages",
        ["tenant_id", "station_id", "id"],
    )


def _tenant(table: str) -> "sa.Column[object]":
    return sa.Column(
        "tenant_id",
        Id,
        sa.ForeignKey("tenants.tenant_id", name=f"fk_{table}_tenant_id"),
        nullable=False,
    )
