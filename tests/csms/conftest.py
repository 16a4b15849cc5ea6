"""A store with the tables of all blocks, on either engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

import chargeplane.csms.central  # noqa: F401  (all tables of all blocks)
from chargeplane.runtime.store import Function, Settings, Store, upgrade
from tests.csms.making import make_tenant
from tests.runtime.postgres import Cluster


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "store.db"
    upgrade(Settings(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: Cluster) -> str:
    url = postgres.create()
    upgrade(Settings(url))
    return url.partition("?")[0].rpartition("/")[2]


@pytest.fixture
def settings(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """A database with all tables and no rows."""
    if engine == "sqlite":
        yield sqlite_copy(request.getfixturevalue("sqlite_template"), tmp_path)
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    url = cluster.create(request.getfixturevalue("postgres_template"))
    yield Settings(url)
    cluster.drop(url)


def sqlite_copy(template: Path, folder: Path) -> Settings:
    path = folder / "store.db"
    path.write_bytes(template.read_bytes())
    return Settings(f"sqlite:///{path}")


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    """On both engines."""
    async with Store(settings) as store:
        await store.write(Function(make_tenant))
        yield store


@pytest.fixture
async def sqlite_store(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Store]:
    """On SQLite alone, for what does not depend on the engine."""
    async with Store(sqlite_copy(sqlite_template, tmp_path)) as store:
        await store.write(Function(make_tenant))
        yield store
