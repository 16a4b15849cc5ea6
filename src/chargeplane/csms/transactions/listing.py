"""Looking transactions up, for people and programs."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Select, and_, or_, select

from chargeplane.csms.inventory import stations
from chargeplane.csms.transactions.tables import Stored, decoded, ledger, transactions
from chargeplane.domain.ledger import LedgerEntry
from chargeplane.domain.transactions import SessionState

__all__ = ["Wanted", "by_wire_id", "entries", "is_at", "newest", "one", "some"]


class Wanted(NamedTuple):
    """Which transactions; None: all."""

    station_id: str | None = None
    is_active: bool | None = None
    id_token_key: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    sites: frozenset[str] | None = None
    """Those that whoever asks is limited to."""


def newest(
    connection: Connection, tenant_id: UUID, wanted: Wanted, before: UUID | None, count_max: int
) -> list[Stored]:
    """The newest of them first; ``before``: the last id of the page before."""
    columns = transactions.c
    query = select(transactions).where(columns.tenant_id == tenant_id)
    if wanted.station_id is not None:
        query = query.where(columns.station_id == wanted.station_id)
    if wanted.sites is not None:
        query = query.where(columns.station_id.in_(_stations_at(tenant_id, wanted.sites)))
    if wanted.is_active is not None:
        is_active = columns.state == SessionState.ACTIVE
        query = query.where(is_active if wanted.is_active else ~is_active)
    if wanted.id_token_key is not None:
        query = query.where(columns.id_token_key == wanted.id_token_key)
    if wanted.start is not None:
        query = query.where(columns.started_at >= wanted.start)
    if wanted.end is not None:
        query = query.where(columns.started_at < wanted.end)
    if before is not None:
        query = query.where(columns.id < before)
    rows = connection.execute(query.order_by(columns.id.desc()).limit(count_max))
    return [row._asdict() for row in rows]


def _stations_at(tenant_id: UUID, sites: frozenset[str]) -> Select[tuple[str]]:
    known = stations.c
    return select(known.id).where(known.tenant_id == tenant_id, known.site_id.in_(sorted(sites)))


def is_at(
    connection: Connection, tenant_id: UUID, transaction_id: UUID, sites: frozenset[str]
) -> bool:
    """Whether the station of a transaction is at one of these sites."""
    columns = transactions.c
    query = select(columns.id).where(
        columns.tenant_id == tenant_id,
        columns.id == transaction_id,
        columns.station_id.in_(_stations_at(tenant_id, sites)),
    )
    return connection.scalar(query) is not None


def one(connection: Connection, tenant_id: UUID, transaction_id: UUID) -> Stored | None:
    """A transaction by our id."""
    columns = transactions.c
    row = connection.execute(
        select(transactions).where(columns.tenant_id == tenant_id, columns.id == transaction_id)
    ).one_or_none()
    return None if row is None else row._asdict()


def some(
    connection: Connection, tenant_id: UUID, transaction_ids: Collection[UUID]
) -> list[Stored]:
    """Transactions by our ids; those that are not there are left out."""
    columns = transactions.c
    rows = connection.execute(
        select(transactions).where(columns.tenant_id == tenant_id, columns.id.in_(transaction_ids))
    )
    return [row._asdict() for row in rows]


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
    query = select(columns.body).where(
        columns.tenant_id == row["tenant_id"],
        columns.station_id == row["station_id"],
        or_(mine, loose) if row["is_orphan"] or row["remarks"] != "[]" else mine,
    )
    if after is not None:
        query = query.where(columns.frame_id > after)
    bodies = connection.scalars(query.order_by(columns.frame_id).limit(count_max))
    return [decoded(body) for body in bodies]


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
