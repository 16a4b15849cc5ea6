"""The database goes away and comes back. Nothing is acknowledged meanwhile, nothing is lost."""

import asyncio
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event, text

from chargeplane.runtime.store import (
    Function,
    Settings,
    Store,
    StoreBusy,
    StoreClosed,
    StoreUnavailable,
    upgrade,
)
from tests.runtime.postgres import Cluster
from tests.runtime.store.ledger import WITH_LEDGER, Entry, count, entries, events, make_tenant
from tests.waiting import until

RECOVERY_S_MAX = 5.0


@pytest.fixture(scope="module")
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A server that these tests may crash without hurting others."""
    cluster = Cluster(tmp_path_factory.mktemp("own") / "postgres")
    yield cluster
    cluster.close()


@pytest.fixture
def crashable(own_cluster: Cluster) -> Settings:
    settings = Settings(own_cluster.create())
    upgrade(settings, WITH_LEDGER)
    return settings


@contextmanager
def locked(settings: Settings) -> Iterator[Callable[[], None]]:
    """Another process holds the SQLite file until the function given is called."""
    path = settings.url.removeprefix("sqlite:///")
    command = [sys.executable, "-m", "tests.runtime.store.locker", path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as locker:
        assert locker.stdin is not None
        assert locker.stdout is not None
        assert locker.stdout.readline() == b"locked\n"
        yield locker.stdin.close


only_sqlite = pytest.mark.parametrize("engine", ["sqlite"])
only_postgresql = pytest.mark.parametrize("engine", ["postgresql"])


@only_sqlite
async def test_units_wait_while_another_process_holds_the_file(
    store: Store, settings: Settings
) -> None:
    with locked(settings) as unlock:
        writes = [asyncio.create_task(store.write(Entry("one", n))) for n in range(50)]
        await until(lambda: store.health.trouble is not None)
        assert "locked" in str(store.health.trouble)
        assert not any(write.done() for write in writes)
        assert await store.read(count) == 0  # readers are not disturbed
        unlock()
        start_s = time.monotonic()
        assert all(await asyncio.gather(*writes))
        assert time.monotonic() - start_s < RECOVERY_S_MAX
    assert store.health.trouble is None
    assert await store.read(count) == 50


@only_sqlite
async def test_a_unit_that_waited_too_long_is_given_up_and_leaves_no_row(
    store: Store, settings: Settings
) -> None:
    with locked(settings) as unlock:
        with pytest.raises(StoreUnavailable, match="locked") as late:
            await store.write(Entry("late", 1), deadline_s=1.5)
        unlock()
        await store.write(Entry("patient", 1))
    assert not late.value.may_be_stored
    assert await store.read(entries) == [("patient", 1)]


async def test_a_unit_that_is_under_way_at_its_deadline_may_be_stored(store: Store) -> None:
    def slow(connection: Connection) -> None:
        time.sleep(0.5)
        Entry("slow", 1).apply(connection)

    with pytest.raises(StoreUnavailable, match="in time") as late:
        await store.write(Function(slow), deadline_s=0.1)
    assert late.value.may_be_stored
    await store.write(Entry("slow", 2))
    assert await store.read(entries) == [("slow", 1), ("slow", 2)]


@only_sqlite
async def test_a_caller_before_a_full_queue_is_told_in_time(settings: Settings) -> None:
    async with Store(replace(settings, waiting_units_max=2), WITH_LEDGER) as store:
        await store.write(Function(make_tenant))
        with locked(settings) as unlock:
            waiting = [asyncio.create_task(store.write(Entry("one", n))) for n in range(2)]
            await asyncio.sleep(0)
            with pytest.raises(StoreUnavailable, match="no room") as refused:
                await store.write(Entry("one", 2), deadline_s=0.2)
            unlock()
            await asyncio.gather(*waiting)
        assert not refused.value.may_be_stored


@only_sqlite
async def test_closing_does_not_wait_for_a_database_that_is_away(settings: Settings) -> None:
    async with Store(settings, WITH_LEDGER) as store:
        await store.write(Function(make_tenant))
    with locked(settings):
        async with Store(settings, WITH_LEDGER) as store:
            writes = [asyncio.create_task(store.write(Entry("one", n))) for n in range(1_000)]
            await until(lambda: store.health.trouble is not None)
            start_s = time.monotonic()
        assert time.monotonic() - start_s < 3
        results = await asyncio.gather(*writes, return_exceptions=True)
        assert all(isinstance(result, StoreClosed) for result in results)


@only_sqlite
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_no_caller_hangs_when_the_writer_dies(store: Store) -> None:
    def die(connection: Connection) -> None:
        raise SystemExit

    results = await asyncio.gather(
        *(store.write(Entry("one", n)) for n in range(10)),
        store.write(Function(die)),
        *(store.write(Entry("one", n)) for n in range(10, 20)),
        return_exceptions=True,
    )
    assert isinstance(results[10], StoreClosed)
    assert isinstance(results[19], StoreClosed)
    assert not store.health.writing
    with pytest.raises(StoreClosed):
        await store.write(Entry("one", 20))
    acknowledged = {("one", n) for n, result in enumerate(results[:10]) if result is True}
    assert acknowledged <= set(await store.read(entries))


@only_sqlite
async def test_a_database_that_may_not_grow_is_a_passing_mood(store: Store) -> None:
    def fill(connection: Connection) -> None:
        # Forgotten with the connection, which the store drops: the disk has room again.
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))

    seen: list[str] = []

    def note(connection: Connection) -> None:
        seen.append(str(store.health.trouble))

    await store.write(Function(fill))
    event.listen(Engine, "begin", note)
    units = [Entry("one", n, "x" * 4_000) for n in range(100)]
    assert all(await asyncio.gather(*map(store.write, units)))
    event.remove(Engine, "begin", note)
    assert any("full" in trouble for trouble in seen)
    assert await store.read(count) == 100


async def test_a_full_disk_stops_acknowledgements_until_there_is_room(
    sqlite_template: Path, tmp_path: Path
) -> None:
    path = shutil.copy(sqlite_template, tmp_path / "full.db")
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.runtime.store.full_disk",
        f"sqlite:///{path}",
        stdout=asyncio.subprocess.PIPE,
    )
    answer = json.loads((await child.communicate())[0])
    assert "OperationalError" in answer["trouble"]
    assert answer["acknowledged while full"] == 0
    assert answer["late"] == 1
    assert answer["recovered after, s"] < RECOVERY_S_MAX
    assert answer["same"]
    assert answer["well"]
    assert answer["rows"] == 1_000


async def test_a_crash_of_postgresql_under_load_loses_and_repeats_nothing(
    own_cluster: Cluster, crashable: Settings
) -> None:
    acknowledged: list[tuple[str, int]] = []
    stop = False

    async def station(store: Store, station_id: str) -> None:
        seq = 0
        while not stop:
            await store.write(Entry(station_id, seq))
            acknowledged.append((station_id, seq))
            seq += 1

    async with Store(crashable, WITH_LEDGER) as store:
        await store.write(Function(make_tenant))
        stations = [asyncio.create_task(station(store, f"s{n:02}")) for n in range(20)]
        for _ in range(2):
            mark = len(acknowledged)
            await until(lambda mark=mark: len(acknowledged) > mark + 200)  # type: ignore[misc]
            await asyncio.to_thread(own_cluster.stop_at_once)
            await until(lambda: store.health.trouble is not None)
            silent = len(acknowledged)
            with pytest.raises(StoreUnavailable):
                await store.read(count)
            assert len(acknowledged) == silent
            await asyncio.to_thread(own_cluster.start)
            start_s = time.monotonic()
            await until(lambda silent=silent: len(acknowledged) > silent)  # type: ignore[misc]
            assert time.monotonic() - start_s < RECOVERY_S_MAX
        stop = True
        await asyncio.gather(*stations)
        assert store.health.trouble is None
        assert await store.read(entries) == sorted(acknowledged)
        assert len(await store.read(events)) == len(acknowledged)


@only_postgresql
async def test_a_commit_whose_answer_was_lost_is_run_again_and_counts_once(store: Store) -> None:
    def commit_and_break(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.commit()
        driver.close()

    event.listen(Engine, "commit", commit_and_break, once=True)
    assert not await store.write(Entry("one", 1))  # run again, it finds itself
    assert await store.read(entries) == [("one", 1)]
    assert await store.read(events) == ["one 1"]


@only_postgresql
async def test_a_pooled_reader_that_died_is_replaced_unseen(store: Store) -> None:
    def kill_readers(connection: Connection) -> None:
        others = "pid <> pg_backend_pid() AND datname = current_database()"
        connection.execute(
            text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
        )

    assert await store.read(count) == 0
    await store.write(Function(kill_readers))
    assert await store.read(count) == 0


async def test_more_reads_than_may_wait_are_refused(settings: Settings) -> None:
    bounded = replace(settings, readers_max=1, waiting_reads_max=3)

    async def outcome(reading: Awaitable[int]) -> int | type[Exception]:
        try:
            return await reading
        except StoreBusy as busy:
            return type(busy)

    async with Store(bounded, WITH_LEDGER) as store:
        outcomes = await asyncio.gather(*(outcome(store.read(count)) for _ in range(5)))
        assert outcomes == [0, 0, 0, StoreBusy, StoreBusy]
        await asyncio.sleep(0)
        assert store.health.waiting_reads == 0


async def test_a_read_that_takes_too_long_is_given_up(store: Store) -> None:
    with pytest.raises(StoreUnavailable):
        await store.read(lambda connection: time.sleep(0.3), deadline_s=0.05)


async def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(Exception, match=r"readonly|read-only"):
        await store.read(make_tenant_anew)


def make_tenant_anew(connection: Connection) -> None:
    connection.execute(text("DELETE FROM tenants"))


async def test_a_look_that_fails_takes_no_other_with_it(settings: Settings) -> None:
    def fails(connection: Connection) -> int:
        return int(connection.execute(text("SELECT nothing FROM nowhere")).scalar_one())

    alone = replace(settings, readers_max=1)  # so that they share a transaction
    async with Store(alone, WITH_LEDGER) as store:
        looks = [store.read(count), store.read(fails), store.read(count), store.read(fails)]
        found = await asyncio.gather(*looks, return_exceptions=True)
    assert (found[0], found[2]) == (0, 0)
    assert "nowhere" in str(found[1])
    assert "nowhere" in str(found[3])


async def test_reads_that_wait_at_the_end_are_given_up(settings: Settings) -> None:
    gate = threading.Event()
    async with Store(replace(settings, readers_max=1), WITH_LEDGER) as store:
        under_way = asyncio.create_task(store.read(lambda connection: gate.wait(5)))
        await asyncio.sleep(0.05)
        waiting = asyncio.create_task(store.read(count))
        await asyncio.sleep(0.05)
        asyncio.get_running_loop().call_later(0.1, gate.set)
    assert await under_way
    with pytest.raises(StoreClosed):
        await waiting
