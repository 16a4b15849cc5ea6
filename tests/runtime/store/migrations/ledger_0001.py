"""The table of the tests."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Exact, Id, Moment, Words

revision = "ledger_0001"
down_revision = None
branch_labels = ("ledger",)
depends_on = "core_0001"


def upgrade() -> None:
    op.create_table(
        "ledger",
        sa.Column(
            "tenant_id",
            Id,
            sa.ForeignKey("tenants.tenant_id", name="fk_ledger_tenant_id"),
            nullable=False,
        ),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("follows", sa.Integer),
        sa.Column("amount", Exact),
        sa.Column("at", Moment),
        sa.Column("note", Words),
        sa.Column("event_id", Id),
        sa.PrimaryKeyConstraint("tenant_id", "station_id", "seq", name="pk_ledger"),
        sa.UniqueConstraint("tenant_id", "event_id", name="uq_ledger_tenant_id_event_id"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "station_id", "follows"],
            ["ledger.tenant_id", "ledger.station_id", "ledger.seq"],
            name="fk_ledger_tenant_id_station_id_follows",
            deferrable=True,
            initially="DEFERRED",
        ),
    )
