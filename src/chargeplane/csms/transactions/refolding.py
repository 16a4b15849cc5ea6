"""The case that is not ordinary: fold what the message can touch, and see what has changed.

What a message can touch is near it in time: the transaction it names, those that went on around
it, and the messages without a home. Everything of these is read and folded together with the new
message; sessions that come out different are written, and one that has dissolved (its messages have
found their right place) is removed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from chargeplane.csms.contract import Heard
from chargeplane.csms.transactions import tables
from chargeplane.csms.transactions.rows import changed, events_of, sampled, session_row, values_of
from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.events import Event
from chargeplane.domain.ledger import EntryKind, LedgerEntry, RemarkKind, fold
from chargeplane.domain.ledger.adoption import AFTER_END_S_MAX
from chargeplane.domain.times import moment
from chargeplane.runtime.store import Row, new_id

__all__ = ["AROUND_S_MAX", "Refolded", "refold"]

AROUND_S_MAX: Final = 2 * 86_400
"""So far before a message is looked for what it can touch."""
_AROUND = timedelta(seconds=AROUND_S_MAX)
_FURTHEST: Final = timedelta(days=14)
"""And so far, if what happened in a session depends on what else happened since it began."""
_AFTER_END: Final = timedelta(seconds=AFTER_END_S_MAX)
_DEPENDS: Final = tuple(f'"{kind}"' for kind in (RemarkKind.ADOPTED, RemarkKind.SUPERSEDED))


class Refolded(NamedTuple):
    """What has to be written and told."""

    rows: tuple[Row, ...]
    events: tuple[Event, ...]


def refold(
    connection: Connection,
    heard: Heard,
    entry: LedgerEntry,
    charging_state: str | None,
    remote_start_id: str | None,
) -> Refolded:
    """Fold the surroundings of a new entry. Only reads."""
    tenant_id, station_id = heard.station.tenant_id, heard.station.id
    at = moment(entry.reported_at, entry.received_at).at
    near, loose = _surroundings(connection, tenant_id, station_id, at, entry)
    stored = {row["session_key"]: row for row in near}
    wire_ids = {row["wire_id"] for row in stored.values() if row["wire_id"]} | (
        {entry.known_id} if entry.known_id else set()
    )
    known = tables.entries_of(connection, tenant_id, station_id, sorted(wire_ids))
    is_loose = _is_loose(entry, known)
    rows = [tables.ledger_row(tenant_id, heard.frame_id, entry, at, is_loose=is_loose)]
    events: list[Event] = []
    mine: tables.Stored | None = None
    gone = dict(stored)
    for session in fold([*known, *loose, entry]):
        was = gone.pop(session.key, None)
        is_mine = entry.frame_id in session.frame_ids
        values = values_of(
            session,
            heard,
            was["id"] if was else new_id(),
            (was["remote_start_id"] if was else None) or (remote_start_id if is_mine else None),
            (charging_state if is_mine else None) or (was["charging_state"] if was else None),
        )
        if is_mine:
            mine = values
        if changed(was, values):
            rows.append(session_row(values))
            events += events_of(was, values, entry, heard)
    rows += [
        (tables.TRANSACTION_REMOVAL, (tenant_id, station_id, row["session_key"]))
        for row in gone.values()
    ]
    if mine is not None:
        evse_id, connector_id = mine["evse_id"], mine["connector_id"]
        evse = None if evse_id is None else EvseAddress(evse_id, connector_id)
        sample = sampled(entry, evse, mine["id"], mine["energy_wh"])
        events += [sample] if sample else []
    return Refolded(tuple(rows), tuple(events))


def _surroundings(
    connection: Connection, tenant_id: UUID, station_id: str, at: datetime, entry: LedgerEntry
) -> tuple[list[tables.Stored], list[LedgerEntry]]:
    """The sessions that a message can touch, and the messages without a home.

    A session that has taken in some of these is folded with all of them, or it would lose their
    energy; one that another has ended is folded with all that came between, or it would take theirs
    as well. So it is looked as far back as such a session began.
    """
    since, furthest = at - _AROUND, at - _FURTHEST
    named = entry.known_id
    while True:
        near = tables.going_on_since(
            connection, tenant_id, station_id, since - _AFTER_END, named, furthest
        )
        begun = [row["started_at"] for row in near if _depends_on_others(row, entry)]
        earliest = max(min(begun, default=since), furthest)
        if earliest >= since:
            return near, tables.loose_entries_since(connection, tenant_id, station_id, since)
        since = earliest


def _depends_on_others(session: tables.Stored, entry: LedgerEntry) -> bool:
    """Whether a session is, or is about to be, what other messages have made of it."""
    is_superseded = (
        session["ended_at"] is None
        and entry.kind is EntryKind.STARTED
        and entry.evse is not None
        and session["evse_id"] == entry.evse.evse_id
    )
    remarks = session["remarks"]
    return is_superseded or session["is_orphan"] or any(each in remarks for each in _DEPENDS)


def _is_loose(entry: LedgerEntry, known: list[LedgerEntry]) -> bool:
    """Whether it names no known transaction (``domain.ledger.threads``)."""
    if entry.known_id is None:
        return True
    if entry.family == 2 or entry.kind is EntryKind.STARTED:
        return False
    return not any(
        each.kind is EntryKind.STARTED and each.known_id == entry.known_id for each in known
    )
