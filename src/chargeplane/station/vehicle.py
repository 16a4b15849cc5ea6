"""An electric vehicle with a battery: how much power it takes, and for how long.

Charging has two parts. Up to ``knee_soc`` the battery takes the full power (constant current);
above it the power falls in a straight line over the state of charge (constant voltage), down to
``tail_share`` of the full power when the battery is full. Both parts have a closed form, so energy
and end are exact for any step: a day passes in one call, and the sum never depends on the steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, log

__all__ = ["Ev"]

_HOUR_S = 3600.0


@dataclass(slots=True)
class Ev:
    """A vehicle. It is changed by charging it."""

    capacity_wh: float = 60_000.0
    soc: float = 0.3
    """State of charge, 0 to 1."""
    power_w_max: float = 11_000.0
    phases: int = 3
    """Phases that its charger uses on alternating current."""
    soc_max: float = 1.0
    """Where it stops of itself."""
    knee_soc: float = 0.8
    tail_share: float = 0.05

    def __post_init__(self) -> None:
        if not (0 < self.knee_soc < 1 and 0 < self.tail_share < 1):
            raise ValueError("knee_soc and tail_share lie between 0 and 1")

    def power_w(self, limit_w: float) -> float:
        """What it takes now, where ``limit_w`` is offered."""
        if self.soc >= self.soc_max:
            return 0.0
        return max(min(limit_w, self._taper_w(self.soc)), 0.0)

    def charge(self, limit_w: float, duration_s: float) -> float:
        """Charge for so long; the energy taken in Wh."""
        room_wh = max(self.soc_max - self.soc, 0.0) * self.capacity_wh
        flat_w = min(limit_w, self.power_w_max)
        if flat_w <= 0 or room_wh <= 0 or duration_s <= 0:
            return 0.0
        hours = duration_s / _HOUR_S
        flat_wh = min(self._flat_wh(flat_w), room_wh)
        if flat_w * hours <= flat_wh:
            energy_wh = flat_w * hours
        else:
            falling_w = self.power_w_at(self.soc + flat_wh / self.capacity_wh, flat_w)
            rate = self._fall_per_hour()
            tail_h = hours - flat_wh / flat_w
            energy_wh = min(flat_wh + falling_w / rate * (1 - exp(-rate * tail_h)), room_wh)
        self.soc = min(self.soc + energy_wh / self.capacity_wh, self.soc_max)
        if room_wh - energy_wh < 1e-6:
            self.soc = self.soc_max
        return energy_wh

    def full_in_s(self, limit_w: float) -> float:
        """How long until it stops of itself; infinite without power, 0 when it has stopped."""
        room_wh = max(self.soc_max - self.soc, 0.0) * self.capacity_wh
        flat_w = min(limit_w, self.power_w_max)
        if room_wh <= 0:
            return 0.0
        if flat_w <= 0:
            return inf
        flat_wh = min(self._flat_wh(flat_w), room_wh)
        hours = flat_wh / flat_w
        if room_wh > flat_wh:
            falling_w = self.power_w_at(self.soc + flat_wh / self.capacity_wh, flat_w)
            rate = self._fall_per_hour()
            hours += -log(1 - rate * (room_wh - flat_wh) / falling_w) / rate
        return hours * _HOUR_S

    def power_w_at(self, soc: float, limit_w: float) -> float:
        """What it would take at another state of charge."""
        return min(limit_w, self._taper_w(soc))

    def _taper_w(self, soc: float) -> float:
        beyond = max(soc - self.knee_soc, 0.0) / (1 - self.knee_soc)
        return self.power_w_max * (1 - (1 - self.tail_share) * beyond)

    def _flat_wh(self, flat_w: float) -> float:
        """The energy until the battery, and no longer the limit, holds the power down."""
        share = (1 - flat_w / self.power_w_max) / (1 - self.tail_share)
        falls_at_soc = self.knee_soc + (1 - self.knee_soc) * min(share, 1.0)
        return max(falls_at_soc - self.soc, 0.0) * self.capacity_wh

    def _fall_per_hour(self) -> float:
        """Watts less for each Wh more."""
        span_wh = (1 - self.knee_soc) * self.capacity_wh
        return self.power_w_max * (1 - self.tail_share) / span_wh
