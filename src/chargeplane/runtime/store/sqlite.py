"""SQLite: one file, one writer, and readers that never wait for it.

WAL lets readers work beside the writer. ``synchronous=FULL`` makes a commit survive a power cut;
NORMAL loses the last ones, and FULL costs five per cent once commits are shared. A transaction
that writes begins with IMMEDIATE: one that is deferred fails at once when it wants to write while
somebody else does, whatever the timeout.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, NullPool, QueuePool, create_engine, event

from chargeplane.runtime.store.backends import Backend, Settings
from chargeplane.runtime.store.checkpoints import Checkpoints
from chargeplane.runtime.store.errors import StoreError
from chargeplane.runtime.store.rows import STATEMENTS_MAX

__all__ = ["Sqlite", "create"]

# Primary result codes of failures that pass: somebody holds a lock, the disk is full or fails, the
# file is unreachable, memory is short.
_MOODS = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
_WAL_BYTES_KEPT = 64 * 1024 * 1024
# Of a new database; one that is there keeps its own. Half as many pages are half as many writes.
_PAGE_BYTES = 8_192
# With so many pages in the log the writer moves them itself, if ``Checkpoints`` did not come to it.
_WAL_PAGES = 4_000
# What the writer keeps in memory of the database: the pages where a thousand active stations write.
# More would not be used again, and memory that is touched for the first time costs a page fault.
_WRITER_CACHE_KIB = 16 * 1024
_READER_CACHE_KIB = 8 * 1024
_PRAGMAS = (
    f"page_size={_PAGE_BYTES}",
    "foreign_keys=ON",
    "synchronous=FULL",
    f"journal_size_limit={_WAL_BYTES_KEPT}",
    f"wal_autocheckpoint={_WAL_PAGES}",
    # What undoes a statement that fails halfway; in a file it costs as much as the log itself.
    "temp_store=MEMORY",
)


class Sqlite(Backend):
    """The default: nothing to install."""

    name = "sqlite"
    driver_errors = sqlite3.Error

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        if not self.url.database or self.url.database == ":memory:":
            raise StoreError("SQLite needs a file: sqlite:///PATH; memory is not durable")
        self.path = Path(self.url.database)

    def make(self) -> None:
        self.make_folder()
        create(self.path)

    def make_folder(self) -> None:
        """Where the file lies, for its owner alone."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    def is_made(self) -> bool:
        return self.path.is_file()

    def tending(self) -> Checkpoints:
        return Checkpoints(self.path, self.settings.lock_s_max)

    def writer(self) -> Engine:
        return self._engine(
            "BEGIN IMMEDIATE",
            "journal_mode=WAL",
            f"cache_size=-{_WRITER_CACHE_KIB}",
            poolclass=NullPool,
        )

    def readers(self) -> Engine:
        return self._engine(
            "BEGIN",
            "query_only=ON",
            f"cache_size=-{_READER_CACHE_KIB}",
            poolclass=QueuePool,
            pool_size=self.settings.readers_max,
            max_overflow=0,
        )

    def is_mood(self, error: BaseException) -> bool:
        code = getattr(error, "sqlite_errorcode", None)
        return code is not None and code & 0xFF in _MOODS

    def lock_schema(self, connection: Connection) -> None:
        """Nothing is left to do: BEGIN IMMEDIATE holds the lock already."""

    def _engine(self, begin: str, *pragmas: str, **options: Any) -> Engine:
        # Only ``make`` makes a file: who looks at a wrong place leaves nothing there.
        file = self._url("pysqlite").set(
            database=f"file:{quote(str(self.path))}", query={"mode": "rw", "uri": "true"}
        )
        engine = create_engine(
            file,
            connect_args={
                "check_same_thread": False,  # a pool hands connections from thread to thread
                "isolation_level": None,  # BEGIN is ours, below
                "cached_statements": STATEMENTS_MAX,
                "timeout": self.settings.lock_s_max,
            },
            **options,
        )

        @event.listens_for(engine, "connect")
        def _prepare(connection: sqlite3.Connection, _record: object) -> None:
            for pragma in (*_PRAGMAS, *pragmas):
                answer = connection.execute(f"PRAGMA {pragma}").fetchone()
                if pragma == "journal_mode=WAL" and answer != ("wal",):
                    raise StoreError(f"{self.path} lies where SQLite has no write-ahead log")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            # Not through SQLAlchemy, which takes longer for it than SQLite.
            driver: Any = connection.connection.driver_connection
            driver.execute(begin)

        return engine


def create(path: Path) -> None:
    """Make the file for its owner alone; SQLite gives the log beside it the same mode."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
