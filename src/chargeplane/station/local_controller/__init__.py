"""The local controller of a site: it stands between stations and the central system.

OCPP 2.x Part 4, chapter 6. Stations connect to it as if it was the central system; for each it has
a connection upwards of the same identity, path and sub-protocol.

* ``relay``: one station between its two connections, without sockets and clock
* ``upward`` and ``downward``: whose turn it is in each direction; one request is open at a time
* ``alone``: what it answers while the central system is away; ``backlog``: what it delivers later
* ``needs``, ``sharing``, ``profiles`` and ``power``: who may take how much of the power of the site
* ``own``: the controller as a station of its own
* ``controller``, ``entrance``, ``session`` and ``upstream``: the same over real sockets
* ``frames``: as much as it must know of what passes through
"""

from __future__ import annotations

from chargeplane.station.local_controller.alone import KnownTokens
from chargeplane.station.local_controller.controller import LocalController, Standing
from chargeplane.station.local_controller.own import Own
from chargeplane.station.local_controller.relay import Relay

__all__ = ["KnownTokens", "LocalController", "Own", "Relay", "Standing"]
