"""Moving SQLite's write-ahead log to where its pages belong, beside the writer.

Left to itself, SQLite does that within a commit as soon as the log is long, and all who wait for
the writer wait for it too. Here a thread with a connection of its own moves the pages while the
writer goes on. What has come into the log meanwhile is little; the writer moves it between two
batches, and then the log begins anew. Should neither come to it, SQLite's own limit is above.

Nothing depends on it: a page that is not moved is read from the log.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Connection

__all__ = ["ROWS_AT_ONCE", "Checkpoints"]

_log = logging.getLogger(__name__)

ROWS_AT_ONCE: Final = 10_000
"""With so many new rows the log is moved: some 10 MB, in which most pages lie several times."""
_PASS: Final = "PRAGMA wal_checkpoint(PASSIVE)"


class Checkpoints:
    """One thread for one file."""

    def __init__(self, path: Path, lock_s_max: float, rows_at_once: int = ROWS_AT_ONCE) -> None:
        """Not started yet. ``lock_s_max``: how long to wait for a lock of somebody else."""
        self._uri = f"file:{quote(str(path))}?mode=rw"
        self._lock_s_max = lock_s_max
        self._rows_at_once = rows_at_once
        self._rows = 0
        self._is_due = threading.Event()
        self._is_idle = threading.Event()
        self._is_idle.set()
        self._is_moved = False
        """The thread has moved what it found; the rest is the writer's."""
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="store-checkpoints", daemon=True)

    def start(self) -> None:
        """Once, before the first commit."""
        self._thread.start()

    def stop(self) -> None:
        """Once, after the last commit."""
        self._is_stopping = True
        self._is_due.set()
        self._thread.join()

    def note(self, connection: Connection, rows_count: int) -> None:
        """The writer has committed so many rows, and is between two transactions."""
        self._rows += rows_count
        if self._is_moved:
            self._is_moved, self._rows = False, 0
            driver: Any = connection.connection.driver_connection
            _move(driver)
        elif self._rows >= self._rows_at_once:
            self._rows = 0
            self._is_idle.clear()
            self._is_due.set()

    def settle(self) -> None:
        """Wait until the thread has nothing to do."""
        self._is_idle.wait()

    def _run(self) -> None:
        while self._is_due.wait() and not self._is_stopping:
            self._is_due.clear()
            try:
                with closing(self._connected()) as connection:
                    _move(connection)
            except sqlite3.Error as error:
                _log.warning("the log stays where it is, there is no connection: %s", error)
            self._is_moved = True
            self._is_idle.set()

    def _connected(self) -> sqlite3.Connection:
        # As durable as the writer: the log begins anew only when the pages are on the disk.
        connection = sqlite3.connect(
            self._uri, uri=True, timeout=self._lock_s_max, isolation_level=None
        )
        connection.execute("PRAGMA synchronous=FULL")
        return connection


def _move(connection: sqlite3.Connection) -> None:
    """Move what nobody reads from the log any more, without waiting for anybody."""
    try:
        connection.execute(_PASS).fetchone()
    except sqlite3.Error as error:  # the disk is full, perhaps: the log stays, and the next tries
        _log.warning("the log stays where it is: %s", error)
