"""Smart charging: profiles are installed, limit the EVSEs, and are told of again (block K).

* ``checking``: which profiles a station takes, and why not the others (K01; 1.6 section 5.16).
* ``installed``: the profiles it has, on which EVSE; EVSE 0 is the station. They stay over a reboot;
  a TxProfile goes with its transaction (K02.FR.05, K01.FR.27).
* ``limiting``: what they allow acts on the EVSEs, now and at each later change. A limit of the
  station is shared by those who charge (K04); below 6 A, or the least rate of a profile, an EVSE
  pauses (``SuspendedEVSE``).
* ``schedules``: GetCompositeSchedule (K08; 1.6 section 5.7). Reports of 2.x: K09, clearing: K10.

The arithmetic is that of ``chargeplane.domain.charging``. Left for later: profiles inside a remote
start (K05, F01.FR.08), limits of external systems (K11-K14), ISO 15118 (K15-K20), and of 2.1
dynamic schedules, priority charging, local generation, operation modes other than ChargingOnly,
randomised delays, limits beyond a state of charge and validity while offline. Profiles that ask for
one of these are rejected, and ``SmartChargingCtrlr.SupportsFeature`` says so.
"""

from __future__ import annotations

from chargeplane.ocpp.versions import Version
from chargeplane.station.hub import Hub
from chargeplane.station.smart_charging import v1, v2
from chargeplane.station.smart_charging.installed import Profiles
from chargeplane.station.smart_charging.limiting import Limiting
from chargeplane.station.variables import Place

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Make the block part of a station."""
    profiles = Profiles()
    limiting = Limiting(hub, profiles)
    entries = hub.variables.find(Place("SmartChargingCtrlr", "Entries", "ChargingProfiles"))
    assert entries is not None
    entries.read = lambda: str(len(profiles))
    (v1 if hub.family is Version.V1_6 else v2).install(hub, profiles, limiting)
