"""Smart charging: profiles are installed, limit the EVSEs, and are told of again (block K).

* ``checking``: which profiles a station takes, and why not the others (K01; 1.6 section 5.16).
* ``installed``: the profiles it has, on which EVSE; EVSE 0 is the station. They stay over a reboot;
  a TxProfile goes with its transaction (K02.FR.05, K01.FR.27).
* ``offers``: what they allow each EVSE at a moment. A limit of the station is shared by those who
  charge (K04); below 6 A, or the least rate of a profile, an EVSE pauses (``SuspendedEVSE``).
* ``limiting``: that acts on the EVSEs, now and at each later change.
* ``schedules``: GetCompositeSchedule (K08; 1.6 section 5.7). Reports of 2.x: K09, clearing: K10.
* ``starting``: profiles inside a remote start (K05; 1.6 section 5.11).
* ``external``: what an energy manager on the site limits or adds (K11-K13, K27, Q06).
* ``needs``: vehicles of ISO 15118 tell their needs and choose their schedule (K15-K20, Q02).
* 2.1: ``dynamic`` profiles (K28), ``priority`` charging (K21, K22), operation modes with setpoints
  (block Q), random delays, limits from a state of charge on, validity while offline.

The arithmetic is that of ``chargeplane.domain.charging``. A station does not steer each phase by
itself, sends no EVSE to sleep, and follows no reactive setpoints: such profiles are rejected.
"""

from __future__ import annotations

from chargeplane.ocpp.versions import Version
from chargeplane.station.device_model.variables import Place
from chargeplane.station.hub import Hub
from chargeplane.station.smart_charging import remembering, v1, v2
from chargeplane.station.smart_charging.installed import Profiles
from chargeplane.station.smart_charging.limiting import Limiting

__all__ = ["install"]


def install(hub: Hub) -> None:
    """Make the block part of a station."""
    profiles = Profiles()
    remembering.install(hub, profiles)
    limiting = Limiting(hub, profiles)
    entries = hub.variables.find(Place("SmartChargingCtrlr", "Entries", "ChargingProfiles"))
    assert entries is not None
    entries.read = lambda: str(len(profiles))
    (v1 if hub.family is Version.V1_6 else v2).install(hub, profiles, limiting)
