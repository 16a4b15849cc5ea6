"""Controls of the grid act on inverters, by priority and time, and raise alarms."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from chargeplane.ocpp import v21
from chargeplane.station import Ev
from chargeplane.station.grid import GridPoint
from tests.station.central import START
from tests.station.smart_charging.asking import install
from tests.station.smart_charging.test_2_1 import BOTH_WAYS
from tests.station.stage import Stage, online


def discharging(power_w: float = 10_000.0) -> Stage:
    """A vehicle gives back on EVSE 1."""
    stage = online("2.1", inventory=BOTH_WAYS)
    stage.plug_in(1, Ev(capacity_wh=100_000, soc=0.8, power_w_max=22_000, discharge_w_max=10_000))
    stage.wait(10).tap()
    period = {"startPeriod": 0, "setpoint": -power_w, "operationMode": "CentralSetpoint"}
    schedule = {"chargingRateUnit": "W", "chargingSchedulePeriod": [period]}
    assert install(stage, 1, [], purpose="TxProfile", schedule=schedule) == "Accepted"
    return stage


def power_w(stage: Stage) -> float:
    return round(stage.core.evse(1).power_w, 3)


def put(stage: Stage, kind: str, body: dict[str, Any], **said: Any) -> v21.SetDERControlResponse:
    names = {
        "FreqDroop": "freqDroop",
        "LimitMaxDischarge": "limitMaxDischarge",
        "EnterService": "enterService",
        "FixedVar": "fixedVar",
        "FixedPFInject": "fixedPFInject",
        "Gradients": "gradient",
    }
    wire = {
        "isDefault": said.pop("is_default", True),
        "controlId": said.pop("id", kind),
        "controlType": kind,
        names.get(kind, "curve"): {"priority": said.pop("priority", 1), **said, **body},
    }
    answer = stage.ask(msgspec.convert(wire, v21.SetDERControlRequest, strict=False))
    assert isinstance(answer, v21.SetDERControlResponse)
    return answer


def curve(unit: str, *points: tuple[float, float]) -> dict[str, Any]:
    return {"yUnit": unit, "curveData": [{"x": x, "y": y} for x, y in points]}


def grid(stage: Stage, **said: Any) -> Stage:
    stage.core.set_grid(GridPoint(0, **said), stage.now_s)
    return stage.carry()


def alarms(stage: Stage) -> list[tuple[str, str, bool]]:
    return [
        (
            each.control_type.value,
            getattr(each.grid_event_fault, "value", ""),
            bool(each.alarm_ended),
        )
        for each in stage.central.all(v21.NotifyDERAlarmRequest)
    ]


def test_volt_watt_holds_back_what_is_fed_in_and_tells_once() -> None:
    stage = discharging()
    assert (
        put(stage, "VoltWatt", curve("PctMaxW", (105, 100), (110, 20))).status.value == "Accepted"
    )
    assert power_w(grid(stage, voltage_share=1.04)) == -10_000
    assert power_w(grid(stage, voltage_share=1.10)) == -2_000
    assert power_w(grid(stage, voltage_share=1.075)) == -6_000
    assert power_w(grid(stage, voltage_share=1.0)) == -10_000
    assert alarms(stage) == [("VoltWatt", "OverVoltage", False), ("VoltWatt", "OverVoltage", True)]


def test_energy_at_a_cap_is_counted_to_the_watt_hour() -> None:
    stage = discharging()
    put(stage, "LimitMaxDischarge", {"pctMaxDischargePower": 40.0})
    before = stage.core.evse(1).export_wh
    stage.wait(3_600)
    assert stage.core.evse(1).export_wh - before == 4_000


def test_freq_droop_feeds_in_less_at_high_and_more_at_low_frequency() -> None:
    stage = discharging(4_000.0)
    droop = {
        "overFreq": 50.1,
        "underFreq": 49.9,
        "overDroop": 0.05,
        "underDroop": 0.05,
        "responseTime": 1.0,
    }
    put(stage, "FreqDroop", droop)
    assert power_w(grid(stage, frequency_hz=50.6)) == -2_000
    assert power_w(grid(stage, frequency_hz=49.65)) == -5_000
    assert power_w(grid(stage, frequency_hz=50.05)) == -4_000
    assert [each[2] for each in alarms(stage)] == [False, False, True]


def test_volt_var_fixed_var_and_power_factor_give_reactive_power_by_priority() -> None:
    stage = discharging()
    put(stage, "VoltVar", curve("PctMaxVar", (92, 100), (98, 0), (102, 0), (108, -100)), priority=2)
    grid(stage, voltage_share=1.05)
    assert stage.core.evse(1).duty.reactive_var == pytest.approx(-2_200)
    put(stage, "FixedVar", {"setpoint": 25.0, "unit": "PctMaxVar"}, priority=1)
    assert stage.core.evse(1).duty.reactive_var == pytest.approx(1_100)
    put(stage, "FixedPFInject", {"displacement": 0.95, "excitation": True}, priority=0)
    assert stage.core.evse(1).duty.reactive_var == pytest.approx(3_286.84, abs=0.1)


@pytest.mark.parametrize(
    ("kind", "points", "bad", "fault"),
    [
        ("HVMustTrip", [(2, 110), (0.5, 120)], {"voltage_share": 1.12}, "OverVoltage"),
        ("LVMustTrip", [(2, 88)], {"voltage_share": 0.8}, "UnderVoltage"),
        ("HFMustTrip", [(2, 51.5)], {"frequency_hz": 52.0}, "OverFrequency"),
        ("LFMustTrip", [(2, 47.5)], {"frequency_hz": 47.0}, "UnderFrequency"),
    ],
    ids=["high-voltage", "low-voltage", "high-frequency", "low-frequency"],
)
def test_an_inverter_rides_through_trips_and_enters_service_again(
    kind: str, points: list[tuple[float, float]], bad: dict[str, float], fault: str
) -> None:
    stage = discharging()
    put(stage, kind, curve("Not_Applicable", *points))
    service = {"highVoltage": 105.0, "lowVoltage": 95.0, "highFreq": 50.1, "lowFreq": 49.9}
    put(stage, "EnterService", {**service, "delay": 60.0})
    good = {"voltage_share": 1.0, "frequency_hz": 50.0}
    grid(stage, **bad).wait(1.9)
    assert power_w(grid(stage, **good)) == -10_000  # it rode through
    grid(stage, **bad).wait(2.1)
    assert power_w(stage) == 0
    assert stage.core.evse(1).charging_state == "SuspendedEVSE"
    grid(stage, **good).wait(59)
    assert power_w(stage) == 0
    assert power_w(stage.wait(2)) == -10_000
    assert alarms(stage) == [(kind, fault, False), (kind, fault, True)]


def test_priorities_of_defaults_and_their_reports() -> None:
    stage = discharging()
    limit = {"pctMaxDischargePower": 50.0}
    assert (
        put(stage, "LimitMaxDischarge", limit, id="a", priority=5).superseded_ids is msgspec.UNSET
    )
    stronger = put(stage, "LimitMaxDischarge", {"pctMaxDischargePower": 30.0}, id="b", priority=3)
    assert stronger.superseded_ids == ["a"]
    weaker = put(stage, "LimitMaxDischarge", {"pctMaxDischargePower": 10.0}, id="c", priority=9)
    assert weaker.superseded_ids == ["c"]
    assert power_w(stage) == -3_000
    assert (
        put(stage, "Gradients", {"gradient": 1.0, "softGradient": 1.0}).status.value
        == "NotSupported"
    )
    answer = stage.ask(v21.GetDERControlRequest(request_id=4))
    assert isinstance(answer, v21.GetDERControlResponse)
    assert answer.status.value == "Accepted"
    [report] = stage.central.all(v21.ReportDERControlRequest)
    assert report.request_id == 4
    rows = {each.id: each.is_superseded for each in report.limit_max_discharge}
    assert rows == {"a": True, "b": False, "c": True}
    missing = stage.ask(v21.GetDERControlRequest(request_id=5, control_id="x"))
    assert isinstance(missing, v21.GetDERControlResponse)
    assert missing.status.value == "NotFound"


def test_a_scheduled_control_acts_in_its_time_and_is_told() -> None:
    stage = discharging()
    put(stage, "LimitMaxDischarge", {"pctMaxDischargePower": 80.0}, id="default")
    start = (START + timedelta(seconds=60)).isoformat()
    put(
        stage,
        "LimitMaxDischarge",
        {"pctMaxDischargePower": 20.0, "startTime": start, "duration": 30.0},
        id="event",
        is_default=False,
    )
    seen = [power_w(stage), power_w(stage.wait(55)), power_w(stage.wait(30))]
    assert seen == [-8_000, -2_000, -8_000]
    told = stage.central.all(v21.NotifyDERStartStopRequest)
    assert [(each.control_id, each.started) for each in told] == [("event", True), ("event", False)]


def test_controls_are_cleared_by_type_id_or_all_of_a_kind() -> None:
    stage = discharging()
    put(stage, "LimitMaxDischarge", {"pctMaxDischargePower": 0.0})

    def clear(**said: Any) -> str:
        answer = stage.ask(v21.ClearDERControlRequest(**said))
        assert isinstance(answer, v21.ClearDERControlResponse)
        return answer.status.value

    assert power_w(stage) == 0
    assert (
        clear(is_default=False, control_type=v21.DERControlEnumType.LIMIT_MAX_DISCHARGE)
        == "NotFound"
    )
    assert clear(is_default=True, control_id="LimitMaxDischarge") == "Accepted"
    assert power_w(stage) == -10_000
    assert clear(is_default=True) == "Accepted"


def test_controls_stay_over_a_restart_of_the_program() -> None:
    stage = discharging()
    put(stage, "LimitMaxDischarge", {"pctMaxDischargePower": 10.0})
    again = online("2.1", inventory=BOTH_WAYS, memory=stage.core.hub.memory)
    assert isinstance(again.ask(v21.GetDERControlRequest(request_id=1)), v21.GetDERControlResponse)
    [report] = again.central.all(v21.ReportDERControlRequest)
    assert [each.id for each in report.limit_max_discharge] == ["LimitMaxDischarge"]


def test_a_station_without_an_inverter_has_no_controls() -> None:
    stage = online("2.1")
    limit = put(stage, "LimitMaxDischarge", {"pctMaxDischargePower": 0.0})
    assert limit.status.value == "NotSupported"
