"""What the gateway counts, as metrics of the program."""

from __future__ import annotations

from collections import Counter

from chargeplane.ocpp.versions import Version
from chargeplane.runtime.telemetry import Metrics, Tallies

__all__ = ["ANSWERED", "Meter"]

ANSWERED = "answered"
"""The outcome of a message that was not refused with an error code."""


class Meter:
    """Counts since the start of the process."""

    def __init__(self, metrics: Metrics | None = None) -> None:
        """As a part of these metrics, or of some that nobody looks at."""
        self._metrics = metrics or Metrics()
        self.ignored_count = 0
        self.alarms_count = 0
        self.calls_refused: Counter[str] = Counter()
        """Commands to SOAP stations that were not sent, by the reason."""

    def answered(self, action: str, outcome: str = ANSWERED) -> None:
        """A request of a station was answered; ``outcome`` is the error code if it was refused."""
        self._metrics.messages.of(action, outcome).add()

    def malformed(self, code: str) -> None:
        """A frame could not be read."""
        self._metrics.frames_malformed.of(code).add()

    def repaired(self, name: str) -> None:
        """A repair was made."""
        self._metrics.repairs.of(name).add()

    def connected(self, version: Version, change: int) -> None:
        """A station has come or gone."""
        self._metrics.stations_connected.of(version).add(change)

    def ignored(self) -> None:
        """A frame needed nothing from anybody."""
        self.ignored_count += 1

    def alarm(self) -> None:
        """Somebody tried to speak for a station that is connected elsewhere."""
        self.alarms_count += 1

    def call_refused(self, reason: str) -> None:
        """A command was not sent to the address that a SOAP station announced."""
        self.calls_refused[reason] += 1

    @property
    def messages(self) -> Counter[tuple[str, str]]:
        """Requests by action and outcome."""
        return Counter(
            {
                (action, outcome): int(count)
                for (action, outcome), count in self._metrics.messages.counts().items()
            }
        )

    @property
    def refusals(self) -> Counter[str]:
        """Frames that could not be read, by error code."""
        return _by_name(self._metrics.frames_malformed)

    @property
    def repairs(self) -> Counter[str]:
        """By the name of the repair."""
        return _by_name(self._metrics.repairs)


def _by_name(tallies: Tallies) -> Counter[str]:
    return Counter({name: int(count) for (name,), count in tallies.counts().items()})
