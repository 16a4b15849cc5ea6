"""Certificates: those that we have issued, and those that stations have installed."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Id, Moment, Words

revision = "certificates_0001"
down_revision = None
branch_labels = ("certificates",)
depends_on = "core_0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "certificates",
        _tenant("certificates"),
        sa.Column("fingerprint", Words, nullable=False),
        sa.Column("serial_number", Words, nullable=False),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("purpose", Words, nullable=False),
        sa.Column("common_name", Words, nullable=False),
        sa.Column("state", Words, nullable=False),
        sa.Column("reason", Words),
        sa.Column("chain", Words, nullable=False),
        sa.Column("not_before", Moment, nullable=False),
        sa.Column("not_after", Moment, nullable=False),
        sa.Column("issued_at", Moment, nullable=False),
        sa.Column("revoked_at", Moment),
        sa.Column("renewal_asked_at", Moment),
        sa.PrimaryKeyConstraint("tenant_id", "fingerprint", name="pk_certificates"),
    )
    op.create_index(
        "ix_certificates_tenant_id_station_id_issued_at",
        "certificates",
        ["tenant_id", "station_id", "issued_at"],
    )
    op.create_index(
        "ix_certificates_tenant_id_serial_number", "certificates", ["tenant_id", "serial_number"]
    )
    op.create_table(
        "installed_certificates",
        _tenant("installed_certificates"),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("use", Words, nullable=False),
        sa.Column("hash_algorithm", Words, nullable=False),
        sa.Column("issuer_name_hash", Words, nullable=False),
        sa.Column("issuer_key_hash", Words, nullable=False),
        sa.Column("serial_number", Words, nullable=False),
        sa.Column("reported_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id",
            "station_id",
            "use",
            "issuer_key_hash",
            "serial_number",
            name="pk_installed_certificates",
        ),
    )


def _tenant(table: str) -> "sa.Column[object]":
    return sa.Column(
        "tenant_id",
        Id,
        sa.ForeignKey("tenants.tenant_id", name=f"fk_{table}_tenant_id"),
        nullable=False,
    )
