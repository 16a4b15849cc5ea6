"""Remote control: start and stop transactions, trigger messages, unlock connectors (F01-F06)."""

from __future__ import annotations

from chargeplane.ocpp.versions import Version
from chargeplane.station.hub import Hub
from chargeplane.station.remote_control import v1, v2

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Make the block part of a station."""
    (v1 if hub.family is Version.V1_6 else v2).install(hub)
