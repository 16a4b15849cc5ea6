"""Of power: who limits it, and who wants it at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chargeplane.domain.tokens import IdToken
from chargeplane.station.duty import Duty
from chargeplane.station.signals.signal import Happening, Signal

__all__ = [
    "DutyWanted",
    "ExternalLimitWanted",
    "LimitWanted",
    "NeedsWanted",
    "PriorityTold",
    "PriorityWanted",
    "ProfileWanted",
    "StationLimitChanged",
]


@dataclass(frozen=True, slots=True)
class LimitWanted(Signal):
    """Offer the vehicle at most so much; None: what the hardware can."""

    evse_id: int
    limit_w: float | None
    phases: int | None = None
    """At most so many; None: all."""
    by_profiles: bool = False
    """Whether charging profiles want it, and not the owner; the lower one holds."""
    setpoint_w: float | None = None
    """Of profiles: what shall flow, negative to give energy back; None: as much as is offered."""


@dataclass(frozen=True, slots=True)
class StationLimitChanged(Signal):
    """What charging profiles of the whole station allow all EVSEs together; None: no limit."""

    limit_w: float | None


@dataclass(frozen=True, slots=True)
class DutyWanted(Signal):
    """Let an EVSE do what controls of the grid want."""

    evse_id: int
    duty: Duty


@dataclass(frozen=True, slots=True)
class ExternalLimitWanted(Signal):
    """An energy manager on the site limits an EVSE, or with 0 the station (K11-K14, Q06)."""

    evse_id: int
    limit_w: float | None = None
    """None, with no setpoint: it limits no more."""
    setpoint_w: float | None = None
    source: str = "EMS"
    is_generation: bool = False
    """Whether it is local capacity on top of everything (K27)."""


@dataclass(frozen=True, slots=True)
class ProfileWanted(Signal):
    """A remote start brings a charging profile (K05; 1.6 section 5.11)."""

    evse_id: int
    token: IdToken
    profile: object
    """As it stands in the request."""
    refused: Callable[[str], None]
    """Told at once why it is not good, a reason code of 2.x."""


@dataclass(frozen=True, slots=True)
class PriorityWanted(Signal):
    """A driver wants to charge at once, or no longer (K22)."""

    evse_id: int
    activate: bool


@dataclass(frozen=True, slots=True)
class PriorityTold(Happening):
    """What the station says to that driver."""

    evse_id: int
    activated: bool


@dataclass(frozen=True, slots=True)
class NeedsWanted(Signal):
    """Ask the vehicle again what it needs (Q02.FR.06)."""

    evse_id: int
