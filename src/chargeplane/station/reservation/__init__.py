"""Reservations in all forms (H01-H04; 1.6 sections 5.2 and 5.13).

``hub.bookings`` keeps them and says which EVSEs they hold; ``service`` has the rules of making,
using and losing one. Installed before the block availability, so that a status is reported once.
"""

from __future__ import annotations

from chargeplane.ocpp.versions import Version
from chargeplane.station.hub import Hub
from chargeplane.station.reservation import v1, v2

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Make the block part of a station."""
    (v1 if hub.family is Version.V1_6 else v2).install(hub)
