"""A backup is taken while units are written, is verified, and comes back on either engine."""

import asyncio
import resource
from pathlib import Path

import pytest

from chargeplane.runtime.store import (
    BackupError,
    NewerDatabase,
    Settings,
    Store,
    StoreError,
    backup,
    restore,
    upgrade,
    verify,
)
from chargeplane.runtime.store.migrating import connected
from tests.runtime.postgres import Cluster
from tests.runtime.store.ledger import (
    AS_OF_A_NEWER_PROGRAM,
    CORE,
    WITH_LEDGER,
    Entry,
    count,
    entries,
    events,
    make_tenant,
)
from tests.waiting import eventually


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A new place of either engine, whatever the backup comes from."""
    if request.param == "sqlite":
        return Settings(f"sqlite:///{tmp_path / 'elsewhere.db'}")
    cluster: Cluster = request.getfixturevalue("postgres")
    return Settings(cluster.create())


async def test_a_backup_under_load_holds_one_state_and_can_be_restored(
    store: Store, settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    stop = False

    async def station(name: str) -> None:
        seq = 0
        while not stop:
            await store.write(Entry(name, seq, "é\n" * 50))
            seq += 1

    stations = [asyncio.create_task(station(f"s{n}")) for n in range(5)]
    await eventually(lambda: store.read(count), until=lambda rows: rows >= 100)
    path = tmp_path / "backup.db"
    held = await asyncio.to_thread(backup, settings, path, WITH_LEDGER)
    stop = True
    await asyncio.gather(*stations)
    assert held["ledger"] == held["outbox"] >= 100
    assert held["ledger"] < await store.read(count)
    assert verify(path, WITH_LEDGER) == held

    assert await asyncio.to_thread(restore, path, elsewhere, WITH_LEDGER) == held
    whole = await store.read(entries)
    async with Store(elsewhere, WITH_LEDGER) as restored:
        kept = await restored.read(entries)
        assert len(kept) == held["ledger"]
        assert set(kept) <= set(whole)
        assert sorted(await restored.read(events)) == sorted(f"{name} {seq}" for name, seq in kept)
        assert not await restored.write(Entry("s0", 0))
        assert await restored.write(Entry("new", 0))


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_backup_is_one_file_for_its_owner_alone(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    backup(settings, folder / "backup.db", WITH_LEDGER)
    [path] = folder.iterdir()
    assert path.name == "backup.db"
    assert path.stat().st_mode & 0o777 == 0o600


async def test_progress_is_told(store: Store, settings: Settings, tmp_path: Path) -> None:
    await asyncio.gather(*(store.write(Entry("one", n)) for n in range(2_500)))
    told: list[tuple[str, int]] = []
    backup(settings, tmp_path / "backup.db", WITH_LEDGER, lambda *step: told.append(step))
    if settings.url.startswith("postgresql"):
        steps = [rows for table, rows in told if table == "ledger"]
        assert steps == [1_000, 2_000, 2_500]


async def test_a_backup_of_an_older_program_is_upgraded_on_its_way_back(
    empty: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    upgrade(empty, CORE)
    with connected(empty) as connection:
        make_tenant(connection)
    path = tmp_path / "backup.db"
    assert backup(empty, path, CORE) == {"tenants": 1} | dict.fromkeys(
        ("frame_strips", "idempotency_keys", "outbox", "outbox_readers"), 0
    )
    assert restore(path, elsewhere, WITH_LEDGER)["ledger"] == 0
    async with Store(elsewhere, WITH_LEDGER) as store:
        assert await store.write(Entry("one", 1))


@pytest.mark.parametrize("engine", ["sqlite"])
class TestRefusals:
    """What is no backup, or no place for one, is refused before anything is touched."""

    @pytest.fixture
    def path(self, settings: Settings, tmp_path: Path) -> Path:
        with connected(settings) as connection:
            make_tenant(connection)
            for number in range(100):
                Entry("one", number, "x" * 500).apply(connection)
        path = tmp_path / "backup.db"
        backup(settings, path, WITH_LEDGER)
        return path

    def test_a_backup_overwrites_nothing(self, path: Path, settings: Settings) -> None:
        before = path.read_bytes()
        with pytest.raises(BackupError, match="exists already"):
            backup(settings, path, WITH_LEDGER)
        assert path.read_bytes() == before

    def test_a_restore_overwrites_nothing(self, path: Path, settings: Settings) -> None:
        with pytest.raises(BackupError, match="exists already"):
            restore(path, settings, WITH_LEDGER)
        with connected(settings) as connection:
            assert count(connection) == 100

    @pytest.mark.parametrize("suffix", ["-wal", "-journal"])
    def test_a_restore_is_not_put_beside_the_log_of_another_database(
        self, path: Path, tmp_path: Path, suffix: str
    ) -> None:
        target = tmp_path / "target.db"
        log = target.with_name(target.name + suffix)
        log.write_bytes(b"commits")
        with pytest.raises(BackupError, match=f"{suffix} is left of the database that was here"):
            restore(path, Settings(f"sqlite:///{target}"), WITH_LEDGER)
        assert not target.exists()
        assert log.read_bytes() == b"commits"
        log.write_bytes(b"")  # as who only reads may leave it
        assert restore(path, Settings(f"sqlite:///{target}"), WITH_LEDGER)["ledger"] == 100

    def test_a_backup_makes_no_folder(self, settings: Settings, tmp_path: Path) -> None:
        with pytest.raises(BackupError, match="is no folder"):
            backup(settings, tmp_path / "no" / "folder" / "backup.db", WITH_LEDGER)
        assert not (tmp_path / "no").exists()

    def test_a_backup_that_finds_no_room_says_so_and_leaves_nothing(
        self, settings: Settings, path: Path, tmp_path: Path
    ) -> None:
        before = sorted(tmp_path.iterdir())
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size // 2, limits[1]))
        try:
            with pytest.raises(BackupError, match="second.db was not written"):
                backup(settings, tmp_path / "second.db", WITH_LEDGER)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert sorted(tmp_path.iterdir()) == before

    def test_a_restore_into_a_postgresql_with_rows_changes_nothing(
        self, path: Path, postgres: Cluster
    ) -> None:
        target = Settings(postgres.create())
        upgrade(target, WITH_LEDGER)
        with connected(target) as connection:
            make_tenant(connection)
        with pytest.raises(BackupError, match="not empty"):
            restore(path, target, WITH_LEDGER)
        with connected(target) as connection:
            assert count(connection) == 0

    @pytest.mark.parametrize("place", [0.3, 0.6, 0.9])
    def test_a_damaged_backup_is_found_out(self, path: Path, place: float) -> None:
        damaged = bytearray(path.read_bytes())
        start = int(len(damaged) * place) // 4096 * 4096
        damaged[start : start + 4096] = bytes(4096)
        path.write_bytes(damaged)
        with pytest.raises(BackupError, match=r"damaged|cannot be read"):
            verify(path, WITH_LEDGER)

    @pytest.mark.parametrize("cut", [0, 100, 50_000])
    def test_a_backup_that_was_cut_off_is_found_out(self, path: Path, cut: int) -> None:
        path.write_bytes(path.read_bytes()[:cut])
        with pytest.raises(StoreError):
            verify(path, WITH_LEDGER)

    def test_a_file_that_is_not_there_is_no_backup(self, path: Path) -> None:
        with pytest.raises(BackupError, match="cannot be read"):
            verify(path.with_name("nothing"), WITH_LEDGER)
        assert not path.with_name("nothing").exists()

    def test_a_backup_of_a_newer_program_is_refused(self, path: Path, tmp_path: Path) -> None:
        with connected(Settings(f"sqlite:///{path}")) as connection:
            connection.execute(AS_OF_A_NEWER_PROGRAM)
        target = tmp_path / "target.db"
        with pytest.raises(NewerDatabase):
            restore(path, Settings(f"sqlite:///{target}"), WITH_LEDGER)
        assert not target.exists()
