"""Looking single transactions up, and their ledgers."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, and_, or_, select

from chargeplane.csms.inventory import stations_at
from chargeplane.csms.transactions.bodies import entry_of
from chargeplane.csms.transactions.tables import Stored, entry_columns, ledger, transactions
from chargeplane.domain.ledger import LedgerEntry

__all__ = ["by_wire_id", "entries", "is_at", "one"]


def is_at(
    connection: Connection, tenant_id: UUID, transaction_id: UUID, sites: frozenset[str]
) -> bool:
    """Whether the station of a transaction is at one of these sites."""
    columns = transactions.c
    query = select(columns.id).where(
        columns.tenant_id == tenant_id,
        columns.id == transaction_id,
        columns.station_id.in_(stations_at(tenant_id, sites)),
    )
    return connection.scalar(query) is not None


def one(connection: Connection, tenant_id: UUID, transaction_id: UUID) -> Stored | None:
    """A transaction by our id."""
    columns = transactions.c
    row = connection.execute(
        select(transactions).where(columns.tenant_id == tenant_id, columns.id == transaction_id)
    ).one_or_none()
    return None if row is None else row._asdict()


def entries(
    connection: Connection, row: Stored, after: UUID | None, count_max: int
) -> list[LedgerEntry]:
    """The ledger of a transaction in the order of arrival.

    Messages that named another transaction or none, and were matched to this one, are named in its
    remarks; here are those that call it by its id, and the loose ones of its time.
    """
    columns = ledger.c
    loose = and_(columns.is_loose, columns.at >= row["started_at"])
    if row["ended_at"] is not None:
        loose = and_(loose, columns.at <= row["ended_at"])
    mine = columns.transaction_id == row["wire_id"]
    query = select(*entry_columns(ledger)).where(
        columns.tenant_id == row["tenant_id"],
        columns.station_id == row["station_id"],
        or_(mine, loose) if row["is_orphan"] or row["remarks"] != "[]" else mine,
    )
    if after is not None:
        query = query.where(columns.frame_id > after)
    found = connection.execute(query.order_by(columns.frame_id).limit(count_max))
    return [entry_of(*row) for row in found]


def by_wire_id(
    connection: Connection, tenant_id: UUID, station_id: str, wire_id: str
) -> Stored | None:
    """The newest transaction that a station calls so."""
    columns = transactions.c
    row = connection.execute(
        select(transactions)
        .where(
            columns.tenant_id == tenant_id,
            columns.station_id == station_id,
            columns.wire_id == wire_id,
        )
        .order_by(columns.started_at.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else row._asdict()
