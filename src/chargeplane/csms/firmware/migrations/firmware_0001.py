"""Firmware: images, and the updates of stations."""

import sqlalchemy as sa
from alembic import op

from chargeplane.runtime.store.columns import Id, Moment, Words

revision = "firmware_0001"
down_revision = None
branch_labels = ("firmware",)
depends_on = "core_0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "firmware_images",
        _tenant("firmware_images"),
        sa.Column("id", Id, nullable=False),
        sa.Column("firmware_version", Words, nullable=False),
        sa.Column("vendor", Words),
        sa.Column("model", Words),
        sa.Column("note", Words),
        sa.Column("signature", Words),
        sa.Column("signing_certificate", Words),
        sa.Column("signer", Words),
        sa.Column("signer_until", Moment),
        sa.Column("kept", Words),
        sa.Column("size_bytes", sa.BigInteger),
        sa.Column("sha256", Words),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_firmware_images"),
    )
    op.create_table(
        "firmware_updates",
        _tenant("firmware_updates"),
        sa.Column("id", Id, nullable=False),
        sa.Column("campaign_id", Id),
        sa.Column("station_id", Words, nullable=False),
        sa.Column("image_id", Id, nullable=False),
        sa.Column("firmware_version", Words, nullable=False),
        sa.Column("version_before", Words),
        sa.Column("request_id", sa.Integer),
        sa.Column("is_signed", sa.Boolean),
        sa.Column("retrieve_at", Moment, nullable=False),
        sa.Column("install_at", Moment),
        sa.Column("until_at", Moment, nullable=False),
        sa.Column("retries", sa.Integer, nullable=False),
        sa.Column("retry_interval_s", sa.Integer),
        sa.Column("state", Words, nullable=False),
        sa.Column("status", Words),
        sa.Column("reason", Words),
        sa.Column("file_id", Id),
        sa.Column("requested_at", Moment, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_firmware_updates"),
    )
    for columns in (["station_id", "id"], ["campaign_id", "id"], ["state", "until_at"]):
        op.create_index(
            f"ix_firmware_updates_tenant_id_{'_'.join(columns)}",
            "firmware_updates",
            ["tenant_id", *columns],
        )


def _tenant(table: str) -> "sa.Column[object]":
    return sa.Column(
        "tenant_id",
        Id,
        sa.ForeignKey("tenants.tenant_id", name=f"fk_{table}_tenant_id"),
        nullable=False,
    )
