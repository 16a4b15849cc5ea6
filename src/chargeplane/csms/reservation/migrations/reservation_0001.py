"""Reservations."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Id, Moment, Words

revision = "reservation_0001"
down_revision = None
branch_labels = ("reservation",)
depends_on = "core_0001"

_OPEN = sa.text("state IN ('requested', 'held')")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "reservations",
        sa.Column(
            "tenant_id",
            Id,
            sa.ForeignKey("tenants.tenant_id", name="fk_reservations_tenant_id"),
            nullable=False,
        ),
        sa.Column("id", Id, nullable=False),
        sa.Column("wire_id", sa.Integer, nullable=False),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("family", sa.Integer, nullable=False),
        sa.Column("evse_id", sa.Integer),
        sa.Column("connector_type", Words),
        sa.Column("id_token", Words, nullable=False),
        sa.Column("id_token_key", Words, nullable=False),
        sa.Column("id_token_type", Words, nullable=False),
        sa.Column("group_id", Words),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("requested_at", Moment, nullable=False),
        sa.Column("state", Words, nullable=False),
        sa.Column("status", Words),
        sa.Column("reason", Words),
        sa.Column("ended_at", Moment),
        sa.Column("transaction_id", Id),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_reservations"),
        sa.UniqueConstraint("tenant_id", "wire_id", name="uq_reservations_tenant_id_wire_id"),
    )
    op.create_index(
        "ix_reservations_tenant_id_station_id_expires_at",
        "reservations",
        ["tenant_id", "station_id", "expires_at"],
    )
    op.create_index(
        "ix_reservations_tenant_id_expires_at", "reservations", ["tenant_id", "expires_at"]
    )
    op.create_index(
        "ix_reservations_open",
        "reservations",
        ["tenant_id", "expires_at"],
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
