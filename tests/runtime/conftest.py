"""Databases for the tests: each gets a new one, of either engine, with all migrations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chargeplane.runtime.store import Settings, upgrade
from tests.runtime.postgres import Cluster
from tests.runtime.store.ledger import WITH_LEDGER


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "store.db"
    upgrade(Settings(f"sqlite:///{path}"), WITH_LEDGER)
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: Cluster) -> str:
    url = postgres.create()
    upgrade(Settings(url), WITH_LEDGER)
    return url.partition("?")[0].rpartition("/")[2]


@pytest.fixture
def empty(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """A database without a table."""
    if engine == "sqlite":
        yield Settings(f"sqlite:///{tmp_path / 'empty.db'}")
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    url = cluster.create()
    yield Settings(url)
    cluster.drop(url)


@pytest.fixture
def settings(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """A database with all tables and no rows."""
    if engine == "sqlite":
        path = tmp_path / "store.db"
        template: Path = request.getfixturevalue("sqlite_template")
        path.write_bytes(template.read_bytes())
        yield Settings(f"sqlite:///{path}")
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    url = cluster.create(request.getfixturevalue("postgres_template"))
    yield Settings(url)
    cluster.drop(url)
