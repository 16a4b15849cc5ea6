"""The block, on both engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from chargeplane.runtime.store import Store
from tests.csms.firmware.making import Works, works_at


@pytest.fixture
async def works(store: Store, tmp_path: Path) -> Works:
    return await works_at(store, tmp_path / "files")


@pytest.fixture
async def lite(sqlite_store: Store, tmp_path: Path) -> Works:
    """On SQLite alone, for what does not depend on the engine."""
    return await works_at(sqlite_store, tmp_path / "files")
