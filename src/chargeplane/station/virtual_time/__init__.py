"""A fleet in simulated time: no sockets, no asyncio, no clock of the machine.

    fleet = VirtualFleet(members, tokens=["DEADBEEF"], seed=7)
    fleet.run(86_400)          # a day
    fleet.digest.hexdigest()   # of all frames: the same for the same seed

* ``Agenda``: the clock, and what will happen, in order
* ``VirtualStation``: one ``Core``, its connection and its reconnects, driven by the agenda
* ``End`` and ``YesCentral``: the central system at the other end, in process
* ``VirtualFleet``: many stations with their drivers
"""

from __future__ import annotations

from chargeplane.station.virtual_time.agenda import Agenda
from chargeplane.station.virtual_time.central import End, YesCentral
from chargeplane.station.virtual_time.fleet import VirtualFleet
from chargeplane.station.virtual_time.life import VirtualStation

__all__ = ["Agenda", "End", "VirtualFleet", "VirtualStation", "YesCentral"]
