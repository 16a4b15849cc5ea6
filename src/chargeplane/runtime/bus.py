"""The bus in this process: whoever wants to know is told what has become durable, in order.

The outbox in the database is the record. An event is told here right after the commit that holds
it. What a crash kept from being told is told at the next start (``Relay``), perhaps for a second
time: whoever cannot bear that drops an id that it has seen.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Connection

from chargeplane.domain.events import Event, decode
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Function, Store, StoreError, new_id, outbox, tenants

__all__ = ["Bus", "Listen", "Published", "Relay", "Source"]

_log = logging.getLogger(__name__)
READER = "bus"


class Published(Struct, frozen=True, gc=False):
    """An event, and its id in the outbox."""

    tenant_id: UUID
    id: UUID
    event: Event


Listen = Callable[[Event], Awaitable[None] | None]

Source = Callable[[Connection, UUID, UUID, int], list[Published]]
"""Events that other rows than those of the outbox say by themselves.

Takes a connection, a tenant, a position (of ids) and how many at the most; gives the events behind
the position, the oldest first.
"""


class Bus:
    """Tells listeners. One that has to wait is waited for by nobody else."""

    def __init__(self) -> None:
        self._listeners: list[tuple[Listen, tuple[type[Event], ...]]] = []
        self._of_kind: dict[type[Event], tuple[Listen, ...]] = {}
        self._tasks: set[asyncio.Future[None]] = set()
        self.published_count = 0

    def listen(self, listener: Listen, *kinds: type[Event]) -> None:
        """Tell this one from now on: of events of these kinds, or of every event.

        Meter samples are as many as all others a hundred times over. Who does not want them costs
        them nothing if it says so here.
        """
        self._listeners.append((listener, kinds))
        self._of_kind.clear()

    def publish(self, events: Iterable[Published]) -> None:
        """Tell all listeners."""
        for each in events:
            self.published_count += 1
            listening = self._of_kind.get(type(each.event))
            if listening is None:
                listening = self._listening(each.event)
            for listener in listening:
                waiting = listener(each.event)
                if waiting is not None:
                    self._follow(asyncio.ensure_future(waiting))

    def _listening(self, event: Event) -> tuple[Listen, ...]:
        found = [each for each, kinds in self._listeners if not kinds or isinstance(event, kinds)]
        listening = self._of_kind[type(event)] = tuple(found)
        return listening

    def _follow(self, task: asyncio.Future[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Future[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a listener failed", exc_info=error)


class Relay:
    """Remembers how far the bus has told the outbox, and tells the rest after a crash."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        clock: Clock,
        sources: Sequence[Source] = (),
        *,
        pause_s: float = 10.0,
        step_max: int = 1_000,
    ) -> None:
        """A relay of the outbox, and of these sources beside it."""
        self._store = store
        self._bus = bus
        self._clock = clock
        self._sources = (_outbox, *sources)
        self._pause_s = pause_s
        self._step_max = step_max
        self._begun = new_id()
        """What comes after it is of this run, which tells it by itself."""
        self.is_behind = True
        """What an earlier run has left is not told yet; so the position stays where it is."""

    async def catch_up(self) -> int:
        """Tell what an earlier run has committed and perhaps not told; how many events."""
        count = 0
        for tenant_id in await self._store.read(tenants.known):
            position = await self._store.read(
                partial(outbox.confirmed, tenant_id=tenant_id, reader=READER)
            )
            while left := await self._store.read(partial(self._after, tenant_id, position)):
                self._bus.publish(left)
                count += len(left)
                position = left[-1].id
        self.is_behind = False
        return count

    async def run(self) -> None:
        """Tell what is left of an earlier run, then remember the position from time to time.

        Ends only when cancelled. Meanwhile new events are told as well.
        """
        while True:
            try:
                if self.is_behind:
                    await self.catch_up()
                await self.confirm()
            except StoreError as error:
                _log.warning("the bus could not read or keep its position: %s", error)
            await self._clock.sleep(self._pause_s)

    async def confirm(self) -> None:
        """What is settled was told when it was committed."""
        await self._confirm(outbox.settled(self._clock.now()))

    async def finish(self) -> None:
        """At an orderly end everything was told: whoever tells has stopped, and this comes last."""
        await self._confirm(new_id())

    async def _confirm(self, position: UUID) -> None:
        if not self.is_behind:
            await self._store.write(Function(partial(_remember, position=position)))

    def _after(self, tenant_id: UUID, position: UUID, connection: Connection) -> list[Published]:
        found: list[Published] = []
        for source in self._sources:
            found += source(connection, tenant_id, position, self._step_max)
        found.sort(key=lambda each: each.id)  # as they happened
        return [each for each in found[: self._step_max] if each.id < self._begun]


def _outbox(
    connection: Connection, tenant_id: UUID, position: UUID, count_max: int
) -> list[Published]:
    found = outbox.after(connection, [tenant_id], position, count_max)
    return [Published(each.tenant_id, each.id, decode(each.payload.encode())) for each in found]


def _remember(connection: Connection, position: UUID) -> None:
    for tenant_id in tenants.known(connection):
        outbox.confirm(connection, tenant_id, READER, position)
