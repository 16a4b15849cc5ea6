"""The cache of a station (``Book``): what has to be at hand for its next transaction message.

It holds the active transactions that are ordinary, each ready to take its next message
(``domain.ledger.Running``), and what ``Running`` demands to be known of the rest: when the latest
start was on each EVSE, and when the latest message came that named no known transaction. Whatever
does not fit is folded from the ledger (``refolding``), and the book is read anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from chargeplane.csms.transactions import tables
from chargeplane.domain.ledger import EntryKind, LedgerEntry, Running
from chargeplane.domain.times import moment
from chargeplane.domain.transactions import SessionState

__all__ = ["Book", "Live"]

SEEN_IDS_MAX: Final = 1_000
_LATELY: Final = timedelta(days=2)


@dataclass(slots=True, eq=False)
class Live:
    """An active transaction that is ordinary so far."""

    id: UUID
    running: Running
    charging_state: str | None = None
    remote_start_id: str | None = None
    id_text: str = field(init=False)
    session_key: str = field(init=False)
    token_columns: tuple[str | None, str | None, str | None] = field(init=False)
    """Of the row: value, key and type."""

    def __post_init__(self) -> None:
        self.id_text = str(self.id)
        self.session_key = self.running.key
        self.note_token()

    def note_token(self) -> None:
        """The token is known now."""
        token = self.running.id_token
        self.token_columns = (
            (None, None, None) if token is None else (token.value, token.key, token.type)
        )


@dataclass(slots=True, eq=False)
class Book:
    """What is at hand for one station. Changes with what is decided; see ``Station.forget``."""

    live: dict[str, Live] = field(default_factory=dict)
    """By the station's id of the transaction."""
    last_starts: dict[int | None, datetime] = field(default_factory=dict)
    """On each EVSE; None: on one that is not known."""
    last_loose_at: datetime | None = None
    folded_evses: set[int | None] = field(default_factory=set)
    """Where a transaction is active that is not ordinary; None: nobody knows where."""
    seen_ids: set[str] = field(default_factory=set)
    """Of transactions that lately had a message, whatever became of them."""

    def live_of(self, entry: LedgerEntry) -> Live | None:
        """The transaction that an entry names."""
        return None if entry.transaction_id is None else self.live.get(entry.transaction_id)

    def begin(self, entry: LedgerEntry) -> Running | None:
        """The transaction of a start, if it is ordinary and nothing else depends on it."""
        evse, wire_id = entry.known_evse, entry.known_id
        if entry.kind is not EntryKind.STARTED or evse is None or wire_id in self.seen_ids:
            return None
        at = moment(entry.reported_at, entry.received_at).at
        before = (
            self.last_starts.get(evse.evse_id),
            self.last_starts.get(None),
            self.last_loose_at,
        )
        if any(each is not None and each >= at for each in before):
            return None
        if evse.evse_id in self.folded_evses or None in self.folded_evses:
            return None  # it ends the one before, as here:
        if any(each.running.evse.evse_id == evse.evse_id for each in self.live.values()):
            return None
        return Running.begin(entry)

    def add(self, live: Live) -> None:
        """A transaction has started."""
        running = live.running
        self.live[running.wire_id] = live
        if len(self.seen_ids) >= SEEN_IDS_MAX:
            self.seen_ids = set(self.live)
        self.seen_ids.add(running.wire_id)
        self.last_starts[running.evse.evse_id] = running.started_at

    def close(self, wire_id: str) -> None:
        """A transaction is over."""
        del self.live[wire_id]


def read_book(connection: Connection, tenant_id: UUID, station_id: str, now: datetime) -> Book:
    """The book as the store has it. What cannot be resumed stays out, and is folded each time."""
    lately = tables.going_on_since(connection, tenant_id, station_id, now - _LATELY, None)
    book = Book(
        last_starts=tables.last_starts(connection, tenant_id, station_id),
        last_loose_at=tables.last_loose_at(connection, tenant_id, station_id),
        seen_ids={stored["wire_id"] for stored in lately if stored["wire_id"]},
    )
    for stored in lately:
        if stored["state"] != SessionState.ACTIVE:
            continue
        running = _resumed(connection, tenant_id, station_id, stored)
        if running is not None and _stands_alone(book, running):
            live = Live(stored["id"], running, stored["charging_state"], stored["remote_start_id"])
            book.live[running.wire_id] = live
        else:
            book.folded_evses.add(stored["evse_id"])
    return book


def _resumed(
    connection: Connection, tenant_id: UUID, station_id: str, stored: tables.Stored
) -> Running | None:
    if stored["is_orphan"] or stored["wire_id"] is None:
        return None
    return Running.resume(tables.entries_of(connection, tenant_id, station_id, [stored["wire_id"]]))


def _stands_alone(book: Book, running: Running) -> bool:
    """Whether nothing came after its start that could touch it."""
    last = book.last_starts.get(running.evse.evse_id), book.last_starts.get(None)
    if any(each is not None and each > running.started_at for each in last):
        return False
    return book.last_loose_at is None or book.last_loose_at < running.started_at
