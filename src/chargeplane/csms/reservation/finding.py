"""Finding reservations: a page of those that are wanted, and how many there are of each state."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, or_, select

from chargeplane.csms import keyset
from chargeplane.csms.reservation.service import Reservation
from chargeplane.csms.reservation.tables import (
    COLUMNS,
    reservation_of,
    reservations,
    stations_at,
)
from chargeplane.domain.reservations import ReservationState
from chargeplane.domain.tokens import IdToken
from chargeplane.runtime.rest import PageRequest
from chargeplane.runtime.store import storable

__all__ = ["Sort", "Sorted", "Wanted", "counts", "page_of", "some"]

Sort = Literal[
    "id", "-id", "expires_at", "-expires_at", "station_id", "-station_id", "id_token", "-id_token"
]
"""By ``id``: in the order in which they were asked for."""
_each = reservations.c
_SORTS: Final[keyset.Sorts] = {
    "id": (_each.id, tuple[UUID, UUID]),
    "expires_at": (_each.expires_at, tuple[datetime, UUID]),
    "station_id": (_each.station_id, tuple[str, UUID]),
    "id_token": (_each.id_token_key, tuple[str, UUID]),
}
_OPEN: Final = [each for each in ReservationState if each.is_open]


class Wanted(NamedTuple):
    """Which reservations; None: all."""

    search: str | None = None
    """In the station or the id token."""
    station_id: str | None = None
    state: ReservationState | None = None
    is_open: bool | None = None
    id_token: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    sites: frozenset[str] | None = None
    """Those that whoever asks is limited to."""


class Sorted(NamedTuple):
    """A reservation with what it is sorted by."""

    key: Any
    reservation: Reservation


def page_of(
    connection: Connection, tenant_id: UUID, wanted: Wanted, sort: str, page: PageRequest
) -> list[Sorted]:
    """Up to ``fetch_max`` of them after the cursor.

    Raises:
        Problem: the cursor is not one of this list.
    """
    query = select(*COLUMNS).where(*_conditions(tenant_id, wanted))
    rows = keyset.page_of(connection, query, _SORTS, sort, _each.id, page)
    return [Sorted(row[-1], reservation_of(row[:-1])) for row in rows]


def some(
    connection: Connection,
    tenant_id: UUID,
    ids: Collection[UUID],
    sites: frozenset[str] | None = None,
) -> list[Reservation]:
    """Reservations by our ids; those that are not there, or not at these sites, are left out."""
    query = select(*COLUMNS).where(*_conditions(tenant_id, Wanted(sites=sites)), _each.id.in_(ids))
    return [reservation_of(row) for row in connection.execute(query)]


def counts(connection: Connection, tenant_id: UUID, wanted: Wanted) -> dict[str, int] | None:
    """How many there are of each state, whichever is wanted; None: over ``keyset.COUNT_MAX``."""
    within = _conditions(tenant_id, wanted._replace(state=None, is_open=None))
    states = select(_each.state).where(*within).limit(keyset.COUNT_MAX + 1).subquery()
    query = select(states.c.state, func.count()).group_by(states.c.state)
    found = dict(sorted((row[0], row[1]) for row in connection.execute(query)))
    return None if sum(found.values()) > keyset.COUNT_MAX else found


def _conditions(tenant_id: UUID, wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions = [_each.tenant_id == tenant_id]
    if wanted.station_id is not None:
        conditions.append(_each.station_id == storable(wanted.station_id))
    if wanted.sites is not None:
        conditions.append(_each.station_id.in_(stations_at(tenant_id, wanted.sites)))
    if wanted.state is not None:
        conditions.append(_each.state == str(wanted.state))
    if wanted.is_open is not None:
        is_open = _each.state.in_(_OPEN)
        conditions.append(is_open if wanted.is_open else ~is_open)
    if wanted.id_token is not None:
        conditions.append(_each.id_token_key == storable(IdToken(wanted.id_token).key))
    if wanted.start is not None:
        conditions.append(_each.expires_at >= wanted.start)
    if wanted.end is not None:
        conditions.append(_each.expires_at < wanted.end)
    if wanted.search:
        key = storable(IdToken(wanted.search).key)
        station = func.lower(_each.station_id).contains(
            storable(wanted.search.lower()), autoescape=True
        )
        conditions.append(or_(station, _each.id_token_key.contains(key, autoescape=True)))
    return conditions
