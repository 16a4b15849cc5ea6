"""Metering: when meter values are due, and those that belong to no transaction (J01, J02).

Inside a transaction the block transactions sends them, in the message that its family has for it.
"""

from __future__ import annotations

from chargeplane.ocpp.versions import Version
from chargeplane.station.hub import Hub
from chargeplane.station.metering import v1, v2
from chargeplane.station.metering.sampling import Sampling
from chargeplane.station.metering.signing import Signing

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Make the block part of a station."""
    Signing(hub)
    Sampling(hub, v1.tell if hub.family is Version.V1_6 else v2.tell)
