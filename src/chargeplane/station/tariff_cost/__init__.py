"""Tariffs and the local calculation of costs (2.1, I07-I12).

``tariffs`` answers the central system; ``default_tariffs`` has those of the EVSEs,
``driver_tariffs`` those that came with the authorization of drivers. ``conditions`` says which
prices hold at a moment, ``bill`` adds up one transaction, ``bills`` keeps the open ones. Not here:
fees of reservations.
"""

from __future__ import annotations

from chargeplane.ocpp.versions import Version
from chargeplane.station.hub import Hub
from chargeplane.station.tariff_cost.tariffs import Tariffs

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Make the block part of a station."""
    if hub.version is Version.V2_1:
        Tariffs(hub)
