"""Every row belongs to a tenant, and the migrations make what the metadata says."""

import inspect
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import PrimaryKeyConstraint, Table, UniqueConstraint

from chargeplane.runtime.store import (
    NewerDatabase,
    OlderDatabase,
    Schema,
    Settings,
    Store,
    StoreError,
    current,
    frames,
    idempotency,
    outbox,
    upgrade,
)
from chargeplane.runtime.store.migrating import connected
from chargeplane.runtime.store.schema import TENANT
from tests.runtime.store.ledger import AS_OF_A_NEWER_PROGRAM, CORE, WITH_LEDGER

TABLES = [*CORE.metadata.sorted_tables, WITH_LEDGER.metadata.tables["ledger"]]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table.name))
def test_every_key_and_index_of_a_table_begins_with_the_tenant(table: Table) -> None:
    tenant = table.c[TENANT]
    assert not tenant.nullable
    owners = {str(key.target_fullname) for key in tenant.foreign_keys}
    assert table.name == "tenants" or "tenants.tenant_id" in owners
    keys = [
        each
        for each in table.constraints
        if isinstance(each, PrimaryKeyConstraint | UniqueConstraint)
    ]
    assert keys
    for each in [*keys, *table.indexes]:
        assert next(iter(each.columns)) is tenant
    for reference in table.foreign_key_constraints:
        assert TENANT in reference.column_keys


# The units that the writer applies carry their tenant inside; everything else asks for it.
BY_ROW = {"append", "remember"}
OF_ALL_TENANTS = {"newest"}  # of ids alone, for the clock of ids


@pytest.mark.parametrize("module", [frames, idempotency, outbox], ids=lambda each: each.__name__)
def test_every_query_helper_asks_for_the_tenant(module: ModuleType) -> None:
    for name in set(module.__all__) - BY_ROW - OF_ALL_TENANTS - {"settled"}:
        helper = getattr(module, name)
        if inspect.isfunction(helper):
            assert {"tenant_id", "tenant_ids"} & set(inspect.signature(helper).parameters), name
    for name in BY_ROW & set(module.__all__):
        row = list(inspect.signature(getattr(module, name)).parameters)[1]
        assert row in {"entry", "entries", "frame", "answer"}


@pytest.mark.parametrize("schema", [CORE, WITH_LEDGER], ids=["core", "with a block"])
def test_migrations_from_empty_make_what_the_metadata_says(empty: Settings, schema: Schema) -> None:
    assert current(empty) == ()
    stands = upgrade(empty, schema)
    assert current(empty) == stands
    assert upgrade(empty, schema) == stands
    with connected(empty) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []


def test_programs_that_start_at_once_take_turns(empty: Settings) -> None:
    script = (
        "import sys\n"
        "from chargeplane.runtime.store import Settings, upgrade\n"
        "upgrade(Settings(sys.argv[1]))\n"
    )
    command = [sys.executable, "-c", script, empty.url]
    programs = [subprocess.Popen(command) for _ in range(3)]
    assert [program.wait() for program in programs] == [0, 0, 0]
    assert current(empty) == ("core_0004",)


def test_a_block_can_come_later(empty: Settings) -> None:
    assert upgrade(empty, CORE) == ("core_0004",)
    assert upgrade(empty, WITH_LEDGER) == ("core_0004", "ledger_0001")


def test_contributing_twice_is_once() -> None:
    copy = WITH_LEDGER.copy()
    copy.contribute(copy.versions[-1])
    assert copy.versions == WITH_LEDGER.versions
    assert len(CORE.versions) == 1


async def test_an_older_database_is_not_opened(empty: Settings) -> None:
    upgrade(empty, CORE)
    with pytest.raises(OlderDatabase, match="ledger_0001"):
        async with Store(empty, WITH_LEDGER):
            pass


async def test_a_newer_database_is_neither_opened_nor_changed(settings: Settings) -> None:
    with connected(settings) as connection:
        connection.execute(AS_OF_A_NEWER_PROGRAM)
    with pytest.raises(NewerDatabase, match="core_9999"):
        async with Store(settings, WITH_LEDGER):
            pass
    with pytest.raises(NewerDatabase):
        upgrade(settings, WITH_LEDGER)
    assert "core_9999" in current(settings)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/name", "what?"])
def test_an_address_that_will_not_do_is_refused_in_words(url: str) -> None:
    with pytest.raises(StoreError, match=r"SQLite|not supported|not the address"):
        upgrade(Settings(url))


def test_a_database_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "store.db"
    upgrade(Settings(f"sqlite:///{path}"))
    assert path.stat().st_mode & 0o777 == 0o600
