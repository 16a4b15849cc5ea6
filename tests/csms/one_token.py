"""A central system that knows some stations, and one id token that may charge once at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import Connection

from chargeplane.csms.authorization import tables as tokens
from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.domain.tokens import TokenStatus
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import Function, Store
from tests.csms.making import NOW, TENANT_ID

__all__ = ["TAG", "with_one_token"]

TAG = "DEADBEEF"


@asynccontextmanager
async def with_one_token(store: Store, *stations: str) -> AsyncIterator[CentralSystem]:
    """Started, and stopped in the end; the stations are accepted and need no password."""

    def fill(connection: Connection) -> None:
        for name in stations:
            known = Known(TENANT_ID, name, 0, None, Registration.ACCEPTED, 0)
            register(connection, known, NOW)
        token = {
            "key": TAG.casefold(), "value": TAG, "type": "", "status": TokenStatus.ACCEPTED,
            "transactions_max": 1, "created_at": NOW,
        }  # fmt: skip
        tokens.add(connection, TENANT_ID, token)

    await store.write(Function(fill))
    central = CentralSystem(store, SimulatedClock(NOW))
    await central.start()
    yield central
    await central.stop()
