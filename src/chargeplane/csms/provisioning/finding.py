"""Finding stations: a page of those that are wanted, in a chosen order, and counts by facet.

Who is connected only this process knows. So where that is asked for, stations are walked through
in the order of the list, and those that fit are taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, func, literal, select

from chargeplane.csms.inventory import connectors, stations
from chargeplane.csms.wanted import Wanted, conditions
from chargeplane.runtime.rest import PageRequest
from chargeplane.runtime.rest.keyset import in_order
from chargeplane.runtime.store import Moment, Words, storable

__all__ = ["SORTS", "Counts", "Sort", "Wanted", "count", "is_at", "page_of_ids"]

WALK_MAX = 1_000
"""Stations that are looked at together, on the walk for those that are connected."""

Sort = Literal[
    "id", "-id", "name", "-name", "last_seen_at", "-last_seen_at", "created_at", "-created_at"
]
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_each = stations.c
SORTS: Final[dict[str, ColumnElement[Any]]] = {
    "id": _each.id,
    "name": func.coalesce(_each.name, literal("", Words), type_=Words),
    "last_seen_at": func.coalesce(_each.last_seen_at, literal(_NEVER, Moment), type_=Moment),
    "created_at": _each.created_at,
}
_IS_TIME: Final = frozenset({"last_seen_at", "created_at"})


class Counts(NamedTuple):
    """How many stations there are, in several ways."""

    total: int
    connected: int
    by_status: dict[str, int]
    by_version: dict[str, int]
    by_registration: dict[str, int]
    by_site: dict[str, int]


def page_of_ids(
    connection: Connection,
    tenant_id: UUID,
    wanted: Wanted,
    sort: str,
    page: PageRequest,
    is_connected: Callable[[str], bool],
) -> list[tuple[str, Any]]:
    """Ids with what they are sorted by: up to ``fetch_max`` of them after the cursor.

    Raises:
        Problem: the cursor is not one of this list.
    """
    name = sort.removeprefix("-")
    key = SORTS[name]
    kind: Any = tuple[datetime, str] if name in _IS_TIME else tuple[str, str]
    after = page.after(kind)
    query = select(_each.id, key.label("sorted_by")).where(*conditions(tenant_id, wanted))
    found: list[tuple[str, Any]] = []
    step = page.fetch_max if wanted.connected is None else max(WALK_MAX, page.fetch_max)
    while True:
        ordered = in_order(query, key, _each.id, descending=sort.startswith("-"), after=after)
        rows = [*connection.execute(ordered.limit(step))]
        found += [
            (row.id, row.sorted_by)
            for row in rows
            if wanted.connected is None or is_connected(row.id) is wanted.connected
        ]
        if len(found) >= page.fetch_max or len(rows) < step:
            return found[: page.fetch_max]
        after = (rows[-1].sorted_by, rows[-1].id)


def is_at(connection: Connection, tenant_id: UUID, station_id: str, sites: frozenset[str]) -> bool:
    """Whether a station is at one of these sites."""
    query = select(_each.site_id).where(
        _each.tenant_id == tenant_id, _each.id == storable(station_id)
    )
    return connection.scalar(query) in sites


def count(
    connection: Connection,
    tenant_id: UUID,
    wanted: Wanted,
    is_connected: Callable[[str], bool],
) -> Counts:
    """The facets of what search and site find, whatever else is chosen."""
    about = Wanted(search=wanted.search, site_id=wanted.site_id, sites=wanted.sites)
    within = conditions(tenant_id, about)
    rows = connection.execute(
        select(_each.id, _each.ocpp_version, _each.registration, _each.site_id).where(*within)
    ).all()
    by_status = connection.execute(
        select(connectors.c.status, func.count(connectors.c.station_id.distinct()))
        .join(
            stations,
            and_(_each.tenant_id == connectors.c.tenant_id, _each.id == connectors.c.station_id),
        )
        .where(connectors.c.tenant_id == tenant_id, *within)
        .group_by(connectors.c.status)
    )
    return Counts(
        total=len(rows),
        connected=sum(is_connected(row.id) for row in rows),
        by_status=dict(sorted((row[0], row[1]) for row in by_status)),
        by_version=_counted(row.ocpp_version for row in rows),
        by_registration=_counted(row.registration for row in rows),
        by_site=_counted(row.site_id for row in rows),
    )


def _counted(values: Any) -> dict[str, int]:
    return dict(sorted(Counter(each for each in values if each is not None).items()))
