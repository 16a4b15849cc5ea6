"""The table of reservations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, Connection, Index, Integer, func, select, text, update

from chargeplane.csms.figures import COMING_MAX, Coming
from chargeplane.csms.inventory import stations_at
from chargeplane.csms.reservation.service import Reservation
from chargeplane.csms.wire_ids import WIRE_ID_MAX
from chargeplane.domain.reservations import ReservationState
from chargeplane.runtime.rest import Sites
from chargeplane.runtime.store import SCHEMA, Id, Moment, Words, insert_new, storable, tenants
from chargeplane.runtime.store.schema import TENANT

__all__ = [
    "COLUMNS",
    "add",
    "at_station",
    "coming",
    "due",
    "find",
    "is_any",
    "is_at",
    "learn",
    "named",
    "open_count",
    "reservation_of",
    "reservations",
]

SCHEMA.contribute(Path(__file__).parent / "migrations")

_SOON: Final = timedelta(hours=24)
_OPEN: Final = text("state IN ('requested', 'held')")
_LATELY: Final = timedelta(days=1)
"""So long after its end a reservation may be found to have been used by a start without its id."""

reservations = SCHEMA.table(
    "reservations",
    Column("id", Id, nullable=False),
    Column("wire_id", Integer, nullable=False),
    Column("station_id", Words, nullable=False),
    Column("family", Integer, nullable=False),
    Column("evse_id", Integer),
    Column("connector_type", Words),
    Column("id_token", Words, nullable=False),
    Column("id_token_key", Words, nullable=False),
    Column("id_token_type", Words, nullable=False),
    Column("group_id", Words),
    Column("expires_at", Moment, nullable=False),
    Column("requested_at", Moment, nullable=False),
    Column("state", Words, nullable=False),
    Column("status", Words),
    Column("reason", Words),
    Column("ended_at", Moment),
    Column("transaction_id", Id),
    Index(
        "ix_reservations_open",
        TENANT,
        "expires_at",
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    ),
    key=["id"],
    unique=[["wire_id"]],
    indexes=[["station_id", "expires_at"], ["expires_at"]],
)
"""``wire_id`` is random, and unique in the installation's tenant, as ids of transactions are."""

COLUMNS: Final = [reservations.c[name] for name in Reservation._fields]
_each = reservations.c
_OF_ALL: Final = _each.tenant_id.in_(select(tenants.tenants.c.tenant_id))
_USABLE: Final = [
    each for each in ReservationState if each.is_open or each is ReservationState.EXPIRED
]


def reservation_of(row: Sequence[Any]) -> Reservation:
    """The reservation of a row with these ``COLUMNS``."""
    found = Reservation(*row)
    return found._replace(state=ReservationState(found.state))


def add(connection: Connection, new: Reservation, draws: Sequence[int]) -> Reservation | None:
    """Add one under the first of these wire ids that nobody has; None if its id is taken.

    Run again after it was committed, it finds what it has added.

    Raises:
        RuntimeError: all these wire ids are taken.
    """
    if (there := find(connection, new.tenant_id, new.id)) is not None:
        is_mine = there.wire_id in draws and there.requested_at == new.requested_at
        return there if is_mine else None
    for wire_id in draws:
        drawn = new._replace(wire_id=wire_id)
        values = drawn._asdict() | {"state": str(new.state)}
        if insert_new(connection, reservations, values, key=["wire_id"]):
            return drawn
    raise RuntimeError(f"{len(draws)} random reservation ids were all taken")


def find(connection: Connection, tenant_id: UUID, id_: UUID) -> Reservation | None:
    """One by our id."""
    query = select(*COLUMNS).where(_each.tenant_id == tenant_id, _each.id == id_)
    row = connection.execute(query).one_or_none()
    return None if row is None else reservation_of(row)


