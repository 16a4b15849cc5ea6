"""Tariffs and the local calculation of costs (2.1, I07-I12).

``tariffs`` keeps what the central system sets, ``conditions`` says which prices hold at a moment,
``bill`` adds up one transaction and ``bills`` keeps the open ones; ``driver_tariffs`` has the
tariffs that came with the authorization of drivers. Not here: fees of reservations.
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
