"""Payment at the station: a terminal, and a QR code that changes (2.1, C20-C25)."""

from __future__ import annotations

from chargeplane.ocpp.versions import Version
from chargeplane.station.hub import Hub
from chargeplane.station.payment.terminal import Terminal

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Make the block part of a station."""
    if hub.version is Version.V2_1:
        Terminal(hub)
