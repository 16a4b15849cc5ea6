"""Where stations stand: the sites on a map, with how their stations are.

A station stands where its site is. What is told of a site is enough to draw it: how many of its
stations are how, and those that need somebody most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, and_, select

from chargeplane.csms.contract import Registration
from chargeplane.csms.inventory import connectors, stations
from chargeplane.csms.site.tables import sites
from chargeplane.csms.wanted import Wanted, conditions
from chargeplane.domain.status import ConnectorStatus

__all__ = ["NAMED_MAX", "PLACES_MAX", "STATES", "Named", "Place", "Places", "places", "state_of"]

PLACES_MAX: Final = 10_000
"""Sites on one map."""
NAMED_MAX: Final = 10
"""Stations of a site that are named; there is a count of all."""
STATES: Final = (
    ConnectorStatus.FAULTED,
    "disconnected",
    Registration.REJECTED,
    Registration.PENDING,
    ConnectorStatus.UNAVAILABLE,
    ConnectorStatus.CHARGING,
    ConnectorStatus.OCCUPIED,
    ConnectorStatus.AVAILABLE,
)
"""What a whole station can be, the worst first. The console has the same rule (kinds.ts)."""

_RANK: Final = {str(state): rank for rank, state in enumerate(STATES)}
_BUSY: Final = frozenset(
    str(each) for each in ConnectorStatus if each.is_occupied or each is ConnectorStatus.RESERVED
) - {"suspended_evse"}


class Named(NamedTuple):
    """A station of a site."""

    id: str
    name: str | None
    state: str


class Place(NamedTuple):
    """A site that has a place."""

    id: str
    name: str
    address: str | None
    latitude: float
    longitude: float
    states: dict[str, int]
    """Stations by their state."""
    named: tuple[Named, ...]
    """The worst first."""


class Places(NamedTuple):
    """All sites where wanted stations stand."""

    found: tuple[Place, ...]
    left_out: int
    """Sites beyond ``PLACES_MAX``."""
    unplaced: int
    """Stations that are wanted and stand nowhere: without a site, or at one without a place."""


def state_of(
    registration: str, is_connected: bool, statuses: dict[int, set[str]], *, is_drawing: bool
) -> str:
    """One word for a whole station: the worst that is true of it.

    Args:
        registration: whether it may charge.
        is_connected: whether it can be reached.
        statuses: of its connectors by EVSE; EVSE 0 is the station.
        is_drawing: whether a transaction draws power. 2.x has no status that says it, and some
            stations say none at all.
    """
    if not is_connected:
        return "disconnected"
    if registration != Registration.ACCEPTED:
        return registration
    whole = statuses.get(0, set())
    told = set().union(*(those for evse, those in statuses.items() if evse))
    if ConnectorStatus.FAULTED in told | whole:
        return str(ConnectorStatus.FAULTED)
    if ConnectorStatus.CHARGING in told or is_drawing:
        return str(ConnectorStatus.CHARGING)
    if told & _BUSY:
        return str(ConnectorStatus.OCCUPIED)
    if told == {ConnectorStatus.UNAVAILABLE} or ConnectorStatus.UNAVAILABLE in whole:
        return str(ConnectorStatus.UNAVAILABLE)
    return str(ConnectorStatus.AVAILABLE)


def places(
    connection: Connection,
    tenant_id: UUID,
    wanted: Wanted,
    is_connected: Callable[[str], bool],
    drawing: Collection[str],
) -> Places:
    """The sites of the wanted stations, in the order of their ids; ``drawing``: power, now."""
    statuses = _statuses(connection, tenant_id, wanted)
    at_sites: dict[str | None, list[Named]] = {}
    each = stations.c
    query = select(each.id, each.name, each.site_id, each.registration)
    for row in connection.execute(query.where(*conditions(tenant_id, wanted))):
        is_here = is_connected(row.id)
        if wanted.connected in (None, is_here):
            told = statuses.get(row.id, {})
            state = state_of(row.registration, is_here, told, is_drawing=row.id in drawing)
            at_sites.setdefault(row.site_id, []).append(Named(row.id, row.name, state))
    rows = [row for row in _placed(connection, tenant_id) if row.id in at_sites]
    found = tuple(_place(row, at_sites[row.id]) for row in rows[:PLACES_MAX])
    placed = sum(len(at_sites[row.id]) for row in rows)
    unplaced = sum(map(len, at_sites.values())) - placed
    return Places(found, len(rows) - len(found), unplaced)


def _place(row: Any, those: Iterable[Named]) -> Place:
    worst_first = sorted(those, key=lambda named: (_RANK[named.state], named.id))
    states = Counter(named.state for named in worst_first)
    named = tuple(worst_first[:NAMED_MAX])
    return Place(row.id, row.name, row.address, row.latitude, row.longitude, dict(states), named)


def _placed(connection: Connection, tenant_id: UUID) -> list[Any]:
    each = sites.c
    query = select(each.id, each.name, each.address, each.latitude, each.longitude).where(
        each.tenant_id == tenant_id, each.latitude.is_not(None), each.longitude.is_not(None)
    )
    return [*connection.execute(query.order_by(each.id))]


def _statuses(
    connection: Connection, tenant_id: UUID, wanted: Wanted
) -> dict[str, dict[int, set[str]]]:
    """What the connectors of the wanted stations say, by station and EVSE."""
    each = connectors.c
    query = (
        select(each.station_id, each.evse_id, each.connector_id, each.status)
        .join(
            stations,
            and_(stations.c.tenant_id == each.tenant_id, stations.c.id == each.station_id),
        )
        .where(each.tenant_id == tenant_id, *conditions(tenant_id, wanted))
    )
    found: dict[str, dict[int, set[str]]] = {}
    for station_id, evse_id, connector_id, status in connection.execute(query):
        # An EVSE may speak for itself; the console shows its connectors alone.
        if evse_id == 0 or connector_id > 0:
            found.setdefault(station_id, {}).setdefault(evse_id, set()).add(status)
    return found
