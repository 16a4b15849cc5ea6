"""Monitoring as 2.x says it."""

from __future__ import annotations

from collections import defaultdict
from functools import partial

from chargeplane.ocpp import v21
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.wire import UNSET
from chargeplane.station.device_model.reports import (
    beyond_limits,
    component_of,
    matches,
    place_of_2x,
    send_parts,
    variable_of,
)
from chargeplane.station.hub import Hub
from chargeplane.station.monitoring.monitors import DELTA, PERIODIC, THRESHOLDS, Monitor, Monitors
from chargeplane.station.monitoring.streams import Streams, stream_of
from chargeplane.station.monitoring.watching import Watching

__all__ = ["install"]

_Generic = v21.GenericDeviceModelStatusEnumType
_Criterion = v21.MonitoringCriterionEnumType
_OF_CRITERION = {
    _Criterion.THRESHOLD_MONITORING: THRESHOLDS,
    _Criterion.DELTA_MONITORING: frozenset({DELTA}),
    _Criterion.PERIODIC_MONITORING: PERIODIC,
}


def install(hub: Hub, monitors: Monitors, watching: Watching, streams: Streams) -> None:
    """Answer what 2.x asks of this block."""

    def changed() -> None:
        """After the answer: what is watched is another thing now."""
        watching.look()
        streams.announce()

    def set_(
        request: v21.SetVariableMonitoringRequest,
    ) -> v21.SetVariableMonitoringResponse | ErrorCode:
        hub.afterwards(changed)
        return _set(hub, monitors, watching, streams, request)

    def clear(
        request: v21.ClearVariableMonitoringRequest,
    ) -> v21.ClearVariableMonitoringResponse | ErrorCode:
        hub.afterwards(streams.announce)
        return _clear(hub, monitors, watching, request)

    hub.answers(v21.SetVariableMonitoringRequest, set_)
    hub.answers(v21.ClearVariableMonitoringRequest, clear)
    hub.answers(v21.GetMonitoringReportRequest, partial(_report, hub, monitors))

    def base(request: v21.SetMonitoringBaseRequest) -> v21.SetMonitoringBaseResponse:
        monitors.set_base(request.monitoring_base.value)
        watching.arm()
        hub.afterwards(streams.announce)
        return v21.SetMonitoringBaseResponse(status=_Generic.ACCEPTED)

    def level(request: v21.SetMonitoringLevelRequest) -> v21.SetMonitoringLevelResponse:
        answers = v21.GenericStatusEnumType
        done = monitors.set_level(request.severity)
        return v21.SetMonitoringLevelResponse(status=answers.ACCEPTED if done else answers.REJECTED)

    hub.answers(v21.SetMonitoringBaseRequest, base)
    hub.answers(v21.SetMonitoringLevelRequest, level)


def _set(
    hub: Hub,
    monitors: Monitors,
    watching: Watching,
    streams: Streams,
    request: v21.SetVariableMonitoringRequest,
) -> v21.SetVariableMonitoringResponse | ErrorCode:
    wanted = request.set_monitoring_data
    code = beyond_limits(hub, "MonitoringCtrlr", "SetVariableMonitoring", request, len(wanted))
    if code is not None:
        return code
    results = [_was_set(monitors, watching, streams, each) for each in wanted]
    return v21.SetVariableMonitoringResponse(set_monitoring_result=results)


def _was_set(
    monitors: Monitors, watching: Watching, streams: Streams, data: v21.SetMonitoringDataType
) -> v21.SetMonitoringResultType:
    monitor = Monitor(
        id=data.id or 0,
        place=str(place_of_2x(data.component, data.variable)),
        type=data.type.value,
        value=data.value,
        severity=data.severity,
        in_transaction=data.transaction is True,
        stream=stream_of(data.periodic_event_stream) if data.periodic_event_stream else None,
    )
    status = "Rejected"
    if monitor.stream is None or (monitor.type == "Periodic" and streams.has_room):  # N11
        status = monitors.set(monitor, is_new=data.id is UNSET)
    accepted = status == "Accepted"
    if accepted:
        watching.rearm(monitor)
    return v21.SetMonitoringResultType(
        id=monitor.id if accepted else data.id,
        status=v21.SetMonitoringStatusEnumType(status),
        type=data.type,
        severity=data.severity,
        component=data.component,
        variable=data.variable,
    )


def _clear(
    hub: Hub, monitors: Monitors, watching: Watching, request: v21.ClearVariableMonitoringRequest
) -> v21.ClearVariableMonitoringResponse | ErrorCode:
    code = beyond_limits(
        hub, "MonitoringCtrlr", "ClearVariableMonitoring", request, len(request.id)
    )
    if code is not None:
        return code
    results = [
        v21.ClearMonitoringResultType(
            id=each, status=v21.ClearMonitoringStatusEnumType(monitors.clear(each))
        )
        for each in request.id
    ]
    watching.arm()
    return v21.ClearVariableMonitoringResponse(clear_monitoring_result=results)


def _report(
    hub: Hub, monitors: Monitors, request: v21.GetMonitoringReportRequest
) -> v21.GetMonitoringReportResponse | ErrorCode:
    """N02: criteria are alternatives, the components asked for limit them."""
    asked = request.component_variable or []
    code = beyond_limits(hub, "DeviceDataCtrlr", "GetReport", request, len(asked))
    if code is not None:
        return code
    types = [_OF_CRITERION[each] for each in request.monitoring_criteria or []]
    found: dict[str, list[Monitor]] = defaultdict(list)
    for each in monitors:
        variable = monitors.variable(each)
        wanted = not types or any(each.type in some for some in types)
        if variable and wanted and (not asked or any(matches(variable, one) for one in asked)):
            found[str(variable.place)].append(each)
    if not found:
        return v21.GetMonitoringReportResponse(status=_Generic.EMPTY_RESULT_SET)
    data = [_data(monitors, each) for each in found.values()]
    at = hub.time()

    def part(
        number: int, rows: list[v21.MonitoringDataType], more: bool
    ) -> v21.NotifyMonitoringReportRequest:
        return v21.NotifyMonitoringReportRequest(
            request_id=request.request_id,
            generated_at=at,
            seq_no=number,
            tbc=True if more else UNSET,
            monitor=rows,
        )

    hub.afterwards(lambda: send_parts(hub, data, part))
    return v21.GetMonitoringReportResponse(status=_Generic.ACCEPTED)


def _data(monitors: Monitors, group: list[Monitor]) -> v21.MonitoringDataType:
    variable = monitors.variable(group[0])
    assert variable is not None
    return v21.MonitoringDataType(
        component=component_of(variable.place),
        variable=variable_of(variable.place),
        variable_monitoring=[
            v21.VariableMonitoringType(
                id=each.id,
                transaction=each.in_transaction,
                value=each.value,
                type=v21.MonitorEnumType(each.type),
                severity=each.severity,
                event_notification_type=v21.EventNotificationEnumType(each.kind),
            )
            for each in group
        ],
    )
