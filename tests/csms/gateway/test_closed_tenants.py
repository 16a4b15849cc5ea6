"""The stations of a closed tenant: cut, and let in no more until it is opened again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import Connection, select

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known, unknown_stations
from chargeplane.runtime.access import Accounts
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.links import HandshakeRefused
from chargeplane.runtime.store import Function, Store, tenants
from tests.csms.driving import driving
from tests.csms.making import NOW, TENANT_ID

OTHER_ID = UUID(int=7)


@pytest.fixture
async def central(sqlite_store: Store) -> AsyncIterator[CentralSystem]:
    """With CP1 of the first tenant, and CP2 of another one."""

    def fill(connection: Connection) -> None:
        tenants.ensure(connection, OTHER_ID, "other", NOW)
        for name, owner in (("CP1", TENANT_ID), ("CP2", OTHER_ID)):
            known = Known(owner, name, 0, None, Registration.ACCEPTED, 0)
            register(connection, known, NOW)

    await sqlite_store.write(Function(fill))
    central = CentralSystem(sqlite_store, SystemClock())
    await central.start()
    yield central
    await central.stop()


async def test_the_stations_of_a_closed_tenant_are_cut_and_stay_outside(
    central: CentralSystem, sqlite_store: Store
) -> None:
    port = await central.listen("127.0.0.1", 0)
    owners = Accounts(sqlite_store, SystemClock()).tenants
    owners.on_closed.append(central.cut)
    async with driving(port, "CP1") as mine, driving(port, "CP2") as theirs:
        assert "currentTime" in await theirs.ask("Heartbeat", {})
        await owners.close(OTHER_ID)
        async with asyncio.timeout(10):
            await theirs.ending
        assert "currentTime" in await mine.ask("Heartbeat", {})
    with pytest.raises(HandshakeRefused) as refused:
        async with driving(port, "CP2"):
            raise AssertionError("it got in")
    assert refused.value.status == 401
    inbox = await sqlite_store.read(lambda c: c.execute(select(unknown_stations)).all())
    assert inbox == []  # nobody else can adopt it
    await owners.reopen(OTHER_ID)
    async with driving(port, "CP2") as theirs:
        assert "currentTime" in await theirs.ask("Heartbeat", {})
