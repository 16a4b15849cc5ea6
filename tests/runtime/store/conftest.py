"""An open store on either engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event

from chargeplane.runtime.store import Function, Settings, Store
from tests import databases
from tests.runtime.postgres import Cluster
from tests.runtime.store.ledger import WITH_LEDGER, make_tenant


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the tables of the store alone, and of a block that only the tests have."""
    return databases.sqlite_template(tmp_path_factory.mktemp("template"), WITH_LEDGER)


@pytest.fixture(scope="session")
def postgres_template(postgres: Cluster) -> str:
    return databases.postgres_template(postgres, WITH_LEDGER)


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    async with Store(settings, WITH_LEDGER) as store:
        await store.write(Function(make_tenant))
        yield store


@pytest.fixture
def commits() -> Iterator[list[None]]:
    """One item for each commit of any engine of this process."""
    seen: list[None] = []

    def note(connection: Connection) -> None:
        seen.append(None)

    event.listen(Engine, "commit", note)
    yield seen
    event.remove(Engine, "commit", note)
