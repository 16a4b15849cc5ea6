"""The grid that a station hangs on: its voltage and frequency, which can be set and played."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Grid", "GridPoint"]

NOMINAL_HZ = 50.0


@dataclass(slots=True)
class Grid:
    """What it is like now, the same for all EVSEs of a station."""

    voltage_share: float = 1.0
    """Of the nominal voltage."""
    frequency_hz: float = NOMINAL_HZ
    load_w: float | None = None
    """What else flows into the site, negative for what it makes; None: no meter tells of it."""


@dataclass(frozen=True, slots=True)
class GridPoint:
    """What the grid is like from a moment on; None: as before."""

    after_s: float
    """Since the profile began to be played."""
    voltage_share: float | None = None
    frequency_hz: float | None = None
    load_w: float | None = None

    def put_on(self, grid: Grid) -> None:
        """Let the grid be so."""
        if self.voltage_share is not None:
            grid.voltage_share = self.voltage_share
        if self.frequency_hz is not None:
            grid.frequency_hz = self.frequency_hz
        if self.load_w is not None:
            grid.load_w = self.load_w
