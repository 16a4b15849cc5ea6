"""The one writer: it gathers the units that wait, commits them together, then lets them know.

It is a thread, because a commit is a wait for the disk. While it waits for one, the next units come
together by themselves; nothing is delayed to make batches bigger.

A batch is applied in one transaction, in the order of arrival. If any unit fails, the transaction
is rolled back and the batch is applied again with a savepoint around each unit, so that only the
poisoned ones fail. If the commit itself refuses (a constraint that is checked late), each unit gets
a transaction of its own. If the *database* fails, the batch is kept and tried again, with growing
pauses, for as long as any of its callers still waits.

Nothing is released before its commit has returned.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from chargeplane.runtime.store.backends import Backend
from chargeplane.runtime.store.errors import StoreClosed
from chargeplane.runtime.store.rows import Row, Rows, write_rows
from chargeplane.runtime.store.tickets import Kept, Ticket

__all__ = ["Batch", "Writer"]

_log = logging.getLogger(__name__)
_FIRST_PAUSE_S = 0.05

Batch = list[Ticket[Any]]


class _Away(Exception):
    """The database failed, not a unit."""


class _Poisoned(Exception):
    """A unit failed, or the commit of the whole."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class Writer:
    """Owns the writing connection and the thread that uses it.

    Args:
        backend: the database.
        release: told, in the writer's thread and in the order of arrival, which units are settled,
            and how many seconds their commit took from the first statement on.
    """

    def __init__(self, backend: Backend, release: Callable[[Batch, float], None]) -> None:
        self._backend = backend
        self._release = release
        self._engine = backend.writer()
        self._connection: Connection | None = None
        self._queue: SimpleQueue[Batch] = SimpleQueue()
        """What came together; nothing at the end."""
        self._ahead: Batch = []
        """What was taken from the queue and had no room in the batch."""
        self._stopping = threading.Event()
        self.is_open = False
        """From ``start`` to the end of the thread: what is queued will be settled."""
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self.trouble: str | None = None
        """Why the writer pauses at this moment, or None."""
        self._away_since_s = 0.0
        self._rows_count = 0
        """Of the batch that was written last."""
        self._tending = backend.tending()

    @property
    def is_alive(self) -> bool:
        """True from ``start`` to ``stop``, unless a bug ended the thread."""
        return self._thread.is_alive() and self.is_open

    def start(self) -> None:
        self.is_open = True
        if self._tending is not None:
            self._tending.start()
        self._thread.start()

    def put(self, tickets: Batch) -> None:
        """Queue units that come together. Whoever calls this bounds the queue."""
        self._queue.put(tickets)

    def stop(self) -> None:
        """Commit what waits, give up what cannot be committed at once, and end."""
        self._stopping.set()
        self._queue.put([])
        self._thread.join()
        if self._tending is not None:
            self._tending.stop()

    def _run(self) -> None:
        batch: Batch = []
        try:
            while batch := self._gather():
                self._work_off(batch)
        finally:
            # After an orderly end nothing is left; after a bug nobody waits for ever.
            self.is_open = False
            self._disconnect()
            self._fail(batch + self._left(), "the store was closed before this was committed")

    def _gather(self) -> Batch:
        """Wait for units and take all that are there, up to the size of a batch; [] at the end."""
        size_max = self._backend.settings.batch_units_max
        batch = self._ahead or self._queue.get()
        while batch and len(batch) < size_max:
            try:
                more = self._queue.get_nowait()
            except Empty:
                break
            if not more:
                self._queue.put(more)  # the end comes after this batch: see it again
                break
            batch = batch + more
        self._ahead = batch[size_max:]
        return batch[:size_max]

    def _left(self) -> Batch:
        """Everything that is queued, for the end."""
        batch, self._ahead = self._ahead, []
        while not self._queue.empty():
            batch = batch + self._queue.get()
        return batch

    def _work_off(self, batch: Batch) -> None:
        """Bring every unit of a batch to its end: committed, failed alone, or given up."""
        pause_s = _FIRST_PAUSE_S
        while batch := self._wanted(batch):
            try:
                self._store(batch)
                break
            except _Away as away:
                self._pause(str(away), pause_s)
                pause_s = min(2 * pause_s, self._backend.settings.retry_s_max)
                if self._stopping.is_set():
                    self._fail(batch + self._left(), f"closed while the database was away: {away}")
                    self._queue.put([])
                    return

    def _wanted(self, batch: Batch) -> Batch:
        """Those that somebody still waits for; the others are let go."""
        wanted = [ticket for ticket in batch if ticket.is_wanted]
        if len(wanted) < len(batch):
            self._release([ticket for ticket in batch if ticket not in wanted], 0.0)
        return wanted

    def _store(self, batch: Batch) -> None:
        """Commit what can be committed, with as little ceremony as it takes."""
        start_s = time.monotonic()
        for way in (self._together, self._guarded, self._alone):
            try:
                way(batch)
                break
            except _Poisoned:
                continue
        if self.trouble is not None:  # before anybody is told: who is told finds us well
            self.trouble = None
            _log.warning("the database is back after %.1f s", time.monotonic() - self._away_since_s)
        self._release(batch, time.monotonic() - start_s)
        if self._tending is not None and self._connection is not None:
            self._tending.note(self._connection, self._rows_count)

    def _together(self, batch: Batch) -> None:
        rows: list[Row] = []
        self._rows_count = 0
        with self._transaction() as connection:
            for ticket in batch:
                if isinstance(ticket.unit, Rows):
                    ticket.begun = True
                    if ticket.is_wanted:
                        rows += ticket.unit.rows
                    continue
                self._write(connection, rows)  # a unit may look at what came before it
                self._rows_count += 1  # or more; nobody knows
                with ticket:
                    ticket.apply_if_wanted(connection)
                self._stop_at(ticket)
            self._write(connection, rows)

    def _write(self, connection: Connection, rows: list[Row]) -> None:
        """Write what has been gathered."""
        gathered = Kept()
        with gathered:
            write_rows(connection, rows)
        self._stop_at(gathered)
        self._rows_count += len(rows)
        rows.clear()

    def _stop_at(self, attempt: Kept) -> None:
        if attempt.error is not None:
            self._blame(attempt.error)
            raise _Poisoned(attempt.error)

    def _guarded(self, batch: Batch) -> None:
        with self._transaction() as connection:
            for ticket in batch:
                with ticket, _savepoint(connection):
                    ticket.apply_if_wanted(connection)
                if ticket.error is not None:
                    self._blame(ticket.error)

    def _alone(self, batch: Batch) -> None:
        for ticket in batch:
            try:
                self._together([ticket])
            except _Poisoned as poisoned:
                ticket.error = poisoned.error

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            connection = self._connected()
            transaction = connection.begin()
        except self._backend.failures as error:
            raise self._gone(error) from error
        try:
            with transaction:
                yield connection
        except self._backend.failures as error:  # of COMMIT or ROLLBACK: units keep their own
            gone = self._gone(error)  # SQLite would still be inside the refused transaction
            if isinstance(error, DBAPIError) and not self._backend.is_away(error):
                raise _Poisoned(error) from error
            raise gone from error
        except _Away:
            self._disconnect()
            raise

    def _blame(self, error: Exception) -> None:
        """Raise unless it was the unit's own fault."""
        if self._backend.is_away(error):
            raise _Away(reason(error)) from error

    def _gone(self, error: Exception) -> _Away:
        self._disconnect()
        return _Away(reason(error))

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _disconnect(self) -> None:
        """Drop the connection. After a failed sync only a new one knows what is on the disk."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _pause(self, cause: str, pause_s: float) -> None:
        if self.trouble is None:
            self._away_since_s = time.monotonic()
            _log.warning("the database is away, units wait: %s", cause)
        self.trouble = cause
        self._stopping.wait(pause_s)

    def _fail(self, batch: Batch, message: str) -> None:
        for ticket in batch:
            ticket.error = StoreClosed(message)
        self._release(batch, 0.0)


@contextmanager
def _savepoint(connection: Connection) -> Iterator[None]:
    """All of the block or nothing of it. A failed statement that the block hides fails the release.

    SQLAlchemy's own leaves PostgreSQL's transaction broken in that case.
    """
    connection.exec_driver_sql("SAVEPOINT unit")
    kept = False
    try:
        yield
        connection.exec_driver_sql("RELEASE SAVEPOINT unit")
        kept = True
    finally:
        if not kept:
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT unit")
            connection.exec_driver_sql("RELEASE SAVEPOINT unit")


def reason(error: Exception) -> str:
    """The driver's own words, without the statement and its parameters."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return f"{type(cause).__name__}: {cause}".strip()
