"""A central system on a clock that is moved by hand, for one story."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.options import Options
from chargeplane.csms.preferences import UnknownTokens
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import Function, Store
from tests.csms.making import NOW, make_tenant
from tests.databases import copy_of


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(NOW)


@pytest.fixture
async def central(
    sqlite_template: Path, tmp_path: Path, clock: SimulatedClock
) -> AsyncIterator[CentralSystem]:
    """Knows no station, and accepts every token."""
    async with Store(copy_of(sqlite_template, tmp_path)) as store:
        await store.write(Function(make_tenant))
        options = Options(unknown_tokens=UnknownTokens.ACCEPT, loopback_allowed=True)
        central = CentralSystem(store, clock, options)
        await central.start()
        yield central
        await central.stop()
