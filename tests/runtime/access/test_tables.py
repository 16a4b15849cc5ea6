"""The migration of the accounts makes what the metadata says, and a token is found by an index."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.dialects import sqlite

from chargeplane.runtime.access.tables import bearer_query
from chargeplane.runtime.store import SCHEMA, Settings, Store, upgrade
from chargeplane.runtime.store.migrating import connected
from tests.runtime.access.conftest import NOW

LITERALS = {"literal_binds": True}


def test_migrations_make_what_the_metadata_says(empty: Settings) -> None:
    upgrade(empty)
    with connected(empty) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SCHEMA.metadata) == []


# SQLite alone: PostgreSQL's plan depends on how many rows there are.
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_look_up_of_a_token_steps_into_the_index_of_each_tenant(bare: Store) -> None:
    query = bearer_query("x", NOW, NOW).compile(dialect=sqlite.dialect(), compile_kwargs=LITERALS)

    def plan(connection: Connection) -> str:
        return repr(connection.execute(text(f"EXPLAIN QUERY PLAN {query}")).fetchall())

    told = await bare.read(plan)
    assert "SEARCH api_tokens USING INDEX" in told
    assert "SCAN api_tokens" not in told
