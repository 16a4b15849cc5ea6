"""What a demonstration is furnished with: its virtual stations, where they stand, and tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection

from chargeplane.csms.authorization import tables as tokens
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.csms.site import tables as sites
from chargeplane.domain.tokens import IdToken, TokenStatus
from chargeplane.runtime.store import tenants
from chargeplane.station import DEMONSTRATION

__all__ = ["MEMBERS", "PLACES", "SPEED", "TOKENS", "furnish"]


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
