"""Authorization: may this token charge? Asked, remembered, decided alone offline (C01-C16)."""

from __future__ import annotations

from chargeplane.ocpp.versions import Version
from chargeplane.station.authorization import v1, v2
from chargeplane.station.hub import Hub

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Make the block part of a station."""
    (v1 if hub.family is Version.V1_6 else v2).install(hub)
