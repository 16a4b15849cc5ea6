"""The schema: one metadata, to which functional blocks add their tables and migrations.

A block says in its ``tables.py``, for instance:

    reservations = SCHEMA.table(
        "reservations", Column("id", Id, nullable=False), ..., key=["id"],
    )
    SCHEMA.contribute(Path(__file__).parent / "migrations")

Every table has a ``tenant_id`` that is never null, and every primary or unique key and every index
begins with it: no look-up can meet a row of another tenant by accident.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)
from sqlalchemy.schema import SchemaItem

from chargeplane.runtime.store.columns import Id

__all__ = ["KEPT", "NAMES", "RISES", "SCHEMA", "TENANT", "Schema"]

TENANT = "tenant_id"
RISES: Final = {"rises": True}
"""The ``info`` of a column of ids that is the key of its table: a store that is opened makes ids
behind the newest of them, whatever the clock says (``ids``)."""
KEPT: Final = {"is_kept": True}
"""The ``info`` of a table whose rows somebody may have to show for years: a tenant that has one is
closed, and never removed (``tenants``)."""

# Constraints have names on both engines, so that a later migration can find them.
NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
_CORE = Path(__file__).parent / "migrations" / "versions"


class Schema:
    """Tables, and the folders of migrations that make them."""

    def __init__(self) -> None:
        self.metadata = MetaData(naming_convention=NAMES)
        self.versions: list[Path] = [_CORE]

    def table(
        self,
        name: str,
        *items: SchemaItem,
        key: Sequence[str] = (),
        unique: Sequence[Sequence[str]] = (),
        indexes: Sequence[Sequence[str]] = (),
        **options: Any,
    ) -> Table:
        """A table of every tenant's rows. Keys and indexes are named without the tenant."""
        tenant = Column(TENANT, Id, nullable=False)
        if name != "tenants":
            tenant.append_foreign_key(ForeignKey(f"tenants.{TENANT}"))
        return Table(
            name,
            self.metadata,
            tenant,
            *items,
            PrimaryKeyConstraint(TENANT, *key),
            *(UniqueConstraint(TENANT, *columns) for columns in unique),
            *(Index(None, TENANT, *columns) for columns in indexes),
            **options,
        )

    @property
    def rising(self) -> list[Column[UUID]]:
        """The columns that ``RISES`` says it of."""
        columns = (each for table in self.metadata.sorted_tables for each in table.columns)
        return [each for each in columns if RISES.items() <= each.info.items()]

    def contribute(self, versions: Path) -> None:
        """Add a block's folder of migrations. Twice is once."""
        if versions not in self.versions:
            self.versions.append(versions)

    def copy(self) -> Schema:
        """The same tables and folders, to which something can be added without changing these."""
        copy = Schema()
        copy.versions = list(self.versions)
        for table in self.metadata.sorted_tables:
            table.to_metadata(copy.metadata)
        return copy


SCHEMA = Schema()
"""What the program and its blocks add up to."""
