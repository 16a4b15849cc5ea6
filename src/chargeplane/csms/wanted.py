"""Which stations somebody wants to see: as parameters of a route, as a condition of the database.

The list of stations and the map of them take the same parameters.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple
from uuid import UUID

from litestar.params import QueryParameter
from sqlalchemy import ColumnElement, select

from chargeplane.csms.inventory import connectors, stations
from chargeplane.domain.status import ConnectorStatus
from chargeplane.runtime.rest.keyset import containing, having
from chargeplane.runtime.rest.lists import SEARCH_CHARACTERS_MAX, search_in

__all__ = ["AtSite", "OfStatus", "OfVersion", "Search", "Wanted", "conditions"]

Search = Annotated[
    str | None, search_in("In the id, the name, the vendor, the model or the serial number.")
]
OfStatus = Annotated[
    ConnectorStatus | None, QueryParameter(description="Of at least one connector.")
]
OfVersion = Annotated[
    str | None,
    QueryParameter(min_length=1, max_length=20, description="Of OCPP, such as `2.0.1`."),
]
AtSite = Annotated[str | None, QueryParameter(min_length=1, max_length=SEARCH_CHARACTERS_MAX)]


class Wanted(NamedTuple):
    """Which stations; None: all."""

    search: str | None = None
    """In the id, the name, the vendor, the model or the serial number."""
    status: str | None = None
    """Of at least one connector, or of the station as a whole."""
    ocpp_version: str | None = None
    connected: bool | None = None
    """No condition of the database says it: who is connected only the program knows."""
    registration: str | None = None
    site_id: str | None = None
    sites: frozenset[str] | None = None
    """Those that whoever asks is limited to."""


def conditions(tenant_id: UUID, wanted: Wanted) -> list[ColumnElement[bool]]:
    """All that ``wanted`` says of stations, but for ``connected``."""
    each = stations.c
    found = [
        each.tenant_id == tenant_id,
        *having(
            (each.ocpp_version, wanted.ocpp_version),
            (each.registration, wanted.registration),
            (each.site_id, wanted.site_id),
        ),
    ]
    if wanted.sites is not None:
        found.append(each.site_id.in_(sorted(wanted.sites)))
    if wanted.search:
        searched = (each.id, each.name, each.vendor, each.model, each.serial_number)
        found.append(containing(wanted.search, *searched))
    if wanted.status is not None:
        # An alias: a query that is about connectors itself must not lend its own here.
        own = connectors.alias("own").c
        of_station = select(own.station_id).where(
            own.tenant_id == tenant_id,
            own.station_id == each.id,
            own.status == wanted.status,
        )
        found.append(of_station.exists())
    return found
