"""How often somebody may fail to log in.

A source that fails is slowed down. An account that many sources fail at is closed to those of them
that have failed before: guessing with a thousand addresses gets a guess from each, and whoever
comes from an address that has not failed gets in with the right password at once.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

__all__ = ["Attempts", "LogInAttempts"]


@dataclass
class Attempts:
    """A bucket of failures for each source, which empties with time."""

    failures_max: int = 10
    forgiven_after_s: float = 30.0
    """One failure is forgiven in this time."""
    sources_max: int = 10_000
    """The sources that failed longest ago are forgotten beyond this number."""
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def wait_s(self, source: str, now_s: float) -> float:
        """How long the source must wait before it may try; 0: it may try now."""
        excess = self._level(source, now_s) - (self.failures_max - 1)
        return max(0.0, excess * self.forgiven_after_s)

    def calm_in_s(self, source: str, now_s: float) -> float:
        """How long until nothing is held against the source."""
        return self._level(source, now_s) * self.forgiven_after_s

    def failed(self, source: str, now_s: float) -> None:
        """Count a failure, or an attempt that is under way."""
        level = min(self._level(source, now_s) + 1, float(self.failures_max))
        self._buckets[source] = (level, now_s)
        self._buckets.move_to_end(source)
        if len(self._buckets) > self.sources_max:
            self._buckets.popitem(last=False)

    def succeeded(self, source: str, now_s: float) -> None:
        """An attempt that was counted has turned out well."""
        if source in self._buckets:
            self._buckets[source] = (max(0.0, self._level(source, now_s) - 1), now_s)

    def _level(self, source: str, now_s: float) -> float:
        level, since_s = self._buckets.get(source, (0.0, now_s))
        return max(0.0, level - (now_s - since_s) / self.forgiven_after_s)


@dataclass
class LogInAttempts:
    """Failures by source and by account."""

    sources: Attempts = field(default_factory=Attempts)
    accounts: Attempts = field(
        default_factory=lambda: Attempts(failures_max=20, forgiven_after_s=5.0)
    )

    def wait_s(self, source: str, account: str, now_s: float) -> float:
        """How long this source must wait before it may try this account; 0: it may try now."""
        wait_s = self.sources.wait_s(source, now_s)
        if wait_s == 0 and self.accounts.wait_s(account, now_s) > 0:
            return self.sources.calm_in_s(source, now_s)
        return wait_s

    def failed(self, source: str, account: str, now_s: float) -> None:
        """Count a failure, or an attempt that is under way."""
        self.sources.failed(source, now_s)
        self.accounts.failed(account, now_s)

    def succeeded(self, source: str, account: str, now_s: float) -> None:
        """An attempt that was counted has turned out well."""
        self.sources.succeeded(source, now_s)
        self.accounts.succeeded(account, now_s)
