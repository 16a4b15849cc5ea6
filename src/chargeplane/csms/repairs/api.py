"""The repairs of a station over REST."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from litestar import get
from litestar.params import FromPath
from msgspec import Struct
from sqlalchemy import Connection

from chargeplane.csms.inventory import is_station
from chargeplane.csms.repair_counts import Counted, of_station
from chargeplane.csms.repairs.meanings import MEANINGS
from chargeplane.runtime.rest import Injected, Principal, Problem, Routes, requires
from chargeplane.runtime.store import Store

__all__ = ["Repairs", "routes"]


class RepairView(Struct, frozen=True):
    """One kind of repair that was made to what the station sent."""

    name: str
    meaning: str
    """One sentence: what stood there, and what is made of it."""
    count: int
    first_at: datetime
    last_at: datetime
    frame_id: UUID | None
    """The frame that was repaired last, for the flight recorder, which may have let it go; null:
    it was the handshake."""


class RepairsView(Struct, frozen=True):
    """The repairs of a station, the one that was made last before the others."""

    items: list[RepairView]


class Repairs:
    """Reads what was counted."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, tenant_id: UUID, station_id: str) -> RepairsView:
        """The repairs of a station.

        Raises:
            Problem: there is no such station.
        """

        def look(connection: Connection) -> list[Counted] | None:
            if not is_station(connection, tenant_id, station_id):
                return None
            return of_station(connection, tenant_id, station_id)

        found = await self._store.read(look)
        if found is None:
            raise Problem.not_found("station", station_id)
        return RepairsView([_view(each) for each in found])


@get(
    "/stations/{station_id:str}/repairs",
    guards=[requires("stations:read")],
    summary="List the repairs of a station",
)
async def list_repairs(
    station_id: FromPath[str], repairs: Injected[Repairs], principal: Injected[Principal]
) -> RepairsView:
    """What was odd about what the station sent, and was repaired: how often, and when last.

    The counts are a few seconds old.
    """
    return await repairs.of(principal.tenant_id, station_id)


def routes(repairs: Repairs) -> Routes:
    """The routes of the block."""
    return Routes("Repairs", (list_repairs,), {"repairs": repairs})


def _view(each: Counted) -> RepairView:
    # A name that this version no longer has explains itself as far as it can.
    return RepairView(meaning=MEANINGS.get(each.name, each.name), **asdict(each))
