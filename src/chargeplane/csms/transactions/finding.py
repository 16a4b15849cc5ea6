"""Finding transactions: a page of those that are wanted, in a chosen order, and how many there are.

All of it goes by what was measured: a correction changes what is shown, and not where it is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Double, cast, or_

from chargeplane.csms.inventory import stations_at
from chargeplane.csms.transactions.tables import Stored, transactions
from chargeplane.domain.transactions import SessionState
from chargeplane.runtime.rest import keyset

__all__ = ["LISTING", "Sort", "Wanted"]

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
_NAMES: Final = [each.name for each in _each]


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


def _conditions(tenant_id: UUID, wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions = [
        _each.tenant_id == tenant_id,
        *keyset.having(
            (_each.station_id, wanted.station_id),
            (_each.state, wanted.state),
            (_each.id_token_key, wanted.id_token_key),
        ),
        *keyset.within(_each.started_at, wanted.start, wanted.end),
    ]
    if wanted.sites is not None:
        conditions.append(_each.station_id.in_(stations_at(tenant_id, wanted.sites)))
    if wanted.is_active is not None:
        is_active = _each.state == SessionState.ACTIVE
        conditions.append(is_active if wanted.is_active else ~is_active)
    if wanted.has_remarks is not None:
        has_none = _each.remarks == _NO_REMARKS
        conditions.append(~has_none if wanted.has_remarks else has_none)
    if wanted.search:
        conditions.append(_found_by(wanted.search))
    return conditions


def _found_by(search: str) -> ColumnElement[bool]:
    """What people have in hand: a part of a name, a part of a card's number, or a whole id."""
    in_words = keyset.containing(search, _each.station_id, _each.id_token, _each.wire_id)
    try:
        return or_(in_words, _each.id == UUID(search))
    except ValueError:
        return in_words


def _stored(row: Sequence[Any]) -> Stored:
    return dict(zip(_NAMES, row, strict=True))


LISTING: Final = keyset.Listing(list(_each), _each.id, _SORTS, _conditions, _stored)
