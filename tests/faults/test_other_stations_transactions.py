"""A station speaks of all that belongs to another one: nothing of that changes, and it is told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.security.foreign import FOREIGN_TRANSACTION
from chargeplane.csms.security.tables import security_events
from chargeplane.csms.transactions.tables import ledger, transactions
from chargeplane.domain.events import Event, TransactionStarted
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.store import Settings, Store, upgrade
from tests.faults.ledgers import furnish
from tests.faults.saying import START, event
from tests.faults.wire import Wire

V16, V201, V21 = Version.V1_6, Version.V2_0_1, Version.V2_1
COUNT = 5
AT = "2026-11-20T13:00:00Z"


class Stage:
    """A central system with the station that is robbed, and the one that tries to."""

    def __init__(self, central: CentralSystem, store: Store, port: int) -> None:
        self.central = central
        self.store = store
        self.port = port
        self._begun: Counter[str] = Counter()
        self._something = asyncio.Condition()
        central.bus.listen(self._hear, TransactionStarted)

    async def _hear(self, event: Event) -> None:
        async with self._something:
            self._begun[event.station_id] += 1
            self._something.notify_all()

    async def begun(self, station_id: str, count: int) -> None:
        """Wait until a station has begun so many transactions: that is told after the answers."""
        async with self._something:
            await self._something.wait_for(lambda: self._begun[station_id] >= count)

    async def of(self, station_id: str) -> list[tuple[Any, ...]]:
        """All sessions and ledger entries of a station."""

        def look(connection: Any) -> list[tuple[Any, ...]]:
            found: list[tuple[Any, ...]] = []
            for table in (transactions, ledger):
                mine = select(table).where(table.c.station_id == station_id)
                found += sorted(map(tuple, connection.execute(mine)), key=str)
            return found

        return await self.store.read(look)

    async def told(self) -> set[tuple[str, str]]:
        """The critical events, by station and type."""
        await self.central.foreign.settle()
        await self.central.recorder.flush()
        each = security_events.c
        query = select(each.station_id, each.type).where(each.severity == "critical")
        rows = await self.store.read(lambda connection: connection.execute(query).all())
        return {(row[0], row[1]) for row in rows}


@pytest.fixture
async def stage(settings: Settings) -> AsyncIterator[Stage]:
    upgrade(settings)
    furnish(settings, ["A", "B"])
    async with Store(settings) as store:
        central = CentralSystem(store, SystemClock())
        await central.start()
        port = await central.listen("127.0.0.1", 0)
        async with asyncio.timeout(60):
            yield Stage(central, store, port)
        await central.stop()


def stop(wire_id: int) -> dict[str, Any]:
    return {"transactionId": wire_id, "meterStop": 999_999, "timestamp": AT, "idTag": "ABBA"}


def metered(wire_id: int) -> dict[str, Any]:
    value = {"timestamp": AT, "sampledValue": [{"value": "999999"}]}
    return {"connectorId": 1, "transactionId": wire_id, "meterValue": [value]}


async def test_stops_and_meter_values_of_1_6_leave_the_owner_alone(stage: Stage) -> None:
    owner = await Wire.dial(stage.port, "A", V16)
    ids = []
    for number in range(COUNT):
        start = START | {"connectorId": 1 + number}
        ids.append((await owner.ask("StartTransaction", start))["transactionId"])
    ended = ids.pop()
    await owner.ask("StopTransaction", stop(ended) | {"meterStop": 1_007})
    before = await stage.of("A")
    thief = await Wire.dial(stage.port, "B", V16)
    for wire_id in (*ids, ended):
        await thief.ask("MeterValues", metered(wire_id))
        await thief.ask("StopTransaction", stop(wire_id))
    await stage.begun("B", COUNT)
    assert await stage.of("A") == before
    assert await stage.told() == {("B", FOREIGN_TRANSACTION)}
    # And the owner goes on as if nothing had been.
    for wire_id in ids:
        await owner.ask("StopTransaction", stop(wire_id) | {"meterStop": 2_007})
    energies = {row.energy_wh for row in await sessions(stage, "A")}
    assert energies == {1_000, 2_000}


@pytest.mark.parametrize("version", [V201, V21])
async def test_events_and_reports_of_2_x_leave_the_owner_alone(
    stage: Stage, version: Version
) -> None:
    owner = await Wire.dial(stage.port, "A", version)
    ids = [f"6f1b0c6e-{number}" for number in range(COUNT)]
    for number, wire_id in enumerate(ids):
        said = event(wire_id, 0, "Started") | {"evse": {"id": 1 + number, "connectorId": 1}}
        await owner.ask("TransactionEvent", said)
    before = await stage.of("A")
    thief = await Wire.dial(stage.port, "B", version)
    for wire_id in ids:
        for seq_no, kind in enumerate(("Started", "Updated", "Ended")):
            await thief.ask("TransactionEvent", event(wire_id, seq_no, kind, 999_999))
    for request_id in range(COUNT):
        report = {"requestId": request_id, "generatedAt": AT, "seqNo": 0, "tbc": False}
        await thief.ask("NotifyReport", report)
    await stage.begun("B", COUNT)
    assert await stage.of("A") == before
    assert await stage.told() == {("B", FOREIGN_TRANSACTION)}


async def test_stations_that_count_their_transactions_are_no_thieves(stage: Stage) -> None:
    for name in ("A", "B"):
        wire = await Wire.dial(stage.port, name, V201)
        for seq_no, kind in enumerate(("Started", "Ended")):
            await wire.ask("TransactionEvent", event("1", seq_no, kind, 10 * seq_no))
        await stage.begun(name, 1)
    assert await stage.told() == set()
    assert [row.energy_wh for row in await sessions(stage, "A")] == [10]


async def sessions(stage: Stage, station_id: str) -> list[Any]:
    query = select(transactions).where(transactions.c.station_id == station_id)
    return list(await stage.store.read(lambda connection: connection.execute(query).all()))
