"""Monitoring of variables: events when they change, leave their bounds, or at intervals (N02-N08).

* ``monitors``: what is watched, kept in the memory (N07.FR.13), and the rules of setting it (N04).
* ``watching``: looks at the values when something has happened in the station, and at numbers
  every few seconds as long as somebody watches them; tells of events (N07, N08).
* ``streams``: periodic event streams of 2.1, for values that come often (N11 to N15).
* ``v2``: the messages. 1.x has nothing like it.

Left for later: the monitors TargetDelta and TargetDeltaRelative, since no variable has a target.
"""

from __future__ import annotations

from chargeplane.ocpp.versions import Version
from chargeplane.station.hub import Hub
from chargeplane.station.monitoring import v2
from chargeplane.station.monitoring.monitors import Monitors
from chargeplane.station.monitoring.streams import Streams
from chargeplane.station.monitoring.watching import Watching

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Make the block part of a station."""
    if hub.family is Version.V2_1:
        monitors = Monitors(hub)
        streams = Streams(hub, monitors)
        v2.install(hub, monitors, Watching(hub, monitors, streams), streams)
