"""Monitors of variables: set, reported, cleared, and what they tell of real changes."""

from __future__ import annotations

from typing import Any

import pytest

from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET
from chargeplane.station import Ev
from chargeplane.station.monitoring import monitors as module
from chargeplane.station.monitoring import watching
from tests.station.stage import Stage, online

BOTH = pytest.mark.parametrize("version", ["2.0.1", "2.1"])
POWER: dict[str, Any] = {"component": "EVSE", "variable": "Power", "evse": 1}
PROBLEM: dict[str, Any] = {"component": "EVSE", "variable": "Problem", "evse": 1}
LEVEL: dict[str, Any] = {"component": "SampledDataCtrlr", "variable": "TxUpdatedInterval"}


def monitor(
    type_: str,
    value: float,
    *,
    component: str,
    variable: str,
    evse: int | None = None,
    severity: int = 5,
    id_: int | None = None,
    transaction: bool | None = None,
) -> v21.SetMonitoringDataType:
    return v21.SetMonitoringDataType(
        id=UNSET if id_ is None else id_,
        value=value,
        type=v21.MonitorEnumType(type_),
        severity=severity,
        transaction=UNSET if transaction is None else transaction,
        component=v21.ComponentType(name=component, evse=v21.EVSEType(id=evse) if evse else UNSET),
        variable=v21.VariableType(name=variable),
    )


def set_all(stage: Stage, *wanted: v21.SetMonitoringDataType) -> list[tuple[str, Any]]:
    request = v21.SetVariableMonitoringRequest(set_monitoring_data=list(wanted))
    answer = stage.ask(request)
    assert isinstance(answer, v21.SetVariableMonitoringResponse)
    results = answer.set_monitoring_result
    return [(each.status.value, None if each.id is UNSET else each.id) for each in results]


def status(stage: Stage, type_: str, value: float, **options: Any) -> str:
    return set_all(stage, monitor(type_, value, **options))[0][0]


def clear(stage: Stage, *ids: int) -> list[str]:
    answer = stage.ask(v21.ClearVariableMonitoringRequest(id=list(ids)))
    assert isinstance(answer, v21.ClearVariableMonitoringResponse)
    return [each.status.value for each in answer.clear_monitoring_result]


def base(stage: Stage, name: str) -> str:
    request = v21.SetMonitoringBaseRequest(monitoring_base=v21.MonitoringBaseEnumType(name))
    return str(getattr(stage.ask(request), "status", ""))


def report(stage: Stage, *criteria: str, **asked: Any) -> tuple[str, list[tuple[Any, ...]]]:
    stage.central.heard.clear()
    request = v21.GetMonitoringReportRequest(
        request_id=4,
        monitoring_criteria=[v21.MonitoringCriterionEnumType(each) for each in criteria] or UNSET,
        component_variable=asked.get("variables", UNSET),
    )
    answer = str(getattr(stage.ask(request), "status", ""))
    parts = stage.central.all(v21.NotifyMonitoringReportRequest)
    assert [each.seq_no for each in parts] == list(range(len(parts)))
    rows = [
        (row.variable.name, each.type.value, each.value)
        for part in parts
        for row in part.monitor
        for each in row.variable_monitoring
    ]
    return answer, rows


def events(stage: Stage) -> list[v21.EventDataType]:
    return [each for one in stage.central.all(v21.NotifyEventRequest) for each in one.event_data]


def told(stage: Stage) -> list[tuple[str, str, bool]]:
    return [(each.trigger.value, each.actual_value, each.cleared is True) for each in events(stage)]


@BOTH
def test_power_that_rises_and_falls_again_alerts_and_is_cleared(version: str) -> None:
    stage = online(version)
    ((answer, number),) = set_all(stage, monitor("UpperThreshold", 5_000, **POWER))
    assert answer == "Accepted"
    stage.plug_in(1, Ev(soc=0.2))
    stage.tap().wait(30)
    assert told(stage) == [("Alerting", "11000", False)]
    (event,) = events(stage)
    assert event.variable_monitoring_id == number
    assert event.event_notification_type == "CustomMonitor"
    assert event.component.name == "EVSE"
    stage.wait(600).tap().wait(30)
    assert told(stage)[1:] == [("Alerting", "0", True)]
    ids = [each.event_id for each in events(stage)]
    assert ids == sorted(set(ids))
    assert {each.seq_no for each in stage.central.all(v21.NotifyEventRequest)} == {0}


def test_a_threshold_that_is_crossed_already_alerts_at_once() -> None:
    stage = online("2.1")
    status(stage, "LowerThreshold", 100, **LEVEL)
    assert told(stage) == [("Alerting", "60", False)]
    data = v21.SetVariableDataType(
        attribute_value="150",
        component=v21.ComponentType(name="SampledDataCtrlr"),
        variable=v21.VariableType(name="TxUpdatedInterval"),
    )
    stage.ask(v21.SetVariablesRequest(set_variable_data=[data]))
    assert told(stage)[-1] == ("Alerting", "150", True)


