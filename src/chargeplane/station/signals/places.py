"""Of EVSEs and the grid before them."""

from __future__ import annotations

from dataclasses import dataclass

from chargeplane.station.signals.signal import Happening, Signal

__all__ = ["EvseChanged", "FaultChanged", "GridChanged", "PluggedIn", "StatusWanted", "Unplugged"]


@dataclass(frozen=True, slots=True)
class PluggedIn(Happening):
    """A vehicle is connected."""

    evse_id: int


@dataclass(frozen=True, slots=True)
class Unplugged(Happening):
    """The cable was pulled."""

    evse_id: int


@dataclass(frozen=True, slots=True)
class FaultChanged(Happening):
    """An EVSE broke, or works again."""

    evse_id: int
    fault: str
    """A 1.6 error code; empty: it works."""


@dataclass(frozen=True, slots=True)
class GridChanged(Happening):
    """The grid has another voltage, frequency or load."""


@dataclass(frozen=True, slots=True)
class EvseChanged(Signal):
    """The status of a connector may be another one; 0 for the station."""

    evse_id: int


@dataclass(frozen=True, slots=True)
class StatusWanted(Signal):
    """Report the status, changed or not; None for all."""

    evse_id: int | None = None
