"""Charging profiles and schedules: how much an EVSE may take at which time.

``profiles`` are the values, ``ceilings`` what a limit means in watts and amperes, ``timeline`` when
which period of a schedule holds, ``composite`` what results from all profiles together. Everything
is a pure function of profiles and times: a station acts on it, a central system plans with it.

* For each purpose the valid profile with the highest stack level leads, among those whose schedule
  has a period at that time (1.6 section 3.13.2; 2.1 K01.FR.17 and section K 3.6).
* A TxProfile overrules TxDefaultProfiles while it has a period (K02.FR.04, K02.FR.08).
* The lowest of the leading profiles holds (1.6 section 3.13.3; K08.FR.04). Amperes hold for each
  phase, watts for all phases together (K01.FR.50, K01.FR.51); numbers are exact decimals.
* Recurring schedules and those in local time follow the clock on the wall: when summer time begins
  or ends, a part of a period is skipped or repeated, and no gap arises (K01.FR.91).
* 2.1: a Dynamic profile counts from its last update (K28, Q05.FR.07); PriorityCharging stands in
  for TxProfile and TxDefaultProfile (K21.FR.04); LocalGeneration comes on top (K27); operation
  modes give setpoints and floors (block Q, in ``steering``); a profile may be invalid while the
  station is offline (K01.FR.101), and lower from a state of charge on (K01.FR.100).

Random delays (K01.FR.92) are drawn by the station, which shifts the periods by them.
"""

from __future__ import annotations

from chargeplane.domain.charging.ceilings import Ceiling, Supply
from chargeplane.domain.charging.composite import Step, composite, leading, limit_at, mode_at
from chargeplane.domain.charging.profiles import (
    ChargingProfile,
    ChargingSchedule,
    Kind,
    Mode,
    Period,
    Points,
    Purpose,
    RateUnit,
    Recurrence,
    SocCap,
)
from chargeplane.domain.charging.steering import interpolated
from chargeplane.domain.charging.timeline import Balancing, Situation, changes

__all__ = [
    "Balancing",
    "Ceiling",
    "ChargingProfile",
    "ChargingSchedule",
    "Kind",
    "Mode",
    "Period",
    "Points",
    "Purpose",
    "RateUnit",
    "Recurrence",
    "Situation",
    "SocCap",
    "Step",
    "Supply",
    "changes",
    "composite",
    "interpolated",
    "leading",
    "limit_at",
    "mode_at",
]
