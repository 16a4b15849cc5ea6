"""StatusNotification when a status has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request
from chargeplane.station.conversation import Outcome, Unanswered
from chargeplane.station.hub import Hub
from chargeplane.station.signals import (
    Disconnected,
    EvseChanged,
    Online,
    Restarting,
    StatusWanted,
)

__all__ = ["Report", "StatusReports"]


@dataclass(frozen=True, slots=True)
class Report:
    """What there is to say of one connector."""

    evse_id: int
    connector_id: int
    status: str
    """In the words of the version: what is compared with the report before."""
    request: Callable[[], Request]
    """Makes the message, if there is something new to say."""


Statuses = Callable[[Hub], Iterator[Report]]


class StatusReports:
    """Reports each connector when its status is another one than last time."""

    def __init__(self, hub: Hub, statuses: Statuses) -> None:
        self._hub = hub
        self._statuses = statuses
        self._told: dict[tuple[int, int], str] = {}
        self._offline_since_s: float | None = None
        hub.hears(Disconnected, self._on_disconnected)
        hub.hears(Online, self._on_online)
        hub.hears(EvseChanged, lambda _: self._report_changes())
        hub.hears(Restarting, lambda _: self._told.clear())
        hub.hears(StatusWanted, self._on_wanted)

    def _on_disconnected(self, _: Disconnected) -> None:
        if self._offline_since_s is None:
            self._offline_since_s = self._hub.now_s

    def _on_online(self, _: Online) -> None:
        """B04: after a long time offline, 2.x wants to hear of every connector."""
        hub, since_s, self._offline_since_s = self._hub, self._offline_since_s, None
        threshold_s = hub.variables.number("OCPPCommCtrlr", "OfflineThreshold")
        is_2x = hub.family is Version.V2_1
        if is_2x and since_s is not None and hub.now_s - since_s > threshold_s:
            self._told.clear()
        self._report_changes()

    def _report_changes(self) -> None:
        if not self._hub.is_online:
            return
        for report in self._statuses(self._hub):
            if self._told.get((report.evse_id, report.connector_id)) != report.status:
                self._send(report)

    def _on_wanted(self, wanted: StatusWanted) -> None:
        for report in self._statuses(self._hub):
            if wanted.evse_id in {None, report.evse_id}:
                self._send(report)

    def _send(self, report: Report) -> None:
        place = (report.evse_id, report.connector_id)
        self._told[place] = report.status
        self._hub.ask(report.request(), partial(self._done, place), early=True)

    def _done(self, place: tuple[int, int], outcome: Outcome) -> None:
        if outcome is Unanswered.SILENT:  # nobody may have heard it
            self._told.pop(place, None)
