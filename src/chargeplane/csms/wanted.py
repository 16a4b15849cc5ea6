"""Which stations somebody wants to see, as a condition of the database."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from chargeplane.csms.inventory import connectors, stations

__all__ = ["Wanted", "conditions"]


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
    found: list[Any] = [each.tenant_id == tenant_id]
    for column, value in (
        (each.ocpp_version, wanted.ocpp_version),
        (each.registration, wanted.registration),
        (each.site_id, wanted.site_id),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.sites is not None:
        found.append(each.site_id.in_(sorted(wanted.sites)))
    if wanted.search:
        text = wanted.search.lower()
        searched = (each.id, each.name, each.vendor, each.model, each.serial_number)
        found.append(
            or_(*(func.lower(column).contains(text, autoescape=True) for column in searched))
        )
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
