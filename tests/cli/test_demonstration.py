"""What a demonstration is furnished with."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from uuid import UUID

from sqlalchemy import delete, insert

from chargeplane.cli.demonstration import (
    BOOK_EVERY_S,
    DAY,
    MEMBERS,
    PLACES,
    TOKENS,
    free_to_book,
    furnish,
    keep_reserved,
)
from chargeplane.csms.contract import NotConnected
from chargeplane.csms.inventory import connectors
from chargeplane.csms.reservation.tables import reservations
from chargeplane.csms.site.places import places
from chargeplane.csms.site.tables import sites
from chargeplane.csms.wanted import Wanted
from chargeplane.domain.commands import Command, Outcome, Refused, Reserve
from chargeplane.domain.status import ConnectorStatus
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import Function, Store, new_id, tenants
from chargeplane.station.fleets.drivers import visits
from tests.databases import copy_of

TENANT_ID = tenants.DEFAULT_TENANT_ID
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


async def test_every_station_of_the_demonstration_is_on_the_map(
    sqlite_template: Path, tmp_path: Path
) -> None:
    async with Store(copy_of(sqlite_template, tmp_path)) as store:
        await store.write(Function(partial(furnish, now=NOW)))
        found = await store.read(
            lambda c: places(c, tenants.DEFAULT_TENANT_ID, Wanted(), lambda station_id: True, ())
        )
        assert found.unplaced == 0
        assert {each.name for each in found.found} == {each.name for each in PLACES}
        named = [station.id for place in found.found for station in place.named]
        assert sorted(named) == sorted(member.identity for member in MEMBERS)


def test_drivers_come_at_any_hour_for_as_long_as_the_demonstration_runs() -> None:
    """Of a minute of who looks on, half an hour of the drivers, none is without a vehicle."""
    half_hours = 3 * 48
    seen = [False] * half_hours
    for evse in range(len(MEMBERS)):
        at_s = 0.0
        for visit in visits(Random(evse), TOKENS, DAY):
            begin, end = at_s + visit.after_s, at_s + visit.after_s + visit.stay_s
            for number in range(int(begin / 1800), min(int(end / 1800) + 1, half_hours)):
                seen[number] = True
            at_s = end
            if begin > half_hours * 1800:
                break
    assert all(seen)


async def test_what_somebody_has_taken_away_does_not_come_back(
    sqlite_template: Path, tmp_path: Path
) -> None:
    async with Store(copy_of(sqlite_template, tmp_path)) as store:
        await store.write(Function(partial(furnish, now=NOW)))
        await store.write(Function(lambda c: c.execute(delete(sites)).rowcount))
        await store.write(Function(partial(furnish, now=NOW)))
        found = await store.read(
            lambda c: places(c, tenants.DEFAULT_TENANT_ID, Wanted(), lambda station_id: True, ())
        )
        assert (found.found, found.unplaced) == ((), len(MEMBERS))


async def test_an_evse_is_always_reserved_and_only_where_one_is_free(
    sqlite_template: Path, tmp_path: Path
) -> None:
    clock = SimulatedClock(NOW)
    asked: list[tuple[str, Command]] = []

    async def send(tenant_id: UUID, station_id: str, command: Command) -> Outcome:
        asked.append((station_id, command))
        if len(asked) == 1:
            raise NotConnected(station_id)
        return Refused(status="Occupied")

    async def stand(store: Store, station_id: str, evse_id: int, status: ConnectorStatus) -> None:
        row = {
            "tenant_id": TENANT_ID, "station_id": station_id, "evse_id": evse_id,
            "connector_id": 1, "status": str(status), "reported_at": NOW, "received_at": NOW,
        }  # fmt: skip
        await store.write(Function(lambda c: c.execute(insert(connectors), [row])))

    async with Store(copy_of(sqlite_template, tmp_path)) as store:
        await store.write(Function(partial(furnish, now=NOW)))
        assert await store.read(free_to_book) is None
        await stand(store, "DEMO-16J", 1, ConnectorStatus.CHARGING)
        await stand(store, "DEMO-21-FAST", 1, ConnectorStatus.AVAILABLE)
        assert await store.read(free_to_book) is None
        await stand(store, "DEMO-21", 2, ConnectorStatus.AVAILABLE)
        assert await store.read(free_to_book) == ("DEMO-21", 2)
        keeping = asyncio.create_task(keep_reserved(store, clock, send))
        async with asyncio.timeout(10):
            while len(asked) < 2:
                await clock.advance(BOOK_EVERY_S)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        station_id, command = asked[-1]
        assert isinstance(command, Reserve)
        assert (station_id, command.evse_id, command.id_token.value) == ("DEMO-21", 2, TOKENS[0])
        assert command.expires_at > clock.now()
        row = {
            "tenant_id": TENANT_ID, "id": new_id(), "wire_id": 1, "station_id": "DEMO-21",
            "family": 2, "id_token": "x", "id_token_key": "x", "id_token_type": "",
            "expires_at": NOW, "requested_at": NOW, "state": "held",
        }  # fmt: skip
        await store.write(Function(lambda c: c.execute(insert(reservations), [row])))
        assert await store.read(free_to_book) is None
