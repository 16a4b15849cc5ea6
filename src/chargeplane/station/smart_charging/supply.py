"""What charging profiles count with: voltages, phases, and what a vehicle can be offered."""

from __future__ import annotations

from decimal import Decimal

from chargeplane.domain.charging import Supply
from chargeplane.station.hub import Hub
from chargeplane.station.inventory import EvseSpec

__all__ = ["PILOT_A_MIN", "grid_of", "supply_of"]

PILOT_A_MIN = Decimal(6)
"""The least that a vehicle can be offered on alternating current (IEC 61851-1)."""


def supply_of(spec: EvseSpec) -> Supply:
    """What profiles of an EVSE count with."""
    return Supply(Decimal(str(spec.voltage_v)), spec.phases)


def grid_of(hub: Hub) -> Supply:
    """What profiles of the station count with: three phases, unless all EVSEs have fewer."""
    specs = [each.spec for each in hub.evses.values() if not each.spec.is_dc]
    if not specs:
        return Supply(Decimal(230), 3)
    return Supply(Decimal(str(specs[0].voltage_v)), max(each.phases for each in specs))
