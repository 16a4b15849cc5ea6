"""The log is moved beside the writer, and begins anew."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection

from chargeplane.runtime.store import Settings
from chargeplane.runtime.store.checkpoints import Checkpoints
from chargeplane.runtime.store.engines import backend_of


def driver_of(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def count(connection: Connection) -> int:
    found: int = driver_of(connection).execute("SELECT count(*) FROM notes").fetchone()[0]
    return found


@contextmanager
def writing(path: Path) -> Iterator[Connection]:
    backend = backend_of(Settings(f"sqlite:///{path}"))
    backend.make()
    engine = backend.writer()
    with engine.connect() as connection:
        driver_of(connection).execute("CREATE TABLE notes (note TEXT NOT NULL)")
        yield connection
    engine.dispose()


def add(connection: Connection, count: int) -> None:
    with connection.begin():
        for _ in range(count):
            connection.exec_driver_sql("INSERT INTO notes VALUES (?)", ("x" * 1_000,))


def log_bytes(path: Path) -> int:
    return path.with_name(f"{path.name}-wal").stat().st_size


def rounds(path: Path, connection: Connection, checkpoints: Checkpoints | None) -> int:
    """The length of the log after a hundred commits of ten rows each."""
    for _ in range(100):
        add(connection, 10)
        if checkpoints is not None:
            checkpoints.note(connection, 10)
            checkpoints.settle()
    return log_bytes(path)


def test_the_log_does_not_grow_while_there_are_commits(tmp_path: Path) -> None:
    kept, left = tmp_path / "kept.db", tmp_path / "left.db"
    with writing(left) as connection:
        driver_of(connection).execute("PRAGMA wal_autocheckpoint=0")
        unmoved = rounds(left, connection, None)
    with writing(kept) as connection:
        driver_of(connection).execute("PRAGMA wal_autocheckpoint=0")
        checkpoints = Checkpoints(kept, 1.0, rows_at_once=50)
        checkpoints.start()
        moved = rounds(kept, connection, checkpoints)
        checkpoints.stop()
        assert count(connection) == 1_000
    assert moved < unmoved / 4


def test_a_reader_keeps_its_state_while_the_log_is_moved(tmp_path: Path) -> None:
    path = tmp_path / "read.db"
    with writing(path) as connection:
        add(connection, 10)
        reader = backend_of(Settings(f"sqlite:///{path}")).readers()
        with reader.connect() as reading, reading.begin():
            assert count(reading) == 10
            checkpoints = Checkpoints(path, 1.0, rows_at_once=50)
            checkpoints.start()
            rounds(path, connection, checkpoints)
            checkpoints.stop()
            assert count(reading) == 10
        with reader.connect() as reading:
            assert count(reading) == 1_010
        reader.dispose()


def test_a_file_that_cannot_be_opened_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "here.db"
    with writing(path) as connection:
        elsewhere = Checkpoints(tmp_path / "elsewhere.db", 1.0, rows_at_once=10)
        elsewhere.start()
        with caplog.at_level(logging.WARNING):
            rounds(path, connection, elsewhere)
        elsewhere.stop()
        assert count(connection) == 1_000
    assert "there is no connection" in caplog.text
    assert not (tmp_path / "elsewhere.db").exists()
