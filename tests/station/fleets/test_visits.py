"""A whole visit of a driver, in every version."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.versions import Version
from chargeplane.station import Ev
from chargeplane.station.signals import TransactionEnded
from tests.station.stage import Stage, online

ONES = [Version.V1_2, Version.V1_5, Version.V1_6]
TWOS = [Version.V2_0_1, Version.V2_1]


@pytest.mark.parametrize("version", ONES)
def test_a_visit_in_1x_is_told_from_boot_to_the_free_connector(version: Version) -> None:
    stage = Stage(version).connect()
    stage.charge()
    names = stage.central.names()
    assert names[:4] == ["BootNotification", *["StatusNotification"] * 3]
    shown = [each for each in names if each not in {"StatusNotification", "Heartbeat"}]
    assert shown[:3] == ["BootNotification", "Authorize", "StartTransaction"]
    assert shown[3:] == [*["MeterValues"] * 5, "StopTransaction"]
    assert not stage.central.malformed


def test_the_status_of_a_1_6_connector_follows_the_visit() -> None:
    stage = online("1.6")
    stage.charge()
    statuses = [each.status.value for each in stage.central.all(v16.StatusNotificationRequest)]
    assert statuses == ["Preparing", "Charging", "Finishing", "Available"]


def test_a_1_2_station_knows_only_that_the_connector_is_occupied() -> None:
    stage = online("1.2")
    stage.charge()
    words = [frame for frame in stage.frames if "StatusNotification" in frame]
    assert ["Occupied" in each for each in words] == [True, True, True, False]


@pytest.mark.parametrize("version", ONES)
def test_in_1x_the_meter_never_runs_back_and_all_messages_agree(version: Version) -> None:
    stage = online(version)
    stage.charge(1_800)
    (start,) = stage.central.all(v16.StartTransactionRequest)
    (stop,) = stage.central.all(v16.StopTransactionRequest)
    registers = [start.meter_start, *_registers_1x(stage), stop.meter_stop]
    assert registers == sorted(registers)
    assert stop.transaction_id == 101
    assert stop.meter_stop - start.meter_start == 5_500  # 11 kW for half an hour
    (ended,) = stage.saw(TransactionEnded)
    assert ended.energy_wh == 5_500


def _registers_1x(stage: Stage) -> list[int]:
    return [
        int(sample.value)
        for request in stage.central.all(v16.MeterValuesRequest)
        for value in request.meter_value
        for sample in value.sampled_value
        if not sample.measurand or sample.measurand.value.startswith("Energy")
    ]


def test_meter_values_of_1_6_have_power_and_every_phase() -> None:
    stage = online("1.6")
    stage.charge(120)
    value = stage.central.all(v16.MeterValuesRequest)[0].meter_value[0]
    found = {(each.measurand.value, str(each.phase or "")) for each in value.sampled_value}
    assert found == {
        ("Energy.Active.Import.Register", ""),
        ("Power.Active.Import", ""),
        ("SoC", ""),
        *{("Current.Import", f"L{n}") for n in (1, 2, 3)},
        *{("Voltage", f"L{n}-N") for n in (1, 2, 3)},
    }
    volts = [float(each.value) for each in value.sampled_value if each.measurand == "Voltage"]
    amperes = [float(e.value) for e in value.sampled_value if e.measurand == "Current.Import"]
    power_w = sum(v * a for v, a in zip(volts, amperes, strict=True))
    assert power_w == pytest.approx(11_000, rel=0.01)


@pytest.mark.parametrize("version", TWOS)
def test_a_visit_in_2x_is_one_transaction_with_numbered_events(version: Version) -> None:
    stage = Stage(version).connect()
    stage.charge()
    events = stage.central.all(v21.TransactionEventRequest)
    assert [each.seq_no for each in events] == list(range(len(events)))
    assert len({each.transaction_info.transaction_id for each in events}) == 1
    triggers = [each.trigger_reason.value for each in events]
    assert [each for each in triggers if each != "MeterValuePeriodic"] == [
        "CablePluggedIn",
        "Authorized",
        "ChargingStateChanged",
        "StopAuthorized",
    ]
    assert [each.event_type.value for each in (events[0], events[-1])] == ["Started", "Ended"]
    assert events[-1].transaction_info.stopped_reason == "Local"
    assert not stage.central.malformed


@pytest.mark.parametrize("version", TWOS)
def test_in_2x_evse_and_token_are_told_once_and_who_stopped_at_the_end(version: Version) -> None:
    stage = online(version)
    stage.charge()
    events = stage.central.all(v21.TransactionEventRequest)
    assert [bool(each.evse) for each in events] == [True] + [False] * (len(events) - 1)
    with_token = [each.trigger_reason.value for each in events if each.id_token]
    assert with_token == ["Authorized", "StopAuthorized"]
    assert not any(each.offline for each in events)


@pytest.mark.parametrize("version", TWOS)
def test_in_2x_meter_values_stand_inside_the_events_and_agree(version: Version) -> None:
    stage = online(version)
    stage.charge(1_800)
    assert stage.central.all(v21.MeterValuesRequest) == []
    registers = _registers_2x(stage)
    assert registers[0] == 0
    assert registers[-1] == 5_500
    assert all(one <= other for one, other in pairwise(registers))


def _registers_2x(stage: Stage) -> list[float]:
    events: list[Any] = stage.central.all(v21.TransactionEventRequest)
    return [
        sample.value
        for event in events
        for value in event.meter_value or []
        for sample in value.sampled_value
        if sample.measurand == "Energy.Active.Import.Register"
    ]


@pytest.mark.parametrize("version", [*ONES, *TWOS])
def test_a_full_battery_suspends_the_transaction_and_ends_the_flow(version: Version) -> None:
    stage = online(version)
    ev = Ev(capacity_wh=1_000, soc=0.9, power_w_max=11_000)
    stage.plug_in(1, ev)
    stage.tap().wait(3_600)
    assert ev.soc == 1.0
    assert stage.core.evse(1).power_w == 0
    assert stage.core.evse(1).register_wh == 100
    states = {
        str(state)
        for each in stage.central.all(v21.TransactionEventRequest)
        if (state := each.transaction_info.charging_state)
    } | {each.status.value for each in stage.central.all(v16.StatusNotificationRequest)}
    assert "SuspendedEV" in states or version in {Version.V1_2, Version.V1_5}


@pytest.mark.parametrize("version", [*ONES, *TWOS])
def test_the_same_seed_gives_the_same_frames(version: Version) -> None:
    runs = []
    for _ in range(2):
        stage = Stage(version, seed=7).connect()
        stage.charge(600)
        runs.append(stage.frames)
    assert runs[0] == runs[1]
    assert Stage(version, seed=8).connect().frames != runs[0][:4]


@pytest.mark.parametrize("speed", [1.0, 60.0])
def test_speed_shortens_charging_and_intervals_but_not_the_clock(speed: float) -> None:
    stage = online("1.6", speed=speed)
    stage.plug_in()
    stage.tap().wait(1_800 / speed).tap()
    (stop,) = stage.central.all(v16.StopTransactionRequest)
    (start,) = stage.central.all(v16.StartTransactionRequest)
    assert stop.meter_stop == 5_500
    assert len(stage.central.all(v16.MeterValuesRequest)) == 30
    assert (stop.timestamp - start.timestamp).total_seconds() == pytest.approx(1_800 / speed)