def test_a_difference_counts_from_the_value_that_was_told_last() -> None:
    stage = online("2.1")
    status(stage, "Delta", 3_000, component="FiscalMetering", variable="EnergyImport", evse=1)
    stage.plug_in(1, Ev(soc=0.1))
    stage.tap().wait(3_600)
    values = [int(value) for trigger, value, _ in told(stage) if trigger == "Delta"]
    assert len(values) == 3
    assert all(
        3_000 < later - before < 3_100 for before, later in zip([0, *values], values, strict=False)
    )


def test_a_change_of_what_is_no_number_is_told_whatever_the_value() -> None:
    stage = online("2.1")
    status(stage, "Delta", 1, **PROBLEM)
    for fault in ("GroundFailure", "OverVoltage", ""):
        stage.core.set_fault(1, fault, stage.now_s)
        stage.carry()
    mine = [each for each in events(stage) if each.component.name == "EVSE"]
    assert [(each.trigger.value, each.actual_value) for each in mine] == [
        ("Delta", "true"),
        ("Delta", "false"),
    ]


@BOTH
def test_a_station_tells_of_problems_unless_it_is_told_not_to(version: str) -> None:
    stage = online(version)

    def fail() -> int:
        stage.central.heard.clear()
        for fault in ("GroundFailure", ""):
            stage.core.set_fault(1, fault, stage.now_s)
            stage.carry()
        return len(events(stage))

    assert fail() == 2
    assert events(stage)[0].event_notification_type == "PreconfiguredMonitor"
    assert base(stage, "HardWiredOnly") == "Accepted"
    assert fail() == 0
    assert base(stage, "FactoryDefault") == "Accepted"
    assert fail() == 2
    stage.ask(v21.SetMonitoringLevelRequest(severity=2))
    assert fail() == 0


def test_periods_count_from_the_setting_or_from_midnight() -> None:
    stage = online("2.1")
    stage.wait(100)
    status(stage, "Periodic", 400, **LEVEL)
    status(stage, "PeriodicClockAligned", 900, **LEVEL)
    stage.wait(1_800)
    times = [each.timestamp for each in events(stage)]
    seconds = [each.hour * 3_600 + each.minute * 60 + each.second - 8 * 3_600 for each in times]
    assert seconds == [500, 900, 900, 1_300, 1_700, 1_800]
    assert {each.trigger.value for each in events(stage)} == {"Periodic"}


def test_a_monitor_for_transactions_is_silent_between_them() -> None:
    stage = online("2.1")
    status(stage, "Periodic", 60, transaction=True, **POWER)
    stage.wait(130)
    assert told(stage) == []
    stage.plug_in(1, Ev(soc=0.2))
    stage.tap().wait(60)
    (event,) = events(stage)
    transaction = stage.core.evse(1).transaction
    assert transaction is not None
    assert event.transaction_id == transaction.id


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        ({"type_": "Delta", "value": 1, "component": "None", "variable": "X"}, "UnknownComponent"),
        ({"type_": "Delta", "value": 1, "component": "EVSE", "variable": "X", "evse": 1},
         "UnknownVariable"),
        ({"type_": "UpperThreshold", "value": 1, **PROBLEM}, "UnsupportedMonitorType"),
        ({"type_": "TargetDelta", "value": 1, **POWER}, "UnsupportedMonitorType"),
        ({"type_": "UpperThreshold", "value": 22_001, **POWER}, "Rejected"),
        ({"type_": "LowerThreshold", "value": -1, **LEVEL}, "Rejected"),
        ({"type_": "Delta", "value": -1, **POWER}, "Rejected"),
        ({"type_": "Periodic", "value": 0, **POWER}, "Rejected"),
        ({"type_": "Periodic", "value": 1e12, **POWER}, "Rejected"),
        ({"type_": "Delta", "value": 1, "severity": 10, **POWER}, "Rejected"),
        ({"type_": "Delta", "value": 1, "id_": 99, **POWER}, "Rejected"),
        ({"type_": "Delta", "value": 1, "id_": 1, **POWER}, "Rejected"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)  # fmt: skip
def test_a_monitor_that_cannot_be_is_refused(options: dict[str, Any], answer: str) -> None:
    stage = online("2.1")
    assert status(stage, **options) == answer
    assert len(list(report(stage)[1])) == 1


def test_the_same_monitor_twice_is_a_duplicate_and_with_its_id_a_replacement() -> None:
    stage = online("2.1")
    ((_, number),) = set_all(stage, monitor("UpperThreshold", 5_000, **POWER))
    assert status(stage, "UpperThreshold", 6_000, **POWER) == "Duplicate"
    assert status(stage, "UpperThreshold", 6_000, severity=4, **POWER) == "Accepted"
    assert set_all(stage, monitor("UpperThreshold", 7_000, id_=number, **POWER)) == [
        ("Accepted", number)
    ]
    assert sorted(each[2] for each in report(stage, "ThresholdMonitoring")[1]) == [6_000, 7_000]


