"""Two stations, a local controller, and our central system, which ends and starts meanwhile."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import msgspec
from sqlalchemy import Connection, select

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.options import Options
from chargeplane.csms.preferences import UnknownTokens
from chargeplane.csms.transactions.tables import ledger, transactions
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.settings import UnknownStations
from chargeplane.runtime.store import Function, Store
from chargeplane.station import Ev, Station
from chargeplane.station.local_controller import LocalController
from chargeplane.station.local_controller.upstream import BackOff
from chargeplane.station.signals import TransactionEnded, TransactionStarted
from tests.cli.calling import free_port
from tests.csms.making import make_tenant
from tests.databases import copy_of
from tests.waiting import until

OPTIONS = Options(unknown_stations=UnknownStations.ACCEPT, unknown_tokens=UnknownTokens.ACCEPT)
VERSIONS = {"CP1": "2.1", "CP2": "2.0.1"}


@asynccontextmanager
async def central_system(store: Store, port: int) -> AsyncIterator[CentralSystem]:
    central = CentralSystem(store, SystemClock(), OPTIONS)
    await central.start()
    await central.listen("127.0.0.1", port)
    try:
        yield central
    finally:
        await central.stop()


async def begin(one: Station) -> None:
    await one.plug_in(1, Ev(soc=0.2))
    await one.tap("DEADBEEF", 1)
    await one.wait_for(TransactionStarted)


async def end(one: Station) -> None:
    await one.tap("DEADBEEF", 1)
    await one.unplug(1)
    await one.wait_for(TransactionEnded)


def told(connection: Connection) -> dict[tuple[str, str], list[int]]:
    """The numbers of all messages in the ledger, as they came, by transaction."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in connection.execute(select(ledger).order_by(ledger.c.frame_id)):
        body = msgspec.json.decode(row.body)
        found[row.station_id, row.transaction_id].append(body["seq_no"])
    return found


async def test_every_message_is_in_the_ledger_in_order_and_only_one_on_its_way_twice(
    sqlite_template: Path, tmp_path: Path
) -> None:
    port = free_port()
    async with Store(copy_of(sqlite_template, tmp_path)) as store:
        await store.write(Function(make_tenant))
        upstream = f"ws://127.0.0.1:{port}/ocpp"
        async with LocalController(upstream, back_off=_at_once) as controller:
            stations = [
                Station(name, url=controller.url, version=version, speed=1_200.0, seed=seed)
                for seed, (name, version) in enumerate(VERSIONS.items())
            ]
            async with central_system(store, port):
                for each in stations:
                    await each.__aenter__()
                    await begin(each)
            await until(lambda: not any(each.has_central for each in controller.standings()))
            for each in stations:  # one transaction ends, another is whole
                await end(each)
                await begin(each)
                await end(each)
                await each.until(lambda core: not core.hub.outbox)
                assert each.is_online
            async with central_system(store, port):
                await until(lambda: not any(each.kept for each in controller.standings()))
                await asyncio.gather(*(each.__aexit__(None, None, None) for each in stations))
        found = await store.read(told)
        rows = await store.read(lambda c: c.execute(select(transactions)).all())
    assert {station for station, _ in found} == set(VERSIONS)
    for numbers in found.values():
        assert list(dict.fromkeys(numbers)) == list(range(max(numbers) + 1))
        # Committed, and the answer was lost with the connection: nobody can know that it arrived.
        assert len(numbers) <= len(set(numbers)) + 1
    assert [row.state for row in rows] == ["ended"] * 4
    assert sum(row.energy_wh for row in rows) > 0


def _at_once(rng: Random) -> BackOff:
    return BackOff(rng, wait_s_min=0.02, random_s_max=0.0, doublings_max=0)
