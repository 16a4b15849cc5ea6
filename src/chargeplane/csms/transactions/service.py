"""Taking a transaction message: into the ledger, into its session, and on to whoever listens.

The ordinary message costs no look into the store: the station's book knows its transaction. All
others are folded from the ledger. Either way the rows say what the fold of the whole ledger says.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Connection, select

from chargeplane.csms.contract import Heard, Station
from chargeplane.csms.transactions import tables
from chargeplane.csms.transactions.book import Book, Live, read_book
from chargeplane.csms.transactions.posting import Posting
from chargeplane.csms.transactions.refolding import refold
from chargeplane.csms.transactions.rows import facts_of, going_on_row, live_row, sampled, updated
from chargeplane.csms.wire_ids import new_wire_id
from chargeplane.domain.events import Event, TransactionEnded, TransactionStarted
from chargeplane.domain.ledger import LedgerEntry
from chargeplane.domain.times import moment
from chargeplane.domain.tokens import IdToken, TokenStatus
from chargeplane.runtime.store import Function, Row, Store, insert_new, new_id

__all__ = ["Given", "Taken", "Transactions"]

DRAWS_MAX = 20


class Taken(Struct, frozen=True, eq=False, gc=False):
    """What becomes durable with a message."""

    rows: tuple[Row, ...]
    events: tuple[Event, ...]
    implied: Event | None = None
    """What the entry in the day book says by itself (``contract.Decision``)."""


class Given(NamedTuple):
    """The id that a 1.x start was given, and how its token stood."""

    wire_id: int
    status: TokenStatus


class Transactions:
    """The rules of the block, the same for all versions."""

    def __init__(
        self,
        store: Store,
        posting: Posting | None = None,
        draw: Callable[[], int] = new_wire_id,
    ) -> None:
        """``draw`` gives random ids for 1.x: positive, 31 bits, hard to guess."""
        self._store = store
        self._posting = posting or Posting(store)
        self._draw = draw

    def take(
        self,
        heard: Heard,
        entry: LedgerEntry,
        charging_state: str | None = None,
        remote_start_id: str | None = None,
    ) -> Taken | Awaitable[Taken]:
        """Put an entry into the ledger and its transaction. Reads only where it must."""
        book = heard.station.get(Book)
        if book is None:
            return self._take_after_reading(heard, entry, charging_state, remote_start_id)
        taken = self._ordinary(book, heard, entry, charging_state, remote_start_id)
        return taken or self._fold(heard, entry, charging_state, remote_start_id)

    async def _take_after_reading(
        self,
        heard: Heard,
        entry: LedgerEntry,
        charging_state: str | None,
        remote_start_id: str | None,
    ) -> Taken:
        book = await self._read_book(heard)
        taken = self._ordinary(book, heard, entry, charging_state, remote_start_id)
        return taken or await self._fold(heard, entry, charging_state, remote_start_id)

    async def _read_book(self, heard: Heard) -> Book:
        station = heard.station
        reading = partial(
            read_book,
            tenant_id=station.tenant_id,
            station_id=station.id,
            now=heard.received_at,
        )
        book: Book = await self._store.read(reading)
        station.state[Book] = book
        return book

    async def going_on_at(self, heard: Heard, entry: LedgerEntry) -> str | None:
        """The station's id of the transaction that was active at an entry's EVSE and time."""
        book = heard.station.get(Book) or await self._read_book(heard)
        evse, at = entry.known_evse, moment(entry.reported_at, entry.received_at).at
        if evse is None:
            return None
        for wire_id, live in book.live.items():
            running = live.running
            is_there = (running.evse.evse_id, running.family) == (evse.evse_id, entry.family)
            if is_there and running.started_at <= at:
                return wire_id
        if evse.evse_id not in book.folded_evses:
            return None
        station = heard.station
        of = partial(tables.active_at, tenant_id=station.tenant_id, station_id=station.id)
        where = partial(of, family=entry.family, evse_id=evse.evse_id, at=at)
        return await self._store.read(where)

    def _ordinary(
        self,
        book: Book,
        heard: Heard,
        entry: LedgerEntry,
        charging_state: str | None,
        remote_start_id: str | None,
    ) -> Taken | None:
        """The usual case, without reading."""
        live = book.live_of(entry)
        events: tuple[Event, ...] = ()
        goes_on = False
        if live is None:
            running = book.begin(entry)
            if running is None:
                return None
            live = Live(new_id(), running, charging_state, remote_start_id)
            book.add(live)
            events = (_started(live, entry, heard),)
        else:
            running = live.running
            if not running.extend(entry):
                return None
            is_caused = remote_start_id is not None and live.remote_start_id is None
            if is_caused:  # the vehicle was there before the driver (F01.FR.25)
                live.remote_start_id = remote_start_id
            tells_who = is_caused or entry.id_token is not None or entry.reservation_id is not None
            goes_on = running.ended_at is None and entry.id_token is None and not is_caused
            if entry.id_token is not None:
                live.note_token()
            if running.ended_at is not None:
                book.close(running.wire_id)
                events = (_ended(live, entry, heard),)
            elif tells_who or (
                charging_state is not None and charging_state != live.charging_state
            ):
                live.charging_state = charging_state or live.charging_state
                facts = live.id, live.charging_state, running.energy_wh
                caused_by = live.remote_start_id if is_caused else None
                events = (updated(entry, heard, *facts, caused_by),)
        tenant_id, frame_id, at = heard.station.tenant_id, heard.frame_id, running.last_at
        energy_wh = running.energy_wh
        sample = sampled(entry, running.evse, live.id_text, energy_wh)
        if goes_on:
            self._posting.note(frame_id)
            row = tables.daybook_row(tenant_id, frame_id, entry, at)
            return Taken((row, going_on_row(live, heard, energy_wh)), events, sample)
        ledger = tables.ledger_row(tenant_id, frame_id, entry, at, is_loose=False)
        return Taken(
            (ledger, live_row(live, heard)), events if sample is None else (*events, sample)
        )

    async def _fold(
        self,
        heard: Heard,
        entry: LedgerEntry,
        charging_state: str | None,
        remote_start_id: str | None,
    ) -> Taken:
        heard.station.state.pop(Book, None)  # it is read anew when this is stored
        folded = await self._store.read(
            partial(
                refold,
                heard=heard,
                entry=entry,
                charging_state=charging_state,
                remote_start_id=remote_start_id,
            )
        )
        return Taken(folded.rows, folded.events)

    # Ids for 1.x ----------------------------------------------------------------------------

    async def given(self, station: Station, start_key: str) -> Given | None:
        """The id that this very start has got before: a station repeats what was not answered."""
        return await self._store.read(partial(_given, station=station, start_key=start_key))

    async def give(
        self, station: Station, start_key: str, status: TokenStatus, now: datetime
    ) -> Given:
        """An id for a new start: random, since who can guess an id can end a transaction."""
        draws = [self._draw() for _ in range(DRAWS_MAX)]
        work = partial(
            _give, station=station, start_key=start_key, status=status, draws=draws, now=now
        )
        return await self._store.write(Function(work))

    async def active_count(
        self, tenant_id: UUID, id_token: IdToken, besides: tuple[str, str] | None = None
    ) -> int:
        """How many transactions a token has, but for the one that it is asked about."""
        return await self._store.read(
            partial(tables.active_count, tenant_id=tenant_id, id_token=id_token, besides=besides)
        )


def _given(connection: Connection, station: Station, start_key: str) -> Given | None:
    ids = tables.transaction_ids.c
    row = connection.execute(
        select(ids.wire_id, ids.status).where(
            ids.tenant_id == station.tenant_id,
            ids.station_id == station.id,
            ids.start_key == start_key,
        )
    ).one_or_none()
    return Given(row.wire_id, TokenStatus(row.status)) if row else None


def _give(
    connection: Connection,
    station: Station,
    start_key: str,
    status: TokenStatus,
    draws: list[int],
    now: datetime,
) -> Given:
    """The first draw that nobody has. Run twice, it finds what it gave the first time."""
    if (given := _given(connection, station, start_key)) is not None:
        return given
    for wire_id in draws:
        row = {
            "tenant_id": station.tenant_id,
            "wire_id": wire_id,
            "station_id": station.id,
            "start_key": start_key,
            "status": str(status),
            "created_at": now,
        }
        if insert_new(connection, tables.transaction_ids, row):
            return Given(wire_id, status)
    raise RuntimeError(f"{DRAWS_MAX} random transaction ids were all taken")


def _started(live: Live, entry: LedgerEntry, heard: Heard) -> TransactionStarted:
    return TransactionStarted(
        **facts_of(entry, heard, live.id_text),
        wire_id=live.running.wire_id,
        evse=entry.evse,
        id_token=entry.id_token,
        meter_start_wh=live.running.meter_start_wh,
        remote_start_id=live.remote_start_id,
        reservation_id=entry.reservation_id,
    )


def _ended(live: Live, entry: LedgerEntry, heard: Heard) -> TransactionEnded:
    return TransactionEnded(
        **facts_of(entry, heard, live.id_text),
        energy_wh=live.running.energy_wh,
        stop_reason=live.running.stop_reason,
        meter_stop_wh=live.running.meter_stop_wh,
    )
