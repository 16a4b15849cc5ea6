"""Periodic event streams of 2.1: many values of one variable, without an answer to each (N11-N15).

A periodic monitor that wants a stream has one with its own id. The station announces it, again
after each boot; the values wait until there are enough of them or the first is old enough. A stream
that the central system does not want is not tried again before the next boot, and its monitor is
silent.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Final

from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET
from chargeplane.station.conversation import Outcome
from chargeplane.station.hub import Hub
from chargeplane.station.monitoring.monitors import Monitor, Monitors, Stream
from chargeplane.station.signals import Online, Restarting

__all__ = ["Streams", "stream_of"]

WAITING_MAX: Final = 500
"""Values of one stream that wait for a connection; the oldest go first."""
VALUES_MAX: Final = 50
"""Of one message."""
_Status = v21.GenericStatusEnumType
_Value = tuple[datetime, str]


class Streams:
    """All streams of a station, by the id of their monitor."""

    def __init__(self, hub: Hub, monitors: Monitors) -> None:
        """Announce what is remembered as soon as the station is online."""
        self._hub = hub
        self._monitors = monitors
        self._open: dict[int, bool] = {}
        """Announced: whether the central system wants it; False as long as it has not said."""
        self._waiting: dict[int, list[_Value]] = {}
        hub.hears(Online, lambda _: self.announce())
        hub.hears(Restarting, lambda _: self._open.clear())
        hub.answers(v21.GetPeriodicEventStreamRequest, self._list)
        hub.answers(v21.AdjustPeriodicEventStreamRequest, self._adjust)

    @property
    def has_room(self) -> bool:
        """Whether there may be one more (MaxPeriodicEventStreams)."""
        most = self._hub.variables.number("MonitoringCtrlr", "MaxPeriodicEventStreams")
        return sum(each.stream is not None for each in self._monitors) < most

    def announce(self) -> None:
        """Open what is not open, and close what has lost its monitor (N11, N13)."""
        wanted = {each.id: each for each in self._monitors if each.stream is not None}
        for gone in [each for each in self._open if each not in wanted]:
            self._waiting.pop(gone, None)
            if self._open.pop(gone):
                self._hub.ask(v21.ClosePeriodicEventStreamRequest(id=gone))
        for monitor in wanted.values():
            if monitor.id not in self._open and self._hub.is_online:
                self._open[monitor.id] = False
                request = v21.OpenPeriodicEventStreamRequest(constant_stream_data=_data(monitor))
                self._hub.ask(request, partial(self._opened, monitor.id))

    def _opened(self, stream_id: int, outcome: Outcome) -> None:
        if stream_id not in self._open:
            return
        if isinstance(outcome, v21.OpenPeriodicEventStreamResponse):
            self._open[stream_id] = outcome.status is _Status.ACCEPTED
        else:
            del self._open[stream_id]  # nobody has heard it: again when the station is online

    def add(self, monitor: Monitor, value: str) -> None:
        """One more value of a monitor with a stream (N15)."""
        if not self._open.get(monitor.id):
            return
        waiting = self._waiting.setdefault(monitor.id, [])
        waiting.append((self._hub.time(), value))
        del waiting[:-WAITING_MAX]
        if _is_due(monitor.stream or Stream(), waiting, self._hub.time()):
            self._tell(monitor)

    def _tell(self, monitor: Monitor) -> None:
        waiting = self._waiting[monitor.id]
        params = monitor.stream or Stream()
        most = min(params.values or VALUES_MAX, VALUES_MAX)
        while waiting:
            part, rest = waiting[:most], waiting[most:]
            if not self._hub.send(_notification(monitor.id, part, len(rest))):
                return
            waiting[:] = rest

    def _list(self, _: v21.GetPeriodicEventStreamRequest) -> v21.GetPeriodicEventStreamResponse:
        found = [_data(each) for each in self._monitors if self._open.get(each.id)]
        return v21.GetPeriodicEventStreamResponse(constant_stream_data=found or UNSET)

    def _adjust(
        self, request: v21.AdjustPeriodicEventStreamRequest
    ) -> v21.AdjustPeriodicEventStreamResponse:
        monitor = self._monitors.find(request.id)
        if monitor is None or not self._open.get(request.id):
            return v21.AdjustPeriodicEventStreamResponse(status=_Status.REJECTED)
        monitor.stream = stream_of(request.params)
        self._monitors.keep(monitor)
        return v21.AdjustPeriodicEventStreamResponse(status=_Status.ACCEPTED)


def stream_of(params: v21.PeriodicEventStreamParamsType) -> Stream:
    """The parameters, as the station keeps them."""
    return Stream(params.interval or None, params.values or None)


def _is_due(params: Stream, waiting: list[_Value], now: datetime) -> bool:
    if len(waiting) >= min(params.values or VALUES_MAX, VALUES_MAX):
        return True
    age_s = (now - waiting[0][0]).total_seconds()
    if params.interval_s is None:
        return params.values is None
    return age_s >= params.interval_s


def _data(monitor: Monitor) -> v21.ConstantStreamDataType:
    params = monitor.stream or Stream()
    return v21.ConstantStreamDataType(
        id=monitor.id,
        params=v21.PeriodicEventStreamParamsType(
            interval=UNSET if params.interval_s is None else params.interval_s,
            values=UNSET if params.values is None else params.values,
        ),
        variable_monitoring_id=monitor.id,
    )


def _notification(
    stream_id: int, part: list[_Value], pending: int
) -> v21.NotifyPeriodicEventStreamRequest:
    """Times are seconds since that of the first value."""
    base = part[0][0]
    return v21.NotifyPeriodicEventStreamRequest(
        id=stream_id,
        pending=pending,
        basetime=base,
        data=[
            v21.StreamDataElementType(t=round((at - base).total_seconds(), 3), v=value)
            for at, value in part
        ],
    )