@BOTH
def test_reports_hold_what_is_asked_for(version: str) -> None:
    stage = online(version)
    set_all(
        stage,
        monitor("UpperThreshold", 5_000, **POWER),
        monitor("Periodic", 60, **POWER),
        monitor("Delta", 1, **LEVEL),
    )
    assert report(stage, "PeriodicMonitoring")[1] == [("Power", "Periodic", 60)]
    assert len(report(stage, "PeriodicMonitoring", "ThresholdMonitoring")[1]) == 2
    evse = v21.ComponentVariableType(component=v21.ComponentType(name="EVSE"))
    clock = v21.ComponentVariableType(component=v21.ComponentType(name="ClockCtrlr"))
    assert len(report(stage, variables=[evse])[1]) == 2
    assert report(stage, "DeltaMonitoring", variables=[evse]) == ("EmptyResultSet", [])
    assert report(stage, variables=[clock]) == ("EmptyResultSet", [])


def test_monitors_are_cleared_by_id() -> None:
    stage = online("2.1")
    ((_, number),) = set_all(stage, monitor("Periodic", 60, **POWER))
    assert clear(stage, number, 77) == ["Accepted", "NotFound"]
    stage.wait(200)
    assert told(stage) == []
    set_all(stage, monitor("Periodic", 60, **POWER))
    base(stage, "All")
    assert len(report(stage)[1]) == 2
    base(stage, "FactoryDefault")
    assert len(report(stage)[1]) == 1


def test_there_is_no_level_beyond_the_last() -> None:
    stage = online("2.1")
    for severity, answer in ((9, "Accepted"), (10, "Rejected")):
        request = v21.SetMonitoringLevelRequest(severity=severity)
        assert getattr(stage.ask(request), "status", "") == answer


def test_grave_events_wait_for_the_connection_and_light_ones_are_lost() -> None:
    stage = online("2.1", variables={"MonitoringCtrlr.OfflineQueuingSeverity": "5"})
    set_all(
        stage,
        monitor("Delta", 1, severity=5, **PROBLEM),
        monitor("Delta", 1, severity=6, **PROBLEM),
    )
    stage.disconnect()
    stage.core.set_fault(1, "GroundFailure", stage.now_s)
    stage.carry().wait(50).new_program().connect()
    waited = [each for each in events(stage) if each.component.name == "EVSE"]
    assert [(each.severity, each.actual_value) for each in waited] == [(5, "true"), (5, "false")]


def test_monitors_and_their_alarms_outlive_the_program() -> None:
    stage = online("2.1")
    status(stage, "UpperThreshold", 5_000, **POWER)
    stage.plug_in(1, Ev(soc=0.2))
    stage.tap().wait(30)
    stage.new_program().connect()  # the transaction has ended, and no power flows (N07.FR.14)
    assert told(stage)[-1] == ("Alerting", "0", True)
    assert len(report(stage)[1]) == 2
    ((_, number),) = set_all(stage, monitor("Periodic", 60, **POWER))
    assert number == 3


def test_the_number_of_monitors_and_waiting_events_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MONITORS_MAX", 2)
    monkeypatch.setattr(watching, "EVENTS_MAX", 3)
    stage = online("2.1", variables={"MonitoringCtrlr.OfflineQueuingSeverity": "9"})
    assert status(stage, "Periodic", 10, **POWER) == "Accepted"
    assert status(stage, "Delta", 10, **POWER) == "Rejected"
    stage.disconnect().wait(95).connect()
    assert len(events(stage)) == 3
    monkeypatch.setattr(watching, "EVENTS_PER_MESSAGE_MAX", 2)
    stage.central.heard.clear()
    stage.disconnect().wait(95).connect()
    sizes = [len(each.event_data) for each in stage.central.all(v21.NotifyEventRequest)]
    assert sizes == [2, 1]


def test_monitoring_can_be_switched_off() -> None:
    stage = online("2.1", variables={"MonitoringCtrlr.Enabled": "false"})
    assert status(stage, "Periodic", 10, **POWER) == "Rejected"
    stage.core.set_fault(1, "GroundFailure", stage.now_s)
    assert told(stage.carry()) == []


def test_longer_requests_than_allowed_are_refused() -> None:
    limits = {
        "MonitoringCtrlr.ItemsPerMessage[SetVariableMonitoring]": "1",
        "MonitoringCtrlr.ItemsPerMessage[ClearVariableMonitoring]": "1",
    }
    stage = online("2.1", variables=limits)
    two = [monitor("Periodic", 10, **POWER), monitor("Periodic", 20, **POWER)]
    code = "OccurrenceConstraintViolation"
    assert stage.ask(v21.SetVariableMonitoringRequest(set_monitoring_data=two)) == code
    assert stage.ask(v21.ClearVariableMonitoringRequest(id=[1, 2])) == code


def test_1x_has_no_monitors() -> None:
    stage = online("1.6")
    stage.core.set_fault(1, "GroundFailure", stage.now_s)
    stage.carry()
    assert set(stage.central.names()) == {"StatusNotification"}
