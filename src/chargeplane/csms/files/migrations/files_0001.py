"""Files of stations."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Id, Moment, Words

revision = "files_0001"
down_revision = None
branch_labels = ("files",)
depends_on = "core_0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "file_grants",
        sa.Column(
            "tenant_id",
            Id,
            sa.ForeignKey("tenants.tenant_id", name="fk_file_grants_tenant_id"),
            nullable=False,
        ),
        sa.Column("id", Id, nullable=False),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("direction", Words, nullable=False),
        sa.Column("purpose", Words, nullable=False),
        sa.Column("token_hash", Words, nullable=False),
        sa.Column("uses_left", sa.Integer, nullable=False),
        sa.Column("size_bytes_max", sa.BigInteger, nullable=False),
        sa.Column("size_bytes", sa.BigInteger),
        sa.Column("sha256", Words),
        sa.Column("remote_host", Words),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("done_at", Moment),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_file_grants"),
    )
    op.create_index(
        "ix_file_grants_tenant_id_station_id_id", "file_grants", ["tenant_id", "station_id", "id"]
    )
