"""Availability: heartbeats, the status of connectors, and taking parts out of operation (G01-G04).

A status is reported when it has changed; after a boot and after a time without connection, what the
central system does not know yet is reported.
"""

from __future__ import annotations

from chargeplane.ocpp.versions import Version
from chargeplane.station.availability import v1, v2
from chargeplane.station.availability.heartbeat import Heartbeat
from chargeplane.station.availability.operation import Operation
from chargeplane.station.availability.reporting import StatusReports
from chargeplane.station.hub import Hub

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Make the block part of a station."""
    is_1x = hub.family is Version.V1_6
    wire = v1 if is_1x else v2
    StatusReports(hub, wire.statuses)
    Heartbeat(hub, wire.heartbeat)
    operation = Operation(hub)
    if is_1x:
        v1.install(hub, operation)
    else:
        v2.install(hub, operation)
