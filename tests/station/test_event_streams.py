"""Periodic event streams of 2.1: announced, filled, changed, closed."""

from __future__ import annotations

from chargeplane.ocpp import v21
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.wire import UNSET, Request, Response
from tests.station.stage import Stage, online

POWER = v21.ComponentType(name="EVSE", evse=v21.EVSEType(id=1))


def wish(interval: int | None = None, values: int | None = None, kind: str = "Periodic") -> Request:
    params = v21.PeriodicEventStreamParamsType(
        interval=UNSET if interval is None else interval,
        values=UNSET if values is None else values,
    )
    data = v21.SetMonitoringDataType(
        value=2.0,
        type=v21.MonitorEnumType(kind),
        severity=8,
        component=POWER,
        variable=v21.VariableType(name="Power"),
        periodic_event_stream=params,
    )
    return v21.SetVariableMonitoringRequest(set_monitoring_data=[data])


def set_stream(stage: Stage, interval: int | None = None, values: int | None = None) -> int:
    answer = stage.ask(wish(interval, values))
    assert isinstance(answer, v21.SetVariableMonitoringResponse)
    (result,) = answer.set_monitoring_result
    assert result.status is v21.SetMonitoringStatusEnumType.ACCEPTED
    assert isinstance(result.id, int)
    return result.id


def told(stage: Stage) -> list[v21.NotifyPeriodicEventStreamRequest]:
    return stage.central.all(v21.NotifyPeriodicEventStreamRequest)


def open_streams(stage: Stage) -> list[v21.ConstantStreamDataType]:
    answer = stage.ask(v21.GetPeriodicEventStreamRequest())
    assert isinstance(answer, v21.GetPeriodicEventStreamResponse)
    return answer.constant_stream_data or []


def test_a_stream_is_announced_and_tells_so_many_values_at_once() -> None:
    stage = online("2.1")
    stream = set_stream(stage, values=3)
    (opened,) = stage.central.all(v21.OpenPeriodicEventStreamRequest)
    assert opened.constant_stream_data.id == stream
    assert open_streams(stage) == [opened.constant_stream_data]
    stage.wait(13)
    assert [[each.t for each in one.data] for one in told(stage)] == [[0.0, 2.0, 4.0]] * 2
    assert {one.id for one in told(stage)} == {stream}
    assert not stage.central.all(v21.NotifyEventRequest)


def test_a_value_waits_no_longer_than_the_interval() -> None:
    stage = online("2.1")
    set_stream(stage, interval=4, values=50)
    stage.wait(11)
    assert [len(one.data) for one in told(stage)] == [3]


def test_a_stream_that_is_adjusted_tells_at_another_pace() -> None:
    stage = online("2.1")
    stream = set_stream(stage, values=3)
    params = v21.PeriodicEventStreamParamsType(values=1)
    answer = stage.ask(v21.AdjustPeriodicEventStreamRequest(id=stream, params=params))
    assert answer == v21.AdjustPeriodicEventStreamResponse(
        status=v21.GenericStatusEnumType.ACCEPTED
    )
    other = stage.ask(v21.AdjustPeriodicEventStreamRequest(id=stream + 1, params=params))
    assert other == v21.AdjustPeriodicEventStreamResponse(status=v21.GenericStatusEnumType.REJECTED)
    stage.wait(5)
    assert [len(one.data) for one in told(stage)] == [1, 1]


def test_a_stream_is_closed_with_its_monitor() -> None:
    stage = online("2.1")
    stream = set_stream(stage, values=1)
    stage.ask(v21.ClearVariableMonitoringRequest(id=[stream]))
    assert stage.central.all(v21.ClosePeriodicEventStreamRequest) == [
        v21.ClosePeriodicEventStreamRequest(id=stream)
    ]
    assert open_streams(stage) == []
    stage.wait(10)
    assert told(stage) == []


def test_a_stream_that_the_central_system_does_not_want_stays_silent() -> None:
    stage = online("2.1")

    def refuses(request: Request) -> Response | ErrorCode | None:
        if isinstance(request, v21.OpenPeriodicEventStreamRequest):
            status = v21.GenericStatusEnumType.REJECTED
            return v21.OpenPeriodicEventStreamResponse(status=status)
        return None

    stage.central.responds = refuses
    set_stream(stage, values=1)
    stage.wait(10)
    assert told(stage) == []
    assert open_streams(stage) == []


def test_values_wait_while_there_is_no_connection_and_the_stream_outlives_a_reboot() -> None:
    stage = online("2.1")
    stream = set_stream(stage, values=2)
    stage.disconnect().wait(8).connect().wait(2)
    assert sum(len(one.data) for one in told(stage)) >= 4
    assert all(one.pending == 0 for one in told(stage)[-1:])
    stage.new_program().connect()
    assert [each.id for each in open_streams(stage)] == [stream]


def test_only_so_many_streams_and_only_of_periodic_monitors() -> None:
    stage = online("2.1", variables={"MonitoringCtrlr.MaxPeriodicEventStreams": "0"})
    for kind in ("Periodic", "Delta"):
        answer = stage.ask(wish(values=1, kind=kind))
        assert isinstance(answer, v21.SetVariableMonitoringResponse)
        (result,) = answer.set_monitoring_result
        assert result.status is v21.SetMonitoringStatusEnumType.REJECTED
