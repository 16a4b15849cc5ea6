"""What controls of the grid want of an EVSE."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Duty"]


@dataclass(frozen=True, slots=True)
class Duty:
    """What controls of the grid want of an EVSE, on top of profiles (2.1, block R)."""

    tripped: bool = False
    """Whether it must stay off the grid."""
    discharge_w_max: float | None = None
    charge_w_max: float | None = None
    shift_w: float = 0.0
    """More power taken, or less."""
    reactive_var: float = 0.0
    """Injected, or absorbed if negative."""
