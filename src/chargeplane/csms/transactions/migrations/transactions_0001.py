"""The tables of the block transactions: the ledger, the sessions, and the ids for 1.x stations."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Exact, Id, Moment, Words

revision = "transactions_0001"
down_revision = None
branch_labels = ("transactions",)
depends_on = "core_0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "ledger",
        _tenant("ledger"),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("transaction_id", Words, nullable=False),
        sa.Column("frame_id", Id, nullable=False),
        sa.Column("is_loose", sa.Boolean, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("body", Words, nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "station_id", "transaction_id", "frame_id", name="pk_ledger"
        ),
    )
    _index("ix_ledger_loose", "ledger", "station_id", "at", where="is_loose")
    op.create_table(
        "transactions",
        _tenant("transactions"),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("session_key", Words, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("family", sa.Integer, nullable=False),
        sa.Column("wire_id", Words),
        sa.Column("evse_id", sa.Integer),
        sa.Column("connector_id", sa.Integer),
        sa.Column("id_token", Words),
        sa.Column("id_token_key", Words),
        sa.Column("id_token_type", Words),
        sa.Column("state", Words, nullable=False),
        sa.Column("charging_state", Words),
        sa.Column("started_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.Column("meter_start_wh", Exact),
        sa.Column("meter_stop_wh", Exact),
        sa.Column("energy_wh", Exact, nullable=False),
        sa.Column("stop_reason", Words),
        sa.Column("is_complete", sa.Boolean, nullable=False),
        sa.Column("is_orphan", sa.Boolean, nullable=False),
        sa.Column("remarks", Words, nullable=False),
        sa.Column("remote_start_id", Words),
        sa.Column("updated_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "station_id", "session_key", name="pk_transactions"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_transactions_tenant_id_id"),
    )
    _index("ix_transactions_station", "transactions", "station_id", "started_at")
    _index("ix_transactions_active", "transactions", "id_token_key", where="state = 'active'")
    op.create_table(
        "transaction_ids",
        _tenant("transaction_ids"),
        sa.Column("wire_id", sa.Integer, nullable=False),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("start_key", Words, nullable=False),
        sa.Column("status", Words, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "wire_id", name="pk_transaction_ids"),
        sa.UniqueConstraint(
            "tenant_id",
            "station_id",
            "start_key",
            name="uq_transaction_ids_tenant_id_station_id_start_key",
        ),
    )


def _index(name: str, table: str, *columns: str, where: str | None = None) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(
        name,
        table,
        ["tenant_id", *columns],
        sqlite_where=condition,
        postgresql_where=condition,
    )


def _tenant(table: str) -> "sa.Column[object]":
    return sa.Column(
        "tenant_id",
        Id,
        sa.ForeignKey("tenants.tenant_id", name=f"fk_{table}_tenant_id"),
        nullable=False,
    )
