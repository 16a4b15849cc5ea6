"""Finding reservations: a page of those that are wanted, and how many there are of each state."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, or_, select

from chargeplane.csms.inventory import stations_at
from chargeplane.csms.reservation.tables import COLUMNS, reservation_of, reservations
from chargeplane.domain.reservations import ReservationState
from chargeplane.domain.tokens import IdToken
from chargeplane.runtime.rest import keyset
from chargeplane.runtime.store import storable

__all__ = ["LISTING", "Sort", "Wanted", "counts"]

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


def counts(connection: Connection, tenant_id: UUID, wanted: Wanted) -> dict[str, int] | None:
    """How many there are of each state, whichever is wanted; None: over ``keyset.COUNT_MAX``."""
    within = _conditions(tenant_id, wanted._replace(state=None, is_open=None))
    states = select(_each.state).where(*within).limit(keyset.COUNT_MAX + 1).subquery()
    query = select(states.c.state, func.count()).group_by(states.c.state)
    found = dict(sorted((row[0], row[1]) for row in connection.execute(query)))
    return None if sum(found.values()) > keyset.COUNT_MAX else found


def _conditions(tenant_id: UUID, wanted: Wanted) -> list[ColumnElement[bool]]:
    token = None if wanted.id_token is None else IdToken(wanted.id_token).key
    conditions = [
        _each.tenant_id == tenant_id,
        *keyset.having(
            (_each.station_id, wanted.station_id),
            (_each.state, wanted.state),
            (_each.id_token_key, token),
        ),
        *keyset.within(_each.expires_at, wanted.start, wanted.end),
    ]
    if wanted.sites is not None:
        conditions.append(_each.station_id.in_(stations_at(tenant_id, wanted.sites)))
    if wanted.is_open is not None:
        is_open = _each.state.in_(_OPEN)
        conditions.append(is_open if wanted.is_open else ~is_open)
    if wanted.search:
        key = storable(IdToken(wanted.search).key)
        in_token = _each.id_token_key.contains(key, autoescape=True)
        conditions.append(or_(keyset.containing(wanted.search, _each.station_id), in_token))
    return conditions


LISTING: Final = keyset.Listing(COLUMNS, _each.id, _SORTS, _conditions, reservation_of)
