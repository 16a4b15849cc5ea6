"""Controls of distributed energy: what the grid's operator wants of inverters (2.1, block R).

``controls`` keeps them with their priorities and defaults (R04), ``asked`` answers the central
system, and ``acting`` lets them act on the EVSEs that can feed back, and raises alarms (R05).

Curves of voltage count in percent of the nominal voltage; those that trip have seconds as their
places and percent or hertz as their values. Not followed: gradients, ride-through without a trip
and power monitoring; such controls are answered with NotSupported.
"""

from __future__ import annotations

from chargeplane.ocpp.versions import Version
from chargeplane.station.der.acting import Acting
from chargeplane.station.der.asked import install as install_requests
from chargeplane.station.der.controls import Controls
from chargeplane.station.hub import Hub

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Make the block part of a station."""
    if hub.version is Version.V2_1:
        controls = Controls(hub)
        acting = Acting(hub, controls)
        install_requests(hub, controls)
        controls.changed = acting.apply
        hub.afterwards(controls.follow)
