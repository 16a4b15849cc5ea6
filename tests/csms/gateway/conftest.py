"""A central system with its SOAP endpoint, and stations that it knows."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.csms.options import Options
from chargeplane.csms.preferences import UnknownTokens
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.passwords import hashed_password
from chargeplane.runtime.store import Function, Store
from chargeplane.runtime.telemetry import Metrics
from tests.csms.gateway.soap_station import PASSWORD, SoapSite, quiet
from tests.csms.making import NOW, TENANT_ID


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(NOW)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def soap_central(
    sqlite_store: Store, clock: SimulatedClock, metrics: Metrics
) -> AsyncIterator[CentralSystem]:
    """Knows S1 and S2 (no password), SP (a password), and accepts every token."""

    def fill(connection: Connection) -> None:
        secret = hashed_password(PASSWORD)
        for name, profile, password in (("S1", 0, None), ("S2", 0, None), ("SP", 1, secret)):
            known = Known(TENANT_ID, name, profile, password, Registration.ACCEPTED, 0)
            register(connection, known, NOW)

    await sqlite_store.write(Function(fill))
    options = Options(unknown_tokens=UnknownTokens.ACCEPT)
    central = CentralSystem(sqlite_store, clock, options, metrics)
    await central.start()
    yield central
    await quiet(central.listener)
    await central.stop()


@pytest.fixture
async def site(soap_central: CentralSystem) -> AsyncIterator[SoapSite]:
    """With its port open."""
    site = SoapSite(soap_central)
    site.port = await soap_central.listen("127.0.0.1", 0)
    site.stations.start()
    yield site
    await site.stations.stop()
