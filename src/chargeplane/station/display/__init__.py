"""Messages on the screen of a station, which stay over a reboot (block O)."""

from __future__ import annotations

from chargeplane.ocpp.versions import Version
from chargeplane.station.display.messages import Messages
from chargeplane.station.hub import Hub

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Make the block part of a station."""
    if hub.family is Version.V2_1:
        Messages(hub)
