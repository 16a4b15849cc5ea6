"""Repairs are counted for each station: kept over restarts, never twice, and gone with it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, func, select

from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.csms.provisioning.directory import Directory
from chargeplane.csms.repair_counts import (
    COUNT_MAX,
    Counted,
    RepairCounts,
    of_station,
    station_repairs,
)
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.passwords import Passwords
from chargeplane.runtime.store import Function, Store, StoreUnavailable, new_id, tenants
from chargeplane.runtime.store.tickets import Tell
from tests.csms.making import NOW, TENANT_ID
from tests.waiting import eventually

HOUR_S = 3_600.0
SECOND = timedelta(seconds=1)
OTHER_ID = UUID(int=9)


async def made(store: Store, id_: str = "CP1", tenant_id: UUID = TENANT_ID) -> None:
    known = Known(tenant_id, id_, 0, None, Registration.ACCEPTED, 0)
    await store.write(Function(partial(register, known=known, now=NOW)))


@pytest.fixture
async def yard(store: Store) -> Store:
    """On both engines, with CP1."""
    await made(store)
    return store


async def counted(store: Store, id_: str = "CP1", tenant_id: UUID = TENANT_ID) -> list[Counted]:
    return await store.read(partial(of_station, tenant_id=tenant_id, station_id=id_))


async def rows_count(store: Store) -> int:
    def look(connection: Connection) -> int:
        return connection.scalar(select(func.count()).select_from(station_repairs)) or 0

    return await store.read(look)


def note(counts: RepairCounts, name: str, at_s: int = 0, **where: Any) -> UUID:
    frame_id = new_id()
    station = where.get("tenant_id", TENANT_ID), where.get("id_", "CP1")
    counts.note(*station, name, NOW + at_s * SECOND, frame_id)
    return frame_id


class Unsure:
    """Makes of a store one that commits the first unit and then says that it has not."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self._submit = store.submit
        self.submitted_count = 0
        monkeypatch.setattr(store, "submit", self.submit)

    def submit(self, unit: Any, tell: Tell) -> bool:
        self.submitted_count += 1
        is_first = self.submitted_count == 1

        def told(result: Any, error: Exception | None) -> None:
            tell(result, StoreUnavailable("it broke in the commit") if is_first else error)

        return self._submit(unit, told)


async def test_counts_are_added_up_over_restarts(yard: Store) -> None:
    first = RepairCounts(yard, pause_s=HOUR_S)
    note(first, "too-long")
    note(first, "too-long", 1)
    await first.settle()
    note(first, "too-long", 2)
    await first.settle()
    await first.settle()  # there is nothing more
    again = RepairCounts(yard, pause_s=HOUR_S)
    frame_id = note(again, "too-long", 3)
    again.note(TENANT_ID, "CP1", "subprotocol-missing", NOW, None)
    await again.settle()
    assert await counted(yard) == [
        Counted("too-long", 4, NOW, NOW + 3 * SECOND, frame_id),
        Counted("subprotocol-missing", 1, NOW, NOW, None),
    ]


async def test_many_repairs_are_one_write_after_the_pause(
    yard: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsure = Unsure(yard, monkeypatch)
    unsure.submitted_count = 1  # it is sure from now on
    counts = RepairCounts(yard, pause_s=HOUR_S)
    for _ in range(1_000):
        note(counts, "null-member")
    assert unsure.submitted_count == 1
    await counts.settle()
    assert unsure.submitted_count == 2
    assert [each.count for each in await counted(yard)] == [1_000]


async def test_what_is_noted_is_written_when_the_pause_is_over_and_again(yard: Store) -> None:
    counts = RepairCounts(yard, pause_s=0.01)

    async def all_counts() -> list[int]:
        return [each.count for each in await counted(yard)]

    for times in (1, 2):
        note(counts, "commas")
        await eventually(all_counts, until=[times].__eq__)
    await counts.settle()


async def test_a_write_of_which_nobody_knows_how_it_ended_adds_once(
    yard: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsure = Unsure(yard, monkeypatch)
    counts = RepairCounts(yard, pause_s=HOUR_S)
    note(counts, "commas")
    await counts.settle()
    note(counts, "commas")
    await counts.settle()
    await counts.settle()
    assert unsure.submitted_count == 3
    assert [each.count for each in await counted(yard)] == [2]


async def test_stations_and_tenants_are_counted_apart(yard: Store) -> None:
    await yard.write(Function(lambda c: tenants.ensure(c, OTHER_ID, "other", NOW)))
    await made(yard, "CP2")
    await made(yard, "CP3", OTHER_ID)
    counts = RepairCounts(yard, pause_s=HOUR_S)
    for times, where in ((1, {}), (2, {"id_": "CP2"}), (3, {"id_": "CP3", "tenant_id": OTHER_ID})):
        for _ in range(times):
            note(counts, "commas", **where)
    await counts.settle()
    assert [each.count for each in await counted(yard, "CP1")] == [1]
    assert [each.count for each in await counted(yard, "CP2")] == [2]
    assert await counted(yard, "CP3") == []
    assert [each.count for each in await counted(yard, "CP3", OTHER_ID)] == [3]


async def test_a_count_stops_where_its_column_ends(yard: Store) -> None:
    counts = RepairCounts(yard, pause_s=HOUR_S)
    note(counts, "commas")
    await counts.settle()
    await yard.write(
        Function(lambda c: c.execute(station_repairs.update().values(count=COUNT_MAX)))
    )
    note(counts, "commas")
    await counts.settle()
    assert [each.count for each in await counted(yard)] == [COUNT_MAX]


async def test_a_station_that_is_removed_takes_its_counts_along(yard: Store) -> None:
    counts = RepairCounts(yard, pause_s=HOUR_S)
    note(counts, "commas")
    await counts.settle()
    note(counts, "commas")
    directory = Directory(yard, SimulatedClock(NOW), lambda *_: False, lambda *_: None, Passwords())
    assert await directory.remove(TENANT_ID, "CP1")
    assert await rows_count(yard) == 0
    await counts.settle()  # what was not written yet is about nobody
    assert await rows_count(yard) == 0
    await made(yard)
    assert await counted(yard) == []
