"""A station that speaks of another one's transaction, also when we have been away meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import NamedTuple
from uuid import UUID

import pytest
from sqlalchemy import Connection, select

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import Notice
from chargeplane.csms.security import foreign as foreign_module
from chargeplane.csms.security.foreign import FOREIGN_TRANSACTION, ForeignTransactions
from chargeplane.csms.security.tables import security_events
from chargeplane.domain.events import TransactionStarted
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.store import Settings, Store, new_id
from tests.csms.making import NOW, TENANT_ID
from tests.faults.ledgers import furnish
from tests.faults.saying import START, event
from tests.faults.wire import Wire

LONG = "6f1b0c6e-0001"


@asynccontextmanager
async def central_system(settings: Settings) -> AsyncIterator[tuple[CentralSystem, int]]:
    async with Store(settings) as store:
        central = CentralSystem(store, SystemClock())
        await central.start()
        yield central, await central.listen("127.0.0.1", 0)
        await central.stop()


async def told(settings: Settings) -> list[tuple[str, str]]:
    """All events of this kind, by station and text."""
    each = security_events.c
    query = select(each.station_id, each.detail).where(each.type == FOREIGN_TRANSACTION)
    async with Store(settings) as store:
        rows = await store.read(lambda connection: connection.execute(query).all())
    return sorted((row[0], row[1]) for row in rows)


async def test_after_a_restart_a_thief_is_noticed_and_the_owner_is_not(settings: Settings) -> None:
    furnish(settings, ["A1", "A2", "B1", "B2"])
    async with central_system(settings) as (_, port):
        old = await Wire.dial(port, "A1", Version.V1_6)
        given = (await old.ask("StartTransaction", START))["transactionId"]
        new = await Wire.dial(port, "A2", Version.V2_0_1)
        await new.ask("TransactionEvent", event(LONG, 0, "Started"))
    async with central_system(settings) as (_, port):
        stop = {"transactionId": given, "meterStop": 9, "timestamp": "2026-11-20T13:00:00Z"}
        thief = await Wire.dial(port, "B1", Version.V1_6)
        await thief.ask("StopTransaction", stop)
        await thief.ask("StopTransaction", stop)
        other = await Wire.dial(port, "B2", Version.V2_0_1)
        await other.ask("TransactionEvent", event(LONG, 1, "Ended"))
        owner = await Wire.dial(port, "A1", Version.V1_6)
        await owner.ask("StopTransaction", stop)
        again = await Wire.dial(port, "A2", Version.V2_0_1)
        await again.ask("TransactionEvent", event(LONG, 1, "Ended"))
    assert await told(settings) == [
        ("B1", f"it speaks of transaction {given} of station A1"),
        ("B2", f"it speaks of transaction {LONG} of station A2"),
    ]


class Known(NamedTuple):
    """An owner, as the look-up tells it."""

    wire_id: str
    station_id: str
    transaction_id: UUID | None


EARLIER, LATER, LAST = new_id(), new_id(), new_id()


class Listening:
    """The listener, and what it has found, by a look-up that is counted."""

    def __init__(self, store: Store, *known: Known, is_1x: bool = False) -> None:
        self.known = known
        self.looks: list[int] = []
        self.notices: list[Notice] = []
        self.foreign = ForeignTransactions(
            store, self.owners, self.notices.append, lambda *_: is_1x
        )

    def owners(
        self, connection: Connection, tenant_id: UUID, wire_ids: Collection[str], _: int
    ) -> list[Known]:
        self.looks.append(len(wire_ids))
        return [each for each in self.known if each.wire_id in wire_ids]

    def begins(self, wire_id: str, station_id: str = "B", ours: UUID = LATER) -> None:
        self.foreign.hear(
            TransactionStarted(
                tenant_id=str(TENANT_ID), station_id=station_id, reported_at=NOW, received_at=NOW,
                transaction_id=str(ours), wire_id=wire_id, evse=None,
            )
        )  # fmt: skip

    async def robbed(self) -> list[str]:
        await self.foreign.settle()
        return [(each.detail or "").rpartition(" ")[2] for each in self.notices]


@pytest.mark.parametrize(
    ("known", "wire_id", "is_1x", "robbed"),
    [
        ([Known("7", "A", None)], "7", True, ["A"]),
        ([Known("7", "B", None)], "7", True, []),
        ([Known("7", "A", None)], "7", False, []),
        ([Known("70000000", "A", None)], "70000000", False, ["A"]),
        ([Known(LONG, "A", EARLIER)], LONG, False, ["A"]),
        ([Known(LONG, "A", LAST)], LONG, False, []),
        ([Known(LONG, "B", LATER)], LONG, False, []),
        ([Known(LONG, "C", LATER), Known(LONG, "A", EARLIER)], LONG, False, ["A"]),
        ([], LONG, False, []),
    ],
    ids=["given to another", "given to it", "2.x counts", "given, 2.x", "earlier", "later", "own",
         "the first of two", "nobody's"],
)  # fmt: skip
async def test_an_id_is_of_whom_it_was_given_to_or_of_who_had_it_first(
    sqlite_store: Store, known: list[Known], wire_id: str, is_1x: bool, robbed: list[str]
) -> None:
    listening = Listening(sqlite_store, *known, is_1x=is_1x)
    listening.begins(wire_id)
    assert await listening.robbed() == robbed


async def test_many_that_begin_at_once_are_looked_up_together_within_a_bound(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(foreign_module, "ASKED_MAX", 1_200)
    listening = Listening(sqlite_store, Known("id-of-tx-0001", "A", EARLIER))
    for number in range(1_201):
        listening.begins(f"id-of-tx-{number:04}")
    assert await listening.robbed() == ["A"]
    assert listening.looks == [500, 500, 200]
    assert "too many at once" in caplog.text
