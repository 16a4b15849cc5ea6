"""The tables of all blocks together are what their migrations make."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import PrimaryKeyConstraint, Table, UniqueConstraint

from chargeplane import csms
from chargeplane.runtime.store import SCHEMA, Settings
from chargeplane.runtime.store.migrating import connected
from chargeplane.runtime.store.schema import TENANT

for _each in pkgutil.iter_modules(csms.__path__, "chargeplane.csms."):
    import_module(_each.name)


def test_migrations_make_what_the_metadata_of_all_blocks_says(settings: Settings) -> None:
    with connected(settings) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SCHEMA.metadata) == []


def test_every_block_with_migrations_contributes_them() -> None:
    folders = {each.parent.name for each in SCHEMA.versions if each.name == "migrations"}
    assert {"csms", "provisioning", "transactions"} <= folders


@pytest.mark.parametrize("table", SCHEMA.metadata.sorted_tables, ids=lambda table: str(table.name))
def test_every_key_and_index_of_every_table_begins_with_the_tenant(table: Table) -> None:
    keys = [
        each
        for each in table.constraints
        if isinstance(each, PrimaryKeyConstraint | UniqueConstraint)
    ]
    assert keys
    for each in [*keys, *table.indexes]:
        assert next(iter(each.columns)) is table.c[TENANT]
