"""The local authorization list: sent whole or as changes, with a version (D01, D02; 1.6 5.15).

The list lies in ``hub.local_list``, since the block authorization looks into it; this block is the
only one that changes it (D01.FR.09).
"""

from __future__ import annotations

from chargeplane.ocpp.versions import Version
from chargeplane.station.device_model.variables import Place
from chargeplane.station.hub import Hub
from chargeplane.station.local_list import v1, v2

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Make the block part of a station."""
    entries = hub.variables.at(Place("LocalAuthListCtrlr", "Entries"))
    entries.read = lambda: str(len(hub.local_list))
    storage = hub.variables.at(Place("LocalAuthListCtrlr", "Storage"))
    storage.read = lambda: str(len(hub.local_list) * 200)
    (v1 if hub.family is Version.V1_6 else v2).install(hub)
