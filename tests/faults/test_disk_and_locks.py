"""The database cannot be written for a while: sockets stay, nothing is acknowledged, it comes back.

The stations are not told anything and repeat nothing, unless it takes longer than they can wait.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from chargeplane.ocpp.versions import Version
from chargeplane.runtime.links import HandshakeRefused
from chargeplane.runtime.store import Settings
from tests.faults.fleet import Fleet
from tests.faults.hosting import Host
from tests.faults.ledgers import audit, furnish
from tests.faults.wire import Wire
from tests.runtime.postgres import Cluster
from tests.waiting import until

STATIONS = 20
RECOVERY_S_MAX = 5.0
SILENCE_S = 1.0
# Less than any file of the database has by then, so that no write finds room.
ROOM_BYTES = 8_192


@pytest.fixture(scope="module")
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A server that these tests may crash without hurting others."""
    cluster = Cluster(tmp_path_factory.mktemp("own") / "postgres")
    yield cluster
    cluster.close()


@asynccontextmanager
async def charging(settings: Settings, *options: str) -> AsyncIterator[tuple[Host, Fleet]]:
    """Stations under way; afterwards they come to their end, and the database is looked at."""
    async with Host(settings, *options) as host:
        fleet = Fleet(host.port, STATIONS, seed=3)
        furnish(settings, [*(station.name for station in fleet.stations), "late"])
        running = asyncio.create_task(fleet.run())
        await host.start()
        await fleet.everyone()
        yield host, fleet
        fleet.is_last_round = True
        await running
    assert not audit(settings, fleet).faults


@asynccontextmanager
async def locked(settings: Settings) -> AsyncIterator[None]:
    """Another process holds the SQLite file."""
    path = settings.url.removeprefix("sqlite:///")
    locker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.runtime.store.locker", path, stdin=PIPE, stdout=PIPE
    )
    assert locker.stdin is not None
    assert locker.stdout is not None
    assert await locker.stdout.readline() == b"locked\n"
    yield
    locker.stdin.close()
    await locker.wait()


async def stays_silent(fleet: Fleet) -> None:
    """Nothing is acknowledged, and goes on not to be."""
    await fleet.silence(SILENCE_S)
    count = fleet.acknowledged_count
    await asyncio.sleep(SILENCE_S)
    assert fleet.acknowledged_count == count


async def comes_back(fleet: Fleet) -> None:
    """Every station is served again in time."""
    async with asyncio.timeout(RECOVERY_S_MAX):
        await fleet.everyone()


def never_redialled(fleet: Fleet) -> bool:
    return all(station.wires == 1 for station in fleet.stations)


async def test_a_full_disk_is_waited_out_and_nobody_is_told_a_word(settings: Settings) -> None:
    async with charging(settings) as (host, fleet):
        host.let_files_grow(ROOM_BYTES)
        await stays_silent(fleet)
        assert never_redialled(fleet)
        host.let_files_grow(None)
        await comes_back(fleet)
    assert never_redialled(fleet)
    assert not fleet.refused_count


async def test_a_kill_while_the_disk_is_full_loses_nothing(settings: Settings) -> None:
    async with charging(settings) as (host, fleet):
        host.let_files_grow(ROOM_BYTES)
        await stays_silent(fleet)
        await host.kill()
        await host.start()
        await comes_back(fleet)


async def test_a_locked_database_is_waited_out_and_stations_may_come_meanwhile(
    settings: Settings,
) -> None:
    async with charging(settings) as (host, fleet):
        async with locked(settings):
            await stays_silent(fleet)
            late = await Wire.dial(await host.port(), "late", Version.V2_0_1)
        await comes_back(fleet)
        assert not late.ending.done()
        late.link.close()
    assert never_redialled(fleet)
    assert not fleet.refused_count


async def test_who_cannot_wait_so_long_is_told_to_try_again_and_keeps_the_connection(
    settings: Settings,
) -> None:
    async with charging(settings, "--deadline-s", "0.5") as (_, fleet):
        async with locked(settings):
            await stays_silent(fleet)
            await until(lambda: fleet.refused_count >= STATIONS, timeout_s=60)
        await comes_back(fleet)
    assert never_redialled(fleet)


async def test_a_message_that_is_repeated_while_it_still_waits_counts_once(
    settings: Settings,
) -> None:
    async with charging(settings) as (_, fleet):
        async with locked(settings):
            await stays_silent(fleet)
            fleet.cut()
            await stays_silent(fleet)
            assert all(station.wires == 2 for station in fleet.stations)
        await comes_back(fleet)


async def test_a_crash_of_postgresql_keeps_all_sockets_and_what_was_acknowledged(
    own_cluster: Cluster,
) -> None:
    async with charging(Settings(own_cluster.create())) as (host, fleet):
        for _ in range(2):
            await asyncio.to_thread(own_cluster.stop_at_once)
            await stays_silent(fleet)
            with pytest.raises(HandshakeRefused) as refused:
                await Wire.dial(await host.port(), "late", Version.V2_0_1)
            assert refused.value.status == 503
            await asyncio.to_thread(own_cluster.start)
            await comes_back(fleet)
    assert never_redialled(fleet)
