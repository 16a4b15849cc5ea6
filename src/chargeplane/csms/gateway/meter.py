"""What the gateway counts, as metrics of the program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

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

    def answered(self, action: str, outcome: str = ANSWERED) -> None:
        """A request of a station was answered; ``outcome`` is the error code if it was refused."""
        self._metrics.messages.of(action, outcome).add()

    def asked(self, action: str, outcome: str = ANSWERED) -> None:
        """A station was asked for something; ``outcome`` as before, or why no answer came."""
        self._metrics.requests_sent.of(action, outcome).add()

    def watch(self, queue: str, count: Callable[[], int]) -> None:
        """Ask how much waits in a queue, whenever somebody wants to know."""
        self._metrics.queue_depth.watch(queue, ask=count)

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
        self._metrics.frames_ignored.of().add()

    def alarm(self) -> None:
        """Somebody tried to speak for a station that is connected elsewhere."""
        self._metrics.identity_alarms.of().add()

    def call_refused(self, reason: str) -> None:
        """A command was not sent to the address that a SOAP station announced."""
        self._metrics.soap_calls_refused.of(reason).add()

    @property
    def ignored_count(self) -> int:
        """Frames that needed nothing from anybody."""
        return int(self._metrics.frames_ignored.of().value)

    @property
    def alarms_count(self) -> int:
        """Attempts to speak for a station that is connected elsewhere."""
        return int(self._metrics.identity_alarms.of().value)

    @property
    def calls_refused(self) -> Counter[str]:
        """Commands to SOAP stations that were not sent, by the reason."""
        return _by_name(self._metrics.soap_calls_refused)

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
