"""Authorization: may this token charge? Asked, remembered, decided alone offline (C01-C16)."""

from __future__ import annotations

from chargeplane.ocpp.versions import Version
from chargeplane.station.authorization import v1, v2
from chargeplane.station.authorization.service import Authorization
from chargeplane.station.hub import Hub

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Make the block part of a station."""
    if hub.family is Version.V1_6:
        v1.install(hub, Authorization(hub, v1.authorize, v1.decision))
    else:
        v2.install(hub, Authorization(hub, v2.authorize, v2.decision))
