"""Odd stations and our own central system: whatever they do, the session is there in the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.csms.options import Options
from chargeplane.csms.preferences import UnknownTokens
from chargeplane.csms.transactions.tables import transactions
from chargeplane.domain.commands import Accepted, Raw, StartCharging
from chargeplane.domain.tokens import IdToken
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.links import NO_PONG
from chargeplane.runtime.store import Function, Store
from chargeplane.station import Station
from chargeplane.station.signals import Online, TransactionEnded, TransactionStarted
from tests.csms.making import NOW, TENANT_ID, make_tenant
from tests.databases import copy_of

AT_ONCE = {
    "OCPPCommCtrlr.RetryBackOffWaitMinimum": "0",
    "OCPPCommCtrlr.RetryBackOffRandomRange": "0",
}
NOTHING_LEFT = {
    "connectorId": 1,
    "csChargingProfiles": {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "duration": 60,
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 5.0}],
        },
    },
}


@pytest.fixture
async def store(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Store]:
    def fill(connection: Connection) -> None:
        make_tenant(connection)
        register(connection, Known(TENANT_ID, "CP1", 0, None, Registration.ACCEPTED, 0), NOW)

    async with Store(copy_of(sqlite_template, tmp_path)) as store:
        await store.write(Function(fill))
        yield store


@pytest.fixture
async def central(store: Store) -> AsyncIterator[CentralSystem]:
    options = Options(unknown_tokens=UnknownTokens.ACCEPT)
    central = CentralSystem(store, SystemClock(), options)
    await central.start()
    yield central
    await central.stop()


async def dialled(central: CentralSystem, quirk: str) -> Station:
    port = await central.listen("127.0.0.1", 0)
    url = f"ws://127.0.0.1:{port}/ocpp"
    return Station("CP1", version="1.6", url=url, quirks=[quirk], variables=AT_ONCE, speed=3_600)


async def states(store: Store) -> list[str]:
    """Of all sessions, the oldest first."""

    def look(connection: Connection) -> list[str]:
        found = select(transactions.c.state).order_by(transactions.c.started_at)
        return [str(state) for state in connection.scalars(found)]

    return await store.read(look)


async def interrupted(central: CentralSystem, cp: Station) -> None:
    """The central system cuts it off as dead, and it comes back."""
    conversation = central.gateway.conversation(TENANT_ID, "CP1")
    assert conversation is not None
    conversation.link.cut(NO_PONG)
    await cp.wait_for(Online)


@pytest.mark.parametrize("quirk", ["no-connection-header", "no-pongs", "own-pings", "boots-once"])
async def test_a_visit_with_an_interruption_becomes_one_session(
    central: CentralSystem, store: Store, quirk: str
) -> None:
    async with await dialled(central, quirk) as cp:
        await cp.plug_in(1)
        await cp.tap("DEADBEEF")
        await cp.wait_for(TransactionStarted)  # and so has been online
        await interrupted(central, cp)
        await cp.tap("DEADBEEF")
        await cp.wait_for(TransactionEnded)
    assert await states(store) == ["ended"]


async def test_a_session_that_a_low_limit_has_ended_is_followed_by_another(
    central: CentralSystem, store: Store
) -> None:
    async with await dialled(central, "ends-below-minimum") as cp:
        await cp.plug_in(1)
        await cp.tap("DEADBEEF")
        await cp.wait_for(TransactionStarted)
        limit = Raw(action="SetChargingProfile", payload=NOTHING_LEFT)
        assert isinstance(await central.send(TENANT_ID, "CP1", limit), Accepted)
        await cp.wait_for(TransactionEnded)
        start = StartCharging(id_token=IdToken("C0FFEE"), evse_id=1)
        assert isinstance(await central.send(TENANT_ID, "CP1", start), Accepted)
        await cp.wait_for(TransactionStarted)
    assert await states(store) == ["ended", "active"]
