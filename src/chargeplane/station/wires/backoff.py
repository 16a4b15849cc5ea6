"""How long a station waits before it dials again (2.x Part 4, 5.3 "Reconnecting").

Minimum plus a random part; after each failure the minimum doubles, a limited number of times, each
time with a new random part; success begins anew.
"""

from __future__ import annotations

from random import Random

from chargeplane.station.device_model.variables import Variables

__all__ = ["BackOff"]


class BackOff:
    """Counts failures. Reads its three variables each time, since they may be set."""

    def __init__(self, variables: Variables, rng: Random) -> None:
        self._variables = variables
        self._rng = rng
        self._failures = 0

    def succeeded(self) -> None:
        """There is a connection that works."""
        self._failures = 0

    def next_s(self) -> float:
        """How long to wait now."""
        repeats = self._number("RetryBackOffRepeatTimes")
        base_s = self._number("RetryBackOffWaitMinimum") * 2 ** min(self._failures, repeats)
        self._failures += 1
        return base_s + self._rng.uniform(0, self._number("RetryBackOffRandomRange"))

    def _number(self, variable: str) -> float:
        return self._variables.number("OCPPCommCtrlr", variable)
