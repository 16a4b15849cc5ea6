"""A battery-swap cabinet: each EVSE is a slot with a battery (2.1, S01-S03)."""

from __future__ import annotations

from chargeplane.ocpp.versions import Version
from chargeplane.station.battery_swap.cabinet import Cabinet
from chargeplane.station.hub import Hub

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Make the block part of a station."""
    if hub.version is Version.V2_1:
        Cabinet(hub)
