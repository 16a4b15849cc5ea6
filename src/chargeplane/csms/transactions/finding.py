"""Finding transactions: a page of those that are wanted, in a chosen order, and how many there are.

All of it goes by what was measured: a correction changes what is shown, and not where it is found.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Double, Select, cast, func, or_, select

from chargeplane.csms import keyset
from chargeplane.csms.inventory import stations
from chargeplane.csms.transactions.tables import Stored, transactions
from chargeplane.domain.transactions import SessionState
from chargeplane.runtime.rest import PageRequest
from chargeplane.runtime.store import storable

__all__ = ["Sort", "Sorted", "Wanted", "count", "page_of", "stations_at"]

Sort = Literal[
    "id", "-id", "started_at", "-started_at", "station_id", "-station_id", "energy_wh", "-energy_wh"
]
"""By ``id``: in the order in which they were first heard of."""
_each = transactions.c
# Decimals are text in SQLite; for an order the next double is near enough.
_SORTS: Final[keyset.Sorts] = {
    "id": (_each.id, tuple[UUID, UUID]),
    "started_at": (_each.started_at, tuple[datetime, UUID]),
    "station_id": (_each.station_id, tuple[str, UUID]),
    "energy_wh": (cast(_each.energy_wh, Double), tuple[float, UUID]),
}
_NO_REMARKS: Final = "[]"


class Wanted(NamedTuple):
    """Which transactions; None: all."""

    search: str | None = None
    """In the station, the id token, or the station's word for it; or it is our id."""
    station_id: str | None = None
    is_active: bool | None = None
    state: SessionState | None = None
    has_remarks: bool | None = None
    """Whether something about it was unusual, or had to be repaired."""
    id_token_key: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    sites: frozenset[str] | None = None
    """Those that whoever asks is limited to."""


class Sorted(NamedTuple):
    """A row with what it is sorted by."""

    key: Any
    stored: Stored


def page_of(
    connection: Connection, tenant_id: UUID, wanted: Wanted, sort: str, page: PageRequest
) -> list[Sorted]:
    """Up to ``fetch_max`` of them after the cursor.

    Raises:
        Problem: the cursor is not one of this list.
    """
    query = select(transactions).where(*_conditions(tenant_id, wanted))
    rows = keyset.page_of(connection, query, _SORTS, sort, _each.id, page)
    return [Sorted((stored := row._asdict()).pop("sorted_by"), stored) for row in rows]


def count(connection: Connection, tenant_id: UUID, wanted: Wanted) -> int | None:
    """How many there are on all pages; None: more than ``keyset.COUNT_MAX``."""
    return keyset.count_of(connection, select(_each.id).where(*_conditions(tenant_id, wanted)))


def _conditions(tenant_id: UUID, wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions = [_each.tenant_id == tenant_id]
    if wanted.station_id is not None:
        conditions.append(_each.station_id == storable(wanted.station_id))
    if wanted.sites is not None:
        conditions.append(_each.station_id.in_(stations_at(tenant_id, wanted.sites)))
    if wanted.is_active is not None:
        is_active = _each.state == SessionState.ACTIVE
        conditions.append(is_active if wanted.is_active else ~is_active)
    if wanted.state is not None:
        conditions.append(_each.state == str(wanted.state))
    if wanted.has_remarks is not None:
        has_none = _each.remarks == _NO_REMARKS
        conditions.append(~has_none if wanted.has_remarks else has_none)
    if wanted.id_token_key is not None:
        conditions.append(_each.id_token_key == storable(wanted.id_token_key))
    if wanted.start is not None:
        conditions.append(_each.started_at >= wanted.start)
    if wanted.end is not None:
        conditions.append(_each.started_at < wanted.end)
    if wanted.search:
        conditions.append(_found_by(wanted.search))
    return conditions


def _found_by(search: str) -> ColumnElement[bool]:
    """What people have in hand: a part of a name, a part of a card's number, or a whole id."""
    text = storable(search.lower())
    searched = (_each.station_id, _each.id_token, _each.wire_id)
    ways = [func.lower(column).contains(text, autoescape=True) for column in searched]
    try:
        ways.append(_each.id == UUID(text))
    except ValueError:
        return or_(*ways)
    return or_(*ways)


def stations_at(tenant_id: UUID, sites: frozenset[str]) -> Select[tuple[str]]:
    """The stations of some sites."""
    known = stations.c
    return select(known.id).where(known.tenant_id == tenant_id, known.site_id.in_(sorted(sites)))
