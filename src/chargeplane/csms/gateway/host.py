"""What a conversation needs of the gateway that holds it, whatever carries its messages."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from chargeplane.csms.contract import Station
from chargeplane.csms.gateway.dispatcher import Dispatcher
from chargeplane.csms.gateway.meter import Meter
from chargeplane.csms.gateway.tray import Tray
from chargeplane.ocpp.errors import OcppError
from chargeplane.ocpp.frames import Limits
from chargeplane.ocpp.tolerance import Tolerance
from chargeplane.runtime.clock import Clock

__all__ = ["Host"]


class Host(Protocol):
    """Holds conversations. The gateway is one; conversations know no more of it than this."""

    clock: Clock
    meter: Meter
    tolerance: Tolerance
    limits: Limits
    tray: Tray
    dispatcher: Dispatcher

    def seen(self, station: Station, now: datetime) -> datetime:
        """A station is alive; from when on this is worth telling again."""
        ...

    def repaired(self, station: Station, name: str, at: datetime, frame_id: UUID | None) -> None:
        """A repair was made to a frame of a station; None: to its handshake."""
        ...

    def fault(self, station: Station, error: OcppError) -> None:
        """We have nearly sent something that the station's version does not allow."""
        ...
