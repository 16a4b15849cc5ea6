"""Where the databases of these tests are; the server makes the tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from chargeplane.runtime.store import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(f"sqlite:///{tmp_path / 'chargeplane.db'}")
