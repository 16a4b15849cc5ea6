"""1.6 stations repeat old starts (row 62 of the quirks), also while a remote start waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
from sqlalchemy import select

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.csms.transactions.tables import transactions
from chargeplane.domain.commands import Accepted, StartCharging
from chargeplane.domain.tokens import IdToken
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import Function, Store
from tests.csms.driving import Driver, driving
from tests.csms.making import NOW, TENANT_ID

BOOT = {"chargePointVendor": "Acme", "chargePointModel": "One"}
OLD_START = {"connectorId": 1, "idTag": "ABC", "meterStart": 0, "timestamp": "2026-11-21T11:00:00Z"}
NEW_START = OLD_START | {"meterStart": 10, "timestamp": "2026-11-21T11:50:00Z"}


@pytest.fixture
async def central(sqlite_store: Store) -> AsyncIterator[CentralSystem]:
    known = Known(TENANT_ID, "CP1", 0, None, Registration.ACCEPTED, 0)
    await sqlite_store.write(Function(partial(register, known=known, now=NOW)))
    central = CentralSystem(sqlite_store, SimulatedClock(NOW))
    await central.start()
    yield central
    await central.stop()


async def remotely_started(central: CentralSystem, station: Driver) -> str:
    wish = StartCharging(id_token=IdToken("ABC"), evse_id=1)
    sending = asyncio.create_task(central.send(TENANT_ID, "CP1", wish))
    asked = await station.hear()
    station.say(3, asked[1], {"status": "Accepted"})
    outcome = await sending
    assert isinstance(outcome, Accepted)
    return str(outcome.response["remote_start_id"])


async def test_a_repeated_start_takes_no_remote_start_from_the_one_it_has_caused(
    central: CentralSystem, sqlite_store: Store
) -> None:
    port = await central.listen("127.0.0.1", 0)
    async with driving(port, "CP1", "ocpp1.6") as station:
        await station.ask("BootNotification", BOOT)
        first = await station.ask("StartTransaction", OLD_START)
        remote_start_id = await remotely_started(central, station)
        assert await station.ask("StartTransaction", OLD_START) == first
        await station.ask("StartTransaction", NEW_START)
    query = select(transactions.c.remote_start_id).order_by(transactions.c.started_at)
    ids = await sqlite_store.read(lambda connection: [*connection.scalars(query)])
    assert ids == [None, remote_start_id]
