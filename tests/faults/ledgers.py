"""What is in a database, compared with what the stations were told."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import Connection, select, text

from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.csms.transactions.bodies import entry_of
from chargeplane.csms.transactions.tables import (
    entry_columns,
    ledger,
    transaction_ids,
    transactions,
)
from chargeplane.domain.events import TransactionEnded, TransactionStarted, decode
from chargeplane.domain.ledger import EntryKind, LedgerEntry
from chargeplane.runtime.bus import READER
from chargeplane.runtime.store import Settings, outbox, tenants
from chargeplane.runtime.store.migrating import connected
from tests.faults.fleet import Fleet, Said

TENANT_ID = tenants.DEFAULT_TENANT_ID


@dataclass
class Audit:
    """What differs. All is well while everything is empty."""

    lost: set[Said] = field(default_factory=set)
    """Acknowledged, and not in the ledger."""
    wrong_energy: dict[tuple[str, str], object] = field(default_factory=dict)
    """Transactions whose session says another energy than the station has measured, or is not
    there, or not complete."""
    strange_sessions: set[tuple[str, str | None]] = field(default_factory=set)
    """Sessions that no station has had."""
    ids: list[str] = field(default_factory=list)
    """Starts of 1.x that have more than one id, or ids that have more than one start."""
    outbox: list[str] = field(default_factory=list)
    """Sessions whose start or end was not told, or told twice; events of no session."""
    unsound: str = ""
    repeated_count: int = 0
    """Entries that say again what another one says: no fault, but proof of repetitions."""

    @property
    def faults(self) -> dict[str, object]:
        """By name."""
        return {name: what for name, what in vars(self).items() if what and name != REPEATED}


REPEATED = "repeated_count"


def furnish(settings: Settings, names: list[str]) -> None:
    """A tenant with accepted stations of security profile 0."""
    now = datetime.now(UTC)
    with connected(settings) as connection:
        tenants.ensure(connection, TENANT_ID, "the only one", now)
        for name in names:
            known = Known(TENANT_ID, name, 0, None, Registration.ACCEPTED, 0)
            register(connection, known, now)


def say_all_was_told(settings: Settings) -> None:
    """Put the bus behind all events, as it does itself when a server has lived for a minute.

    Otherwise each server would first tell everything again that was told since the first one.
    """
    with connected(settings) as connection:
        newest = outbox.newest(connection)
        if newest is not None:
            outbox.confirm(connection, TENANT_ID, READER, newest)


def audit(settings: Settings, fleet: Fleet) -> Audit:
    """Compare."""
    with connected(settings) as connection:
        found = Audit()
        entries = [entry_of(*row) for row in connection.execute(select(*entry_columns(ledger)))]
        kept = Counter(map(said_in, entries))
        found.lost = set(fleet.acknowledged) - set(kept)
        found.repeated_count = kept.total() - len(kept)
        _look_at_sessions(connection, fleet, found)
        _look_at_ids(connection, entries, found)
        _look_at_outbox(connection, found)
        if settings.url.startswith("sqlite"):
            verdict = connection.execute(text("PRAGMA integrity_check")).scalar_one()
            found.unsound = "" if verdict == "ok" else verdict
    return found


def said_in(entry: LedgerEntry) -> Said:
    register = entry.meter_values[-1].value
    return Said(
        entry.station_id,
        entry.kind,
        entry.transaction_id or "",
        entry.seq_no,
        entry.reported_at,
        int(register),
    )


def _look_at_sessions(connection: Connection, fleet: Fleet, found: Audit) -> None:
    measured = fleet.measured
    left = dict(measured)
    for row in connection.execute(select(transactions)):
        key = row.station_id, row.wire_id
        if left.pop(key, None) is None:
            found.strange_sessions.add(key)
        elif (row.state, row.is_complete, row.energy_wh) != ("ended", True, Decimal(measured[key])):
            found.wrong_energy[key] = measured[key], row._asdict()
    found.wrong_energy |= left


def _look_at_ids(connection: Connection, entries: list[LedgerEntry], found: Audit) -> None:
    """Entries are told apart by their keys, which do not contain the id."""
    ids: dict[tuple[str, str], set[str | None]] = {}
    for entry in entries:
        if entry.family == 1 and entry.kind is EntryKind.STARTED:
            ids.setdefault((entry.station_id, entry.key), set()).add(entry.transaction_id)
    found.ids += [f"{key}: {each}" for key, each in ids.items() if len(each) > 1]
    times = Counter(wire_id for each in ids.values() for wire_id in each)
    found.ids += [f"{wire_id} was given {n} times" for wire_id, n in times.items() if n > 1]
    given = {str(row) for row in connection.scalars(select(transaction_ids.c.wire_id))}
    found.ids += [f"{wire_id} was not recorded" for wire_id in set(times) - {*given, None}]


def _look_at_outbox(connection: Connection, found: Audit) -> None:
    started, ended = Counter[str](), Counter[str]()
    for payload in connection.scalars(select(outbox.outbox.c.payload)):
        event = decode(payload.encode())
        if isinstance(event, TransactionStarted):
            started[event.transaction_id] += 1
        elif isinstance(event, TransactionEnded):
            ended[event.transaction_id] += 1
    rows = connection.execute(select(transactions.c.id, transactions.c.state)).all()
    all_ids = Counter(str(row.id) for row in rows)
    ended_ids = Counter(str(row.id) for row in rows if row.state == "ended")
    for name, told, wanted in (("start", started, all_ids), ("end", ended, ended_ids)):
        found.outbox += [f"the {name} of {each} was not told" for each in wanted - told]
        found.outbox += [f"the {name} of {each} was told too often" for each in told - wanted]
