"""What a demonstration is furnished with."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import delete

from chargeplane.cli.demonstration import MEMBERS, PLACES, furnish
from chargeplane.csms.site.places import places
from chargeplane.csms.site.tables import sites
from chargeplane.csms.wanted import Wanted
from chargeplane.runtime.store import Function, Store, tenants
from tests.databases import copy_of

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


async def test_every_station_of_the_demonstration_is_on_the_map(
    sqlite_template: Path, tmp_path: Path
) -> None:
    async with Store(copy_of(sqlite_template, tmp_path)) as store:
        await store.write(Function(partial(furnish, now=NOW)))
        found = await store.read(
            lambda c: places(c, tenants.DEFAULT_TENANT_ID, Wanted(), lambda station_id: True)
        )
        assert found.unplaced == 0
        assert {each.name for each in found.found} == {each.name for each in PLACES}
        named = [station.id for place in found.found for station in place.named]
        assert sorted(named) == sorted(member.identity for member in MEMBERS)


async def test_what_somebody_has_taken_away_does_not_come_back(
    sqlite_template: Path, tmp_path: Path
) -> None:
    async with Store(copy_of(sqlite_template, tmp_path)) as store:
        await store.write(Function(partial(furnish, now=NOW)))
        await store.write(Function(lambda c: c.execute(delete(sites)).rowcount))
        await store.write(Function(partial(furnish, now=NOW)))
        found = await store.read(
            lambda c: places(c, tenants.DEFAULT_TENANT_ID, Wanted(), lambda station_id: True)
        )
        assert (found.found, found.unplaced) == ((), len(MEMBERS))
