"""How many wrong attempts are answered in full: for each source, and for each identity.

Whoever knows the password gets in whatever others try: an attempt is judged first, and only wrong
ones are counted. So nobody can lock a station out by guessing in its name.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

__all__ = ["Throttle"]

ATTEMPTS_MAX: Final = 20
"""Wrong attempts at once."""
REFILL_S: Final = 6.0
"""So long until there is one more."""
ENTRIES_MAX: Final = 10_000
"""Sources, and identities, that are remembered; the one that failed longest ago goes first."""


class Throttle:
    """Token buckets of wrong attempts."""

    def __init__(self, attempts_max: int = ATTEMPTS_MAX, refill_s: float = REFILL_S) -> None:
        self._attempts_max = attempts_max
        self._refill_s = refill_s
        self._sources: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._identities: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def failed(self, source: str, identity: str, now_s: float) -> int:
        """Count a wrong attempt; 0, or after how many seconds another one may come."""
        waits = (
            self._taken(self._sources, source, now_s),
            self._taken(self._identities, identity[:64], now_s),
        )
        return round(max(waits))

    def _taken(
        self, buckets: OrderedDict[str, tuple[float, float]], key: str, now_s: float
    ) -> float:
        left, since_s = buckets.pop(key, (float(self._attempts_max), now_s))
        left = min(left + (now_s - since_s) / self._refill_s, float(self._attempts_max))
        has_one = left >= 1.0
        buckets[key] = (left - 1.0 if has_one else left), now_s
        if len(buckets) > ENTRIES_MAX:
            buckets.popitem(last=False)
        return 0.0 if has_one else max((1.0 - left) * self._refill_s, 1.0)

    def __len__(self) -> int:
        return max(len(self._sources), len(self._identities))
