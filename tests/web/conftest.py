"""The application on a new SQLite database, on a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import Settings
from tests.databases import copy_of
from tests.web.serving import Serving, serving

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def settings(sqlite_template: Path, tmp_path: Path) -> Settings:
    return copy_of(sqlite_template, tmp_path)


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(NOW)


@pytest.fixture
async def rest(settings: Settings, clock: SimulatedClock) -> AsyncIterator[Serving]:
    async with serving(settings, clock) as served:
        yield served
