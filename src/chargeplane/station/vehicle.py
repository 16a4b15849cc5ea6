"""An electric vehicle with a battery: how much power it takes or gives back, and for how long.

Charging has two parts. Up to ``knee_soc`` the battery takes the full power (constant current);
above it the power falls in a straight line over the state of charge (constant voltage), down to
``tail_share`` of the full power when the battery is full. Both parts have a closed form, so energy
and end are exact for any step: a day passes in one call, and the sum never depends on the steps.
Giving back is even, down to ``soc_min``.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, log

__all__ = ["Ev"]

_HOUR_S = 3600.0
_TINY_WH = 1e-6


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
    discharge_w_max: float = 0.0
    """What it gives back at most; 0: it is not bidirectional."""
    soc_min: float = 0.2
    """Below this it gives nothing back."""
    edition: str = ""
    """Of ISO 15118 that it speaks: ``2`` or ``20``; empty: none, and it tells of no needs."""
    departs_in_s: float | None = None
    """When its driver wants to leave, from when it was plugged in; None: not told."""
    soc_target: float = 0.8
    """What its driver wants then."""

    def __post_init__(self) -> None:
        if not (0 < self.knee_soc < 1 and 0 < self.tail_share < 1):
            raise ValueError("knee_soc and tail_share lie between 0 and 1")
        if self.edition not in {"", "2", "20"}:
            raise ValueError(f"there is no edition {self.edition} of ISO 15118 for vehicles")

    @property
    def is_bidirectional(self) -> bool:
        return self.discharge_w_max > 0

    @property
    def need_wh(self) -> float:
        """The energy that its driver still wants."""
        return max(self.soc_target - self.soc, 0.0) * self.capacity_wh

    # Taking energy.

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
        if room_wh - energy_wh < _TINY_WH:
            self.soc = self.soc_max
        return energy_wh

    def full_in_s(self, limit_w: float) -> float:
        """How long until it stops of itself; infinite without power, 0 when it has stopped."""
        return self.reaches_in_s(self.soc_max, limit_w)

    def reaches_in_s(self, soc: float, limit_w: float) -> float:
        """How long until this state of charge; infinite without power, 0 when it is there."""
        room_wh = max(soc - self.soc, 0.0) * self.capacity_wh
        flat_w = min(limit_w, self.power_w_max)
        if room_wh <= 0:
            return 0.0
        if flat_w <= 0 or soc > self.soc_max:
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

    # Giving energy back.

    def given_w(self, limit_w: float) -> float:
        """What it gives back now, where ``limit_w`` is wanted; both as positive numbers."""
        if self.soc <= self.soc_min:
            return 0.0
        return max(min(limit_w, self.discharge_w_max), 0.0)

    def discharge(self, limit_w: float, duration_s: float) -> float:
        """Give back for so long; the energy in Wh, as a positive number."""
        room_wh = max(self.soc - self.soc_min, 0.0) * self.capacity_wh
        energy_wh = min(self.given_w(limit_w) * max(duration_s, 0.0) / _HOUR_S, room_wh)
        if energy_wh > 0:
            self.soc -= energy_wh / self.capacity_wh
            if room_wh - energy_wh < _TINY_WH:
                self.soc = self.soc_min
        return energy_wh

    def empty_in_s(self, limit_w: float) -> float:
        """How long until it gives nothing back any more; infinite if it gives nothing now."""
        power_w = self.given_w(limit_w)
        if power_w <= 0:
            return inf
        return (self.soc - self.soc_min) * self.capacity_wh / power_w * _HOUR_S

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
