"""What a demonstration is furnished with: its virtual stations, where they stand, and tokens.

And something that comes next: an EVSE is always reserved for one of the drivers.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, select

from chargeplane.csms.authorization import tables as tokens
from chargeplane.csms.contract import NotConnected, Registration, Send
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known, connectors, stations
from chargeplane.csms.reservation.tables import reservations
from chargeplane.csms.site import tables as sites
from chargeplane.domain.commands import Reserve
from chargeplane.domain.reservations import ReservationState
from chargeplane.domain.status import ConnectorStatus
from chargeplane.domain.tokens import IdToken, TokenStatus
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Store, StoreError, tenants
from chargeplane.station import DEMONSTRATION
from chargeplane.station.fleets.drivers import Day

__all__ = [
    "BOOKED",
    "BOOK_EVERY_S",
    "DAY",
    "MEMBERS",
    "PLACES",
    "SPEED",
    "TOKENS",
    "free_to_book",
    "furnish",
    "is_furnished",
    "keep_reserved",
]

_log = logging.getLogger(__name__)


class DemoSite(NamedTuple):
    """A site, and who stands there."""

    id: str
    name: str
    latitude: float
    longitude: float
    stations: tuple[str, ...]


MEMBERS: Final = DEMONSTRATION
PLACES: Final = (
    DemoSite("demo-berlin", "Berlin", 52.52, 13.405, ("DEMO-12S", "DEMO-15S", "DEMO-ODD-16J")),
    DemoSite("demo-potsdam", "Potsdam", 52.4, 13.06, ("DEMO-16S",)),
    DemoSite("demo-hamburg", "Hamburg", 53.55, 9.99, ("DEMO-16J", "DEMO-ODD-201")),
    DemoSite("demo-muenchen", "München", 48.137, 11.575, ("DEMO-201", "DEMO-21", "DEMO-21-FAST")),
)
TOKENS: Final = tuple(f"DRIVER{number:02d}" for number in range(1, 61))
SPEED: Final = 30.0
DAY: Final = Day((1.0,) * 24)
"""Drivers come at any hour: a quiet night would last for a quarter of an hour of who looks on."""
BOOKED: Final = ("DEMO-16J", "DEMO-16S", "DEMO-201", "DEMO-21")
"""Stations with two EVSEs, of which one may be reserved."""
BOOKED_FOR: Final = timedelta(hours=6)
BOOK_EVERY_S: Final = 5.0
_DRIVER: Final = IdToken(TOKENS[0])


def furnish(connection: Connection, now: datetime) -> None:
    """Register the stations, their sites and the tokens, unless they are there."""
    tenant_id = tenants.DEFAULT_TENANT_ID
    tenants.ensure(connection, tenant_id, "Demonstration", now)
    stands_at = {station: site.id for site in PLACES for station in site.stations}
    is_new = False
    for member in MEMBERS:
        known = Known(tenant_id, member.identity, 0, None, Registration.ACCEPTED, 0)
        site_id = stands_at.get(member.identity)
        is_new |= register(connection, known, now, site_id=site_id)
    if is_new:
        for site in PLACES:
            place = site._asdict() | {"created_at": now, "time_zone": "Europe/Berlin"}
            del place["stations"]
            sites.add(connection, tenant_id, place)
    for value in TOKENS:
        token = {
            "key": IdToken(value).key,
            "value": value,
            "type": "",
            "transactions_max": 3,  # a driver drawn twice is not turned away
            "status": TokenStatus.ACCEPTED,
            "created_at": now,
        }
        tokens.add(connection, tenant_id, token)


def is_furnished(connection: Connection) -> bool:
    """Whether a demonstration has been here: one of its stations is registered."""
    mine = stations.c.tenant_id == tenants.DEFAULT_TENANT_ID
    ids = [member.identity for member in MEMBERS]
    found = select(stations.c.id).where(mine, stations.c.id.in_(ids)).limit(1)
    return connection.execute(found).first() is not None


async def keep_reserved(store: Store, clock: Clock, send: Send) -> None:
    """Reserve an EVSE whenever none is, as soon as one is free. Until cancelled."""
    while True:
        await clock.sleep(BOOK_EVERY_S)
        try:
            free = await store.read(free_to_book)
            if free is None:
                continue
            station_id, evse_id = free
            until = clock.now() + BOOKED_FOR
            wish = Reserve(id_token=_DRIVER, expires_at=until, evse_id=evse_id)
            await send(tenants.DEFAULT_TENANT_ID, station_id, wish)
        except (NotConnected, StoreError) as error:
            _log.info("nothing is reserved yet: %s", error)


def free_to_book(connection: Connection) -> tuple[str, int] | None:
    """Station and EVSE; None: all are taken, or there is a reservation already."""
    mine: UUID = tenants.DEFAULT_TENANT_ID
    open_states = [each for each in ReservationState if each.is_open]
    booked = select(reservations.c.id).where(
        reservations.c.tenant_id == mine, reservations.c.state.in_(open_states)
    )
    if connection.execute(booked.limit(1)).first() is not None:
        return None
    each = connectors.c
    free = select(each.station_id, each.evse_id).where(
        each.tenant_id == mine,
        each.station_id.in_(BOOKED),
        each.evse_id > 0,
        each.status == ConnectorStatus.AVAILABLE,
    )
    row = connection.execute(free.order_by(each.evse_id.desc(), each.station_id).limit(1)).first()
    return None if row is None else (row.station_id, row.evse_id)
