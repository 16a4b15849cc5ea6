"""A store with the tables of all blocks, on either engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chargeplane.runtime.store import Function, Settings, Store
from tests.csms.making import make_tenant
from tests.databases import copy_of


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    """On both engines."""
    async with Store(settings) as store:
        await store.write(Function(make_tenant))
        yield store


@pytest.fixture
async def sqlite_store(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Store]:
    """On SQLite alone, for what does not depend on the engine."""
    async with Store(copy_of(sqlite_template, tmp_path)) as store:
        await store.write(Function(make_tenant))
        yield store
