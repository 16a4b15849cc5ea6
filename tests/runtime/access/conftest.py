"""Accounts on a new database of either engine. Passwords are hashed cheaply."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from argon2 import PasswordHasher

from chargeplane.runtime.access import Accounts
from chargeplane.runtime.access.credentials import Passwords
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import Function, Settings, Store, tenants

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TENANT_ID = tenants.DEFAULT_TENANT_ID


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(NOW)


@pytest.fixture
async def bare(settings: Settings) -> AsyncIterator[Store]:
    """A store without a row."""
    async with Store(settings) as store:
        yield store


@pytest.fixture
async def store(bare: Store) -> Store:
    await bare.write(Function(lambda c: tenants.ensure(c, TENANT_ID, "default", NOW)))
    return bare


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def accounts(store: Store, clock: SimulatedClock, passwords: Passwords) -> Accounts:
    return Accounts(store, clock, passwords)
