"""What the gateway counts. The hot path adds to plain numbers; telemetry reads them when asked."""

from __future__ import annotations

from collections import Counter

from chargeplane.ocpp.versions import Version

__all__ = ["Meter"]


class Meter:
    """Counts since the start of the process."""

    def __init__(self) -> None:
        self.messages: Counter[str] = Counter()
        """Requests by action."""
        self.refusals: Counter[str] = Counter()
        """Frames that could not be read, by error code."""
        self.repairs: Counter[str] = Counter()
        """By the name of the repair."""
        self.stations: Counter[Version] = Counter()
        """Connected now, by version."""
        self.calls_refused: Counter[str] = Counter()
        """Requests to SOAP stations that had nowhere to go, by the reason."""
        self.ignored_count = 0
        self.alarms_count = 0

    def heard(self, action: str) -> None:
        self.messages[action] += 1

    def malformed(self, code: str) -> None:
        self.refusals[code] += 1

    def repaired(self, name: str) -> None:
        self.repairs[name] += 1

    def connected(self, version: Version, change: int) -> None:
        self.stations[version] += change

    def call_refused(self, reason: str) -> None:
        self.calls_refused[reason] += 1

    def ignored(self) -> None:
        self.ignored_count += 1

    def alarm(self) -> None:
        self.alarms_count += 1
