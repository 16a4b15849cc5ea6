"""The samples of the day book, as events: what its entries say is not written to the outbox too.

Such an event is told when its entry is committed, like all others. After a crash the relay asks
here for those that were perhaps not told (``bus.Source``): as long as that may be so, their entries
are in the day book. Its id is that of the frame.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, select

from chargeplane.csms.transactions.bodies import entry_of
from chargeplane.csms.transactions.rows import sampled
from chargeplane.csms.transactions.tables import daybook, entries_of, entry_columns, transactions
from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.ledger import LedgerEntry, Running
from chargeplane.runtime.bus import Published

__all__ = ["samples_after"]


class _Transaction(NamedTuple):
    """What the samples of a transaction do not say themselves."""

    id: UUID | None
    evse: EvseAddress | None
    energy_wh: dict[str, Decimal]
    """Up to each of its frames."""


def samples_after(
    connection: Connection, tenant_id: UUID, position: UUID, count_max: int
) -> list[Published]:
    """The samples of frames behind a position, the oldest first."""
    found = connection.execute(
        select(*entry_columns(daybook))
        .where(daybook.c.tenant_id == tenant_id, daybook.c.frame_id > position)
        .order_by(daybook.c.frame_id)
    )
    known: dict[tuple[str, str], _Transaction] = {}
    told: list[Published] = []
    for row in found:
        entry = entry_of(*row)
        name = entry.station_id, entry.transaction_id or ""
        if name not in known:
            known[name] = _transaction(connection, tenant_id, entry)
        of = known[name]
        event = sampled(entry, of.evse, of.id, of.energy_wh.get(entry.frame_id))
        if event is not None:
            told.append(Published(tenant_id, row.frame_id, event))
            if len(told) == count_max:  # not sooner: not every entry has samples
                break
    return told


def _transaction(connection: Connection, tenant_id: UUID, entry: LedgerEntry) -> _Transaction:
    wire_id = entry.transaction_id or ""
    row = connection.execute(
        select(transactions.c.id, transactions.c.evse_id, transactions.c.connector_id).where(
            transactions.c.tenant_id == tenant_id,
            transactions.c.station_id == entry.station_id,
            transactions.c.session_key == f"{entry.family}:{wire_id}",
        )
    ).one_or_none()
    evse = None if row is None or row.evse_id is None else EvseAddress(*row[1:])
    entries = entries_of(connection, tenant_id, entry.station_id, [wire_id])
    return _Transaction(None if row is None else row.id, evse, _energies_wh(entries))


def _energies_wh(entries: list[LedgerEntry]) -> dict[str, Decimal]:
    """What had flowed with each message of a transaction, as far as it was ordinary."""
    energies_wh: dict[str, Decimal] = {}
    running: Running | None = None
    for entry in sorted(entries, key=lambda each: (each.received_at, each.frame_id)):
        if running is None:
            running = Running.begin(entry)
            if running is None:
                break
        elif not running.extend(entry):
            break
        energies_wh[entry.frame_id] = running.energy_wh
    return energies_wh
