"""Keeps reservations: durable before a station is asked, and up to date with what becomes of them.

What is learned goes through ``service.after`` inside the writer's transaction, together with the
event that tells it, so that nothing is lost or told twice, whoever learns it first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from chargeplane.csms.contract import Station
from chargeplane.csms.reservation import service, tables
from chargeplane.csms.reservation.hearing import (
    HEARD,
    Hint,
    event_of,
    may_say,
    new_reservation,
    said_by,
)
from chargeplane.csms.reservation.service import Evidence, Reservation
from chargeplane.csms.wire_ids import new_wire_id
from chargeplane.domain.commands import Accepted, Outcome, Reserve, Unsupported
from chargeplane.domain.events import (
    Event,
)
from chargeplane.domain.reservations import ReservationState
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Store, StoreError, new_id

__all__ = ["HEARD", "OPEN_MAX", "Begun", "Reservations", "TellOf"]

_log = logging.getLogger(__name__)

OPEN_MAX: Final = 200
"""Reservations of one station that are open at a time."""
DRAWS_MAX: Final = 20
DUE_AT_ONCE_MAX: Final = 500
PAUSE_S: Final = 5.0
"""So late at the most it is noticed that the time of a reservation is over."""

TellOf = Callable[[UUID, Callable[[Connection], Sequence[Event]]], Awaitable[Sequence[Event]]]
"""Does some work in the writer's transaction, makes the events that it gives back durable with it,
tells them, and gives them to the caller."""


class Begun(NamedTuple):
    """A reservation that its station is to be asked for."""

    reservation: Reservation
    settle: Callable[[Outcome], Awaitable[None]]
    """Keeps what came of it."""


class Reservations:
    """All reservations of all tenants."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        tell_of: TellOf,
        draw: Callable[[], int] = new_wire_id,
    ) -> None:
        """``draw`` gives random ids for the wire: positive, 31 bits, hard to guess."""
        self._store = store
        self._clock = clock
        self._tell_of = tell_of
        self._draw = draw
        self._hearing: set[asyncio.Task[None]] = set()
        self._begun_count = 0
        self._is_any = True
        """Whether there are reservations at all, as of the last look at the clock. Where nobody
        uses them, nothing is read when a transaction starts."""

    # Asking a station --------------------------------------------------------------------------

    async def begin(self, station: Station, command: Reserve) -> Begun | Unsupported:
        """Make a reservation durable that the station is about to be asked for.

        Under the id of an open one it is that one, whose time is to be another.
        """
        now = self._clock.now()
        if command.expires_at <= now:
            return Unsupported(reason="its time is over already")
        try:
            id_ = UUID(command.reservation_id) if command.reservation_id else new_id()
        except ValueError:
            return Unsupported(reason=f"{command.reservation_id} is no UUID")
        new = new_reservation(station, command, id_, now)
        draws = [self._draw() for _ in range(DRAWS_MAX)]
        made: list[Reservation] = []
        old: list[Reservation] = []
        why: list[str] = []

        def work(connection: Connection) -> Sequence[Event]:
            made.clear()  # it may be done again, after a batch that has failed
            old.clear()
            why.clear()
            there = tables.find(connection, station.tenant_id, id_)
            is_new = there is None or there.wire_id in draws
            if there is not None and not is_new and service.may_take_the_place_of(there, new):
                old.append(there)
                return ()
            if tables.open_count(connection, station.tenant_id, station.id) >= OPEN_MAX:
                why.append(f"{station.id} has {OPEN_MAX} open reservations, and no more may be")
                return ()
            added = tables.add(connection, new, draws)
            if added is None:
                why.append(f"there is a reservation {id_} already")
                return ()
            made.append(added)
            return (event_of(added, now),)

        await self._tell_of(station.tenant_id, work)
        self._begun_count += 1
        self._is_any = True
        if old:
            return Begun(old[0], partial(self._prolonged, old[0], command.expires_at))
        if made:
            return Begun(made[0], partial(self._answered, made[0]))
        return Unsupported(reason=why[0])

    async def _answered(self, reservation: Reservation, outcome: Outcome) -> None:
        """The station has answered our request, or has not."""
        evidence = service.of_answer(outcome, self._clock.now())
        await self._change_if_stored(reservation, lambda known: service.after(known, evidence))

    async def _prolonged(
        self, reservation: Reservation, expires_at: datetime, outcome: Outcome
    ) -> None:
        """The station has answered whether the time may be another; if not, the old one stands."""
        if isinstance(outcome, Accepted):
            await self._change_if_stored(
                reservation, lambda known: service.prolonged(known, expires_at)
            )

    async def cancelled(self, reservation: Reservation, outcome: Outcome) -> None:
        """The station has answered our cancellation, or has not."""
        evidence = service.of_cancellation(outcome, self._clock.now())
        if evidence is not None:
            await self._change_if_stored(reservation, lambda known: service.after(known, evidence))

    async def of_station(self, station: Station, reservation_id: str) -> Reservation | None:
        """One of a station's by our id; None if it has no such one."""
        try:
            id_ = UUID(reservation_id)
        except ValueError:
            return None
        found = await self.find(station.tenant_id, id_)
        return found if found is not None and found.station_id == station.id else None

    async def find(self, tenant_id: UUID, id_: UUID) -> Reservation | None:
        """One by our id."""
        return await self._store.read(partial(tables.find, tenant_id=tenant_id, id_=id_))

    # Learning ----------------------------------------------------------------------------------

    async def reported(
        self, station: Station, wire_id: int, state: ReservationState, at: datetime
    ) -> bool:
        """A station says how one has ended (H04); whether it is one of its own.

        Raises:
            StoreError: it could not be kept.
        """
        look = partial(
            tables.named, tenant_id=station.tenant_id, station_id=station.id, wire_id=wire_id
        )
        known = await self._store.read(look)
        if known is not None:
            await self._learn(known, Evidence(state, at))
        return known is not None

    def hear(self, event: Event) -> Awaitable[None] | None:
        """What other blocks tell. A listener of the bus; told twice, it learns it once."""
        if isinstance(event, HEARD) and may_say(event, is_any=self._is_any):
            return self._follow(event)
        return None

    async def settle(self) -> None:
        """Wait until all that was heard is kept."""
        while self._hearing:
            await asyncio.wait(self._hearing)

    def _follow(self, event: Hint) -> Awaitable[None]:
        task = asyncio.get_running_loop().create_task(self._hear(event))
        self._hearing.add(task)
        task.add_done_callback(self._hearing.discard)
        return task

    async def _hear(self, event: Hint) -> None:
        try:
            for each in await self._store.read(partial(said_by, event=event)):
                await self._learn(each.reservation, each.evidence)
        except StoreError as error:
            _log.warning(
                "a reservation is not kept: %s", error, extra={"station_id": event.station_id}
            )

    async def expire(self) -> int:
        """End those whose time is over; how many."""
        count, now = 0, self._clock.now()
        begun_count = self._begun_count
        is_any = await self._store.read(partial(tables.is_any, at=now))
        self._is_any = is_any or self._begun_count != begun_count
        look = partial(tables.due, now=now, count_max=DUE_AT_ONCE_MAX)
        for known in await self._store.read(look):
            count += await self._change(known, partial(_at, now=now))
        return count

    async def run(self) -> None:
        """End reservations when their time is over, until cancelled."""
        while True:
            try:
                await self.expire()
            except StoreError as error:
                _log.warning("reservations are looked at later: %s", error)
            await self._clock.sleep(PAUSE_S)

    async def _change_if_stored(
        self, known: Reservation, changed: Callable[[Reservation], Reservation]
    ) -> None:
        try:
            await self._change(known, changed)
        except StoreError as error:
            # The station has done it; whoever has asked for it shall know, even if the row does
            # not. What the station does next, or the clock, will say it again.
            _log.warning("reservation %s is not up to date: %s", known.id, error)

    async def _learn(self, known: Reservation, evidence: Evidence) -> None:
        await self._change(known, lambda stored: service.after(stored, evidence))

    async def _change(
        self, known: Reservation, changed: Callable[[Reservation], Reservation]
    ) -> bool:
        """Change one as it is stored at that moment, and tell it; whether anything is new."""
        now = self._clock.now()

        def work(connection: Connection) -> Sequence[Event]:
            learned = tables.learn(connection, known.tenant_id, known.id, changed)
            return () if learned is None else (event_of(learned, now),)

        return bool(await self._tell_of(known.tenant_id, work))


def _at(known: Reservation, now: datetime) -> Reservation:
    """What a reservation is at a moment."""
    evidence = service.of_clock(known, now)
    return known if evidence is None else service.after(known, evidence)
