"""The metrics of the program, each a typed object that its part of the program counts with.

metrics = Metrics()
Store(settings, on_commit=metrics.committed)
boots = metrics.messages.of("BootNotification", "answered")  # once
boots.add()                                                  # for each
metrics.text()                                               # for /metrics
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from chargeplane.runtime.store import Committed, Store
from chargeplane.runtime.telemetry.measures import Levels, Measure, Spreads, Tallies

__all__ = ["MEDIA_TYPE", "Metrics"]

MEDIA_TYPE = "text/plain; version=0.0.4"

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_UNITS = (1, 2, 5, 10, 20, 50, 100, 200, 512)


class Metrics(Collector):
    """All that is measured. Belongs to the event loop's thread."""

    def __init__(self) -> None:
        self.stations_connected = Levels(
            "chargeplane_stations_connected", "Stations connected now.", ["version"]
        )
        self.messages = Tallies(
            "chargeplane_messages", "Messages of stations, by what came of them.",
            ["action", "outcome"],
        )  # fmt: skip
        self.requests_sent = Tallies(
            "chargeplane_requests_sent", "Requests to stations, by what came of them.",
            ["action", "outcome"],
        )  # fmt: skip
        self.frames_malformed = Tallies(
            "chargeplane_frames_malformed", "Frames that could not be read.", ["reason"]
        )
        self.frames_ignored = Tallies(
            "chargeplane_frames_ignored", "Frames that needed nothing from anybody."
        )
        self.identity_alarms = Tallies(
            "chargeplane_identity_alarms",
            "Attempts to speak for a station that is connected elsewhere.",
        )
        self.soap_calls_refused = Tallies(
            "chargeplane_soap_calls_refused",
            "Commands that were not sent to the address which a SOAP station announced.",
            ["reason"],
        )
        self.repairs = Tallies(
            "chargeplane_repairs", "Payloads of stations that were repaired.", ["repair"]
        )
        self.queue_depth = Levels("chargeplane_queue_depth", "What waits now.", ["queue"])
        self.commit_seconds = Spreads(
            "chargeplane_commit_seconds", "Time from a batch's first statement to its commit.",
            _SECONDS,
        )  # fmt: skip
        self.commit_units = Spreads(
            "chargeplane_commit_units", "Units of work that share a commit.", _UNITS
        )
        self.http_requests = Tallies(
            "chargeplane_http_requests", "Answers of the HTTP interface.", ["method", "status"]
        )
        self._commit_s = self.commit_seconds.of()
        self._commit_units = self.commit_units.of()
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def committed(self, batch: Committed) -> None:
        """For the store: told of every commit."""
        self._commit_s.note(batch.took_s)
        self._commit_units.note(batch.units)

    def watch(self, store: Store) -> None:
        """Show how much waits in a store."""
        self.queue_depth.watch("store-writes", ask=lambda: store.health.waiting_units)
        self.queue_depth.watch("store-reads", ask=lambda: store.health.waiting_reads)

    def collect(self) -> Iterator[Metric]:
        """Every measure of ours, in the order of their declaration."""
        for measure in vars(self).values():
            if isinstance(measure, Measure):
                yield measure.collect()

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)
