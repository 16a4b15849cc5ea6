"""The store: ``await store.write(unit)`` is durable when it returns; ``read`` sees it from then on.

    settings = Settings("sqlite:///chargeplane.db")
    upgrade(settings)
    async with Store(settings) as store:
        await store.write(Function(work))
        rows = await store.read(look)

A store belongs to the event loop it was opened in.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from sqlalchemy import Connection

from chargeplane.runtime.store import outbox
from chargeplane.runtime.store.backends import Settings
from chargeplane.runtime.store.engines import backend_of
from chargeplane.runtime.store.errors import StoreBusy, StoreClosed, StoreUnavailable
from chargeplane.runtime.store.ids import OURS
from chargeplane.runtime.store.migrating import reading, require_current
from chargeplane.runtime.store.readers import Look, Readers
from chargeplane.runtime.store.room import Room
from chargeplane.runtime.store.schema import SCHEMA, Schema
from chargeplane.runtime.store.tickets import Kept, Tell, Ticket
from chargeplane.runtime.store.units import Unit
from chargeplane.runtime.store.writer import Batch, Writer

__all__ = ["Committed", "Health", "Store"]

R = TypeVar("R")
_SWEEP_S = 0.1


@dataclass(frozen=True)
class Committed:
    """One batch that is durable."""

    units: int
    took_s: float
    """From its first statement to the end of its commit."""


@dataclass(frozen=True)
class Health:
    """How the store is at this moment."""

    writing: bool
    """The writer's thread lives."""
    waiting_units: int
    waiting_reads: int
    trouble: str | None
    """Why units wait, in the database's words; None while all is well."""


