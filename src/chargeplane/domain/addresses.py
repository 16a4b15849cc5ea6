"""Where on a station something is. The only file that knows how 1.x connectors map to EVSEs.

A 1.x station has connectors 1, 2, ... that can charge at the same time, and 0 for the station as a
whole. So connector n is EVSE n with its connector 1, and connector 0 is the station.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

__all__ = ["STATION", "EvseAddress"]


class EvseAddress(Struct, frozen=True, order=True, gc=False):
    """An EVSE, or one of its connectors; EVSE 0 is the station itself."""

    evse_id: int
    connector_id: int | None = None

    @property
    def is_station(self) -> bool:
        return self.evse_id <= 0

    @classmethod
    def of_connector(cls, connector_id: int) -> EvseAddress:
        """The address of a 1.x connector."""
        return cls(connector_id, 1) if connector_id > 0 else STATION

    @property
    def connector_1x(self) -> int:
        """The number that a 1.x station knows this address by."""
        return max(self.evse_id, 0)

    def __str__(self) -> str:
        if self.is_station:
            return "station"
        if self.connector_id is None:
            return f"EVSE {self.evse_id}"
        return f"EVSE {self.evse_id} connector {self.connector_id}"


STATION: Final = EvseAddress(0)
