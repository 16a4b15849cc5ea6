"""Provisioning: registering with the central system, the device model, restarts.

A station that has not been accepted sends BootNotification and nothing else, except for what the
central system asks for with TriggerMessage while it answers Pending (B01-B03; 1.6 section 4.2).
After a mere loss of connection it does not boot again.
"""

from __future__ import annotations

from chargeplane.ocpp.versions import Version
from chargeplane.station.hub import Hub
from chargeplane.station.provisioning import network, v1, v2
from chargeplane.station.provisioning.registration import Registration
from chargeplane.station.provisioning.restarting import Restarts

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Make the block part of a station."""
    is_1x = hub.family is Version.V1_6
    Registration(hub, v1.boot if is_1x else v2.boot)
    restarts = Restarts(hub)
    if is_1x:
        v1.install(hub, restarts)
        network.install_v1(hub)
    else:
        v2.install(hub, restarts)
        network.install_v2(hub)
