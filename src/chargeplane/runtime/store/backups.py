"""Backup while the program runs, and restore that is verified.

A backup is always one SQLite file of the same schema, whatever engine it comes from. So it can be
looked into, it is verified in the same way, and it can be restored to either engine: that is also
how an installation moves from SQLite to PostgreSQL. SQLite's own backup interface makes it, or a
copy of the rows of one snapshot of PostgreSQL.

These functions block; a program calls them in a thread.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, func, insert, select

from chargeplane.runtime.store.backends import Settings
from chargeplane.runtime.store.engines import backend_of
from chargeplane.runtime.store.errors import BackupError
from chargeplane.runtime.store.migrating import (
    connected,
    reading,
    refuse_newer,
    require_current,
    upgrade,
)
from chargeplane.runtime.store.schema import SCHEMA, Schema
from chargeplane.runtime.store.sqlite import Sqlite, create

__all__ = ["Counts", "Progress", "backup", "restore", "verify"]

Counts = dict[str, int]
"""Rows of each table."""
Progress = Callable[[str, int], None]
"""Told which table is at work and how many of its rows are done."""

_STEP_ROWS_MAX = 1_000
_LOGS = ("-wal", "-journal")
"""Beside a database that was not closed: what is not in its file yet, or has to be undone in it."""


def _silent(table: str, rows: int) -> None:
    """Tell nobody."""


def backup(
    settings: Settings, path: Path, schema: Schema = SCHEMA, progress: Progress = _silent
) -> Counts:
    """Write a backup to a path that does not exist yet, and verify it. Writers go on meanwhile.

    Raises:
        BackupError: the path exists, or the copy does not hold what the database held.
    """
    require_current(settings, schema)
    backend = backend_of(settings)
    with _new_file(path) as partial:
        if isinstance(backend, Sqlite):
            held = _copy_file(backend.path, partial, schema)
        else:
            held = _copy_out(settings, partial, schema, progress)
        _close_log(partial)
        if (kept := verify(partial, schema)) != held:
            raise BackupError(f"the copy holds {kept}, the database held {held}")
    return held


def verify(path: Path, schema: Schema = SCHEMA) -> Counts:
    """Check every page, every reference and the revision of a backup, and count its rows.

    Raises:
        BackupError: it is no backup of ours, or is damaged.
        NewerDatabase: it was made by a newer program.
    """
    try:
        with _opened(path) as connection:
            for check in ("integrity_check", "foreign_key_check"):
                found = connection.execute(f"PRAGMA {check}").fetchmany(3)
                if found not in ([], [("ok",)]):
                    raise BackupError(f"{path} is damaged: {found}")
            held = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
            if "alembic_version" not in held:
                raise BackupError(f"{path} is no backup of this program")
            stands = [name for (name,) in connection.execute("SELECT * FROM alembic_version")]
            refuse_newer(stands, schema)
            return _counted(connection, [name for name in schema.metadata.tables if name in held])
    except sqlite3.Error as error:
        raise BackupError(f"{path} cannot be read as a backup: {error}") from error


def restore(
    path: Path, settings: Settings, schema: Schema = SCHEMA, progress: Progress = _silent
) -> Counts:
    """Fill an empty database from a backup, perhaps of an older program or of the other engine.

    SQLite: the file must not exist yet. PostgreSQL: its tables must be empty or not there yet; all
    rows come in one transaction. Either way the result is verified before it counts.

    Raises:
        BackupError: the backup is damaged, or the database is not empty.
    """
    verify(path, schema)
    backend = backend_of(settings)
    if isinstance(backend, Sqlite):
        backend.make_folder()
        with _new_file(backend.path) as partial:
            return _upgraded(path, partial, schema)
    with tempfile.TemporaryDirectory() as folder:
        held = _upgraded(path, Path(folder) / "restore.db", schema)
        upgrade(settings, schema)
        with (
            reading(_settings_of(Path(folder) / "restore.db")) as source,
            connected(settings) as target,
        ):
            if any(count(target, schema).values()):
                raise BackupError("the database is not empty; restore into a new one")
            _copy_rows(source, target, schema, progress)
            if (kept := count(target, schema)) != held:
                raise BackupError(f"the database holds {kept} after the copy of {held}")
    return held


def count(connection: Connection, schema: Schema) -> Counts:
    """Rows of each table of the schema."""
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in schema.metadata.sorted_tables
    }


def _copy_file(database: Path, path: Path, schema: Schema) -> Counts:
    """Copy one state of an SQLite database; what is written meanwhile is not in it."""
    with _opened(database) as source, closing(sqlite3.connect(path)) as target:
        source.execute("BEGIN")
        held = _counted(source, list(schema.metadata.tables))  # the first read fixes the state
        source.backup(target)
    return held


def _copy_out(settings: Settings, path: Path, schema: Schema, progress: Progress) -> Counts:
    """Copy the rows of one snapshot into a new SQLite file."""
    upgrade(_settings_of(path), schema)
    with reading(settings) as source, connected(_settings_of(path)) as target:
        _copy_rows(source, target, schema, progress)
        return count(source, schema)


def _copy_rows(source: Connection, target: Connection, schema: Schema, progress: Progress) -> None:
    for table in schema.metadata.sorted_tables:  # those that others refer to come first
        done = 0
        rows = source.execution_options(yield_per=_STEP_ROWS_MAX).execute(select(table))
        for step in rows.mappings().partitions():
            target.execute(insert(table), [dict(row) for row in step])
            progress(table.name, done := done + len(step))


def _upgraded(backup: Path, path: Path, schema: Schema) -> Counts:
    """A copy of a backup, brought up to this program, as one file without a log."""
    shutil.copyfile(backup, path)
    upgrade(_settings_of(path), schema)
    _close_log(path)
    return verify(path, schema)


def _close_log(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """A file that appears under its name only when it is whole and on the disk."""
    if path.exists():
        raise BackupError(f"{path} exists already; name a new file")
    if not path.parent.is_dir():
        raise BackupError(f"{path.parent} is no folder; make it first, or name another file")
    for log in (path.with_name(path.name + suffix) for suffix in _LOGS):
        # SQLite would take it for the new file's own, and play it into that; an empty one is none.
        if log.exists() and log.stat().st_size:
            raise BackupError(
                f"{log} is left of the database that was here, and may hold its last commits; "
                "move it to where that is, under its name, or delete it"
            )
    partial = path.with_name(f"{path.name}.partial")
    try:
        _remove(partial)
        create(partial)
        yield partial
        _sync(partial)
        partial.rename(path)
        _sync(path.parent)
    except (sqlite3.Error, OSError) as error:  # the disk is full, perhaps, or read only
        why = error.strerror if isinstance(error, OSError) else error
        raise BackupError(f"{path} was not written: {why}") from error
    finally:
        _remove(partial)


def _remove(path: Path) -> None:
    for suffix in ("", "-shm", *_LOGS):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A file that must be there, read only."""
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
        yield connection


def _counted(connection: sqlite3.Connection, tables: list[str]) -> Counts:
    """Rows of some tables. Their names are ours, not anybody's input."""
    return {
        name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables
    }


def _settings_of(path: Path) -> Settings:
    return Settings(URL.create("sqlite", database=str(path)).render_as_string())
