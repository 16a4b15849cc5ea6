"""The inventory: stations, their connectors, and who tried to connect without being one."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Id, Moment, Words

revision = "inventory_0001"
down_revision = None
branch_labels = ("inventory",)
depends_on = "core_0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "stations",
        _tenant("stations"),
        sa.Column("id", Words, nullable=False),
        sa.Column("name", Words),
        sa.Column("site_id", Words),
        sa.Column("vendor", Words),
        sa.Column("model", Words),
        sa.Column("serial_number", Words),
        sa.Column("firmware_version", Words),
        sa.Column("ocpp_version", Words),
        sa.Column("transport", Words),
        sa.Column("security_profile", sa.Integer, nullable=False),
        sa.Column("password_hash", Words),
        sa.Column("next_security_profile", sa.Integer),
        sa.Column("next_password_hash", Words),
        sa.Column("registration", Words, nullable=False),
        sa.Column("ping_interval_s", sa.Integer),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("last_seen_at", Moment),
        sa.Column("booted_at", Moment),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_stations"),
    )
    op.create_table(
        "connectors",
        _tenant("connectors"),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("evse_id", sa.Integer, nullable=False),
        sa.Column("connector_id", sa.Integer, nullable=False),
        sa.Column("status", Words, nullable=False),
        sa.Column("error_code", Words),
        sa.Column("info", Words),
        sa.Column("vendor_error_code", Words),
        sa.Column("reported_at", Moment, nullable=False),
        sa.Column("received_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "station_id", "evse_id", "connector_id", name="pk_connectors"
        ),
    )
    op.create_table(
        "unknown_stations",
        _tenant("unknown_stations"),
        sa.Column("id", Words, nullable=False),
        sa.Column("remote_host", Words, nullable=False),
        sa.Column("subprotocols", Words, nullable=False),
        sa.Column("reason", Words, nullable=False),
        sa.Column("first_seen_at", Moment, nullable=False),
        sa.Column("last_seen_at", Moment, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_unknown_stations"),
    )


def _tenant(table: str) -> "sa.Column[object]":
    return sa.Column(
        "tenant_id",
        Id,
        sa.ForeignKey("tenants.tenant_id", name=f"fk_{table}_tenant_id"),
        nullable=False,
    )