class Store:
    """One database, written by one thread and read by a few."""

    def __init__(
        self,
        settings: Settings,
        schema: Schema = SCHEMA,
        on_commit: Callable[[Committed], None] = lambda committed: None,
    ) -> None:
        self.settings = settings
        self._schema = schema
        self._on_commit = on_commit
        self._backend = backend_of(settings)
        self._writer = Writer(self._backend, self._release)
        self._room = Room(settings.waiting_units_max)
        self._waiting: set[Ticket[Any]] = set()
        self._fresh: list[Ticket[Any]] = []
        self._fresh_looks: list[Look] = []
        self._waiting_reads = 0
        self._readers = Readers(self._backend, self._read)
        self._sweep: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        """Refuse a database of another version, and start."""
        await asyncio.to_thread(self._check)
        self._loop = asyncio.get_running_loop()
        self._readers.start()
        self._writer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Commit what waits, as far as the database lets us, and end."""
        self._hand_over()
        self._hand_looks_over()
        await asyncio.to_thread(self._writer.stop)
        await asyncio.to_thread(self._readers.stop)
        if self._sweep is not None:
            self._sweep.cancel()

    def _check(self) -> None:
        require_current(self.settings, self._schema)
        with reading(self.settings) as connection:
            newest = [outbox.newest(connection, ids) for ids in self._schema.rising]
        for known in newest:
            if known is not None:
                OURS.continue_after(known)

    @property
    def health(self) -> Health:
        """For ``/health`` and for metrics."""
        return Health(
            writing=self._writer.is_alive,
            waiting_units=len(self._waiting),
            waiting_reads=self._waiting_reads,
            trouble=self._writer.trouble,
        )

    async def write(self, unit: Unit[R], *, deadline_s: float | None = None) -> R:
        """Commit a unit and return its result. Waits its turn when the queue is full.

        Raises:
            StoreUnavailable: the deadline passed; see its ``may_be_stored``.
            StoreClosed: the store is closing.
            Exception: whatever the unit itself raised. It left no trace.
        """
        expires_at_s = time.monotonic() + self._patience_s(deadline_s)
        try:
            async with asyncio.timeout(max(0.0, expires_at_s - time.monotonic())):
                await self._room.enter()
        except TimeoutError as late:
            raise StoreUnavailable(self._why("no room in the queue")) from late
        stored: asyncio.Future[R] = self._loop.create_future()

        def tell(result: R, error: Exception | None) -> None:
            if stored.done():  # it was cancelled just now
                return
            if error is None:
                stored.set_result(result)
            else:
                stored.set_exception(error)

        ticket = self._queue(unit, tell, expires_at_s)
        try:
            return await stored
        finally:
            ticket.tell = None

    def submit(self, unit: Unit[Any], tell: Tell, *, deadline_s: float | None = None) -> bool:
        """As ``write``, for whoever has no time to wait: ``tell`` is called in the loop.

        Returns:
            False if the queue is full: then nothing was queued, and ``write`` can wait.

        Raises:
            StoreClosed: the store is closed.
        """
        if not self._room.enter_at_once():
            return False
        self._queue(unit, tell, time.monotonic() + self._patience_s(deadline_s))
        return True

    def _queue(self, unit: Unit[Any], tell: Tell, expires_at_s: float) -> Ticket[Any]:
        if not self._writer.is_open:
            self._room.leave()
            raise StoreClosed("the store is closed")
        ticket: Ticket[Any] = Ticket(unit=unit, tell=tell, expires_at_s=expires_at_s)
        self._waiting.add(ticket)
        # To wake the writer for each would make it begin with the first alone. At the end of this
        # turn of the loop it finds all that have come in together.
        if not self._fresh:
            self._loop.call_soon(self._hand_over)
        self._fresh.append(ticket)
        if self._sweep is None:
            self._sweep = self._loop.call_later(_SWEEP_S, self._give_up_the_late)
        return ticket

    async def read(self, look: Callable[[Connection], R], *, deadline_s: float | None = None) -> R:
        """Call a function with a connection that sees one state of the database and cannot write.

        It may be called twice, if the first connection turns out to be dead.

        Raises:
            StoreUnavailable: the database is away, or did not answer before the deadline.
            StoreBusy: too many reads wait already.
        """
        if self._waiting_reads >= self.settings.waiting_reads_max:
            raise StoreBusy(f"{self._waiting_reads} reads are waiting; try again later")
        self._waiting_reads += 1
        found: asyncio.Future[R] = self._loop.create_future()
        if not self._fresh_looks:
            self._loop.call_soon(self._hand_looks_over)
        self._fresh_looks.append(Look(function=look, waiter=found))
        try:
            async with asyncio.timeout(self._patience_s(deadline_s)):
                return await found
        except TimeoutError as late:
            raise StoreUnavailable("the database did not answer this read in time") from late

    def _patience_s(self, deadline_s: float | None) -> float:
        return self.settings.deadline_s if deadline_s is None else deadline_s

    def _hand_over(self) -> None:
        fresh, self._fresh = self._fresh, []
        if fresh:
            self._writer.put(fresh)

    def _hand_looks_over(self) -> None:
        fresh, self._fresh_looks = self._fresh_looks, []
        self._readers.put(fresh)

    def _release(self, batch: Batch, took_s: float) -> None:
        """Called in the writer's thread: one wake-up of the loop for the whole batch."""
        self._loop.call_soon_threadsafe(self._deliver, batch, took_s)

    def _deliver(self, batch: Batch, took_s: float) -> None:
        self._waiting.difference_update(batch)
        self._room.leave(len(batch))
        undelivered = iter(batch)
        while True:
            delivery = Kept()
            with delivery:
                for ticket in undelivered:
                    ticket.deliver()
            if delivery.error is None:
                break
            # A fault of one who waited must not keep the others waiting for ever.
            self._loop.call_exception_handler(
                {"message": "a result could not be delivered", "exception": delivery.error}
            )
        if took_s:
            self._on_commit(Committed(len(batch), took_s))

    def _give_up_the_late(self) -> None:
        now_s = time.monotonic()
        for ticket in self._waiting:
            if ticket.expires_at_s <= now_s:
                ticket.give_up(self._why("no commit in time"))
        self._sweep = (
            self._loop.call_later(_SWEEP_S, self._give_up_the_late) if self._waiting else None
        )

    def _why(self, what: str) -> str:
        trouble = self._writer.trouble
        return f"{what}; the database is away: {trouble}" if trouble else what

    def _read(self, looks: list[Look]) -> None:
        """Called in a reader's thread: one wake-up of the loop for all of them."""
        self._loop.call_soon_threadsafe(self._deliver_reads, looks)

    def _deliver_reads(self, looks: list[Look]) -> None:
        self._waiting_reads -= len(looks)
        for look in looks:
            look.deliver()
