"""The virtual station: a charging station of any version, with vehicles, from the station's end.

* ``Station``: one over real sockets; ``Fleet``: many, with their drivers
* ``Core``: the same without sockets and clock, a state machine
* ``Inventory`` and ``EvseSpec``: what it is built of, ``read_inventory``: out of a file;
  ``Ev``: a vehicle with a battery
* ``MemoryFault``: the file in which a station remembers cannot be used
* ``Tally``: what a fleet did, counted while it happens
* ``signals``: what can happen, for ``Station.wait_for`` and ``Core.happened``
* ``quirks.QUIRKS``: the oddities of real stations, as switches
* one folder for each functional block, with the names of the blocks of ``csms``; besides them
  ``device_model`` (variables), ``wires`` (connections), ``fleets`` and ``scenarios``

The blocks are joined by ``hub``; both families share all rules, and each speaks the newest types
of its family, which ``conversation`` lowers to the version on the wire.
"""

from __future__ import annotations

from chargeplane.station.core import Core
from chargeplane.station.fleets.fleet import DEMONSTRATION, Fleet, Member, Storm
from chargeplane.station.fleets.tally import Tally
from chargeplane.station.inventory import EvseSpec, Inventory
from chargeplane.station.inventory_file import InventoryFault, read_inventory
from chargeplane.station.memory import MemoryFault
from chargeplane.station.station import Station
from chargeplane.station.vehicle import Ev

__all__ = [
    "DEMONSTRATION",
    "Core",
    "Ev",
    "EvseSpec",
    "Fleet",
    "Inventory",
    "InventoryFault",
    "Member",
    "MemoryFault",
    "Station",
    "Storm",
    "Tally",
    "read_inventory",
]