def named(
    connection: Connection, tenant_id: UUID, station_id: str, wire_id: int
) -> Reservation | None:
    """One by the station's word for it, which may be any number."""
    if not 0 < wire_id <= WIRE_ID_MAX:
        return None
    query = select(*COLUMNS).where(
        _each.tenant_id == tenant_id,
        _each.wire_id == wire_id,
        _each.station_id == storable(station_id),
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else reservation_of(row)


def at_station(
    connection: Connection, tenant_id: UUID, station_id: str, at: datetime
) -> list[Reservation]:
    """Those of a station that are open, or have expired lately, the first to end first."""
    query = (
        select(*COLUMNS)
        .where(
            _each.tenant_id == tenant_id,
            _each.station_id == storable(station_id),
            _each.expires_at > at - _LATELY,
            _each.state.in_(_USABLE),
        )
        .order_by(_each.expires_at, _each.id)
    )
    return [reservation_of(row) for row in connection.execute(query)]


def open_count(connection: Connection, tenant_id: UUID, station_id: str) -> int:
    """How many of a station are open."""
    query = select(func.count()).where(
        _each.tenant_id == tenant_id, _each.station_id == storable(station_id), _OPEN
    )
    return connection.scalar(query) or 0


def due(connection: Connection, now: datetime, count_max: int) -> list[Reservation]:
    """Open ones of any tenant whose time is over."""
    query = (
        select(*COLUMNS)
        .where(_OF_ALL, _OPEN, _each.expires_at <= now)
        .order_by(_each.expires_at)
        .limit(count_max)
    )
    return [reservation_of(row) for row in connection.execute(query)]


def is_any(connection: Connection, at: datetime) -> bool:
    """Whether any tenant has one that something could still be said of (``at_station``)."""
    query = select(_each.id).where(_OF_ALL, _each.expires_at > at - _LATELY).limit(1)
    return connection.scalar(query) is not None


def learn(
    connection: Connection,
    tenant_id: UUID,
    id_: UUID,
    changed: Callable[[Reservation], Reservation],
) -> Reservation | None:
    """Change a reservation as it is at this moment; how it is then, or None if nothing is new."""
    # Another node may learn of it at the same time: on PostgreSQL one waits for the other.
    query = select(*COLUMNS).where(_each.tenant_id == tenant_id, _each.id == id_)
    row = connection.execute(query.with_for_update()).one_or_none()
    if row is None:
        return None
    known = reservation_of(row)
    now = changed(known)
    if now == known:
        return None
    values = {
        "state": str(now.state),
        "status": storable(now.status) if now.status else None,
        "reason": storable(now.reason) if now.reason else None,
        "expires_at": now.expires_at,
        "ended_at": now.ended_at,
        "transaction_id": now.transaction_id,
    }
    connection.execute(
        update(reservations).where(_each.tenant_id == tenant_id, _each.id == id_).values(values)
    )
    return now


def coming(
    connection: Connection, tenant_id: UUID, now: datetime, sites: Sites = None
) -> list[Coming]:
    """Reservations that are held and end within 24 hours, the next first (``ReadComing``)."""
    query = select(_each.expires_at, _each.id_token, _each.station_id).where(
        _each.tenant_id == tenant_id,
        _OPEN,
        _each.state == str(ReservationState.HELD),
        _each.expires_at > now,
        _each.expires_at <= now + _SOON,
    )
    if sites is not None:
        query = query.where(_each.station_id.in_(stations_at(tenant_id, sites)))
    rows = connection.execute(query.order_by(_each.expires_at, _each.id).limit(COMING_MAX))
    return [Coming(row.expires_at, "reservation", row.id_token, row.station_id) for row in rows]


def is_at(
    connection: Connection, tenant_id: UUID, reservation_id: UUID, sites: frozenset[str]
) -> bool:
    """Whether the station of a reservation is at one of these sites."""
    query = select(_each.id).where(
        _each.tenant_id == tenant_id,
        _each.id == reservation_id,
        _each.station_id.in_(stations_at(tenant_id, sites)),
    )
    return connection.scalar(query) is not None
