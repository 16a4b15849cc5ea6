"""What 2.1 adds to smart charging: dynamic profiles, priority, setpoints, limits of the site."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from chargeplane.ocpp import v16, v21
from chargeplane.station import Ev, EvseSpec, Inventory
from chargeplane.station.grid import GridPoint
from chargeplane.station.signals import ExternalLimitWanted, NeedsWanted, PriorityWanted
from tests.station.central import START
from tests.station.smart_charging.asking import clear, install
from tests.station.stage import TOKEN, Stage, online

BOTH_WAYS = Inventory(evses=(EvseSpec(phases=0, voltage_v=400.0, discharge_w_max=10_000.0),) * 2)


def charging(version: str = "2.1", edition: str = "", **options: Any) -> Stage:
    """A vehicle that can give energy back charges on EVSE 1 since 8:00:10."""
    stage = online(version, inventory=BOTH_WAYS, **options)
    ev = Ev(
        capacity_wh=100_000,
        soc=0.5,
        power_w_max=22_000,
        discharge_w_max=10_000,
        edition=edition,
        departs_in_s=3_600,
    )
    stage.plug_in(1, ev)
    return stage.wait(10).tap()


def power_w(stage: Stage, evse_id: int = 1) -> float:
    return stage.core.evse(evse_id).power_w


def steer(stage: Stage, period: dict[str, Any], **said: Any) -> str:
    """Install a profile of one period in watts."""
    schedule = {
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": [{"startPeriod": 0, **period}],
    } | said.pop("schedule", {})
    return install(
        stage, said.pop("evse_id", 1), [], **{"purpose": "TxProfile"} | said, schedule=schedule
    )


def events(stage: Stage, reason: str) -> list[v21.TransactionEventRequest]:
    return [
        each
        for each in stage.central.all(v21.TransactionEventRequest)
        if each.trigger_reason.value == reason
    ]


def test_a_setpoint_is_followed_in_both_directions_and_both_registers_count() -> None:
    stage = charging()
    mode = {"operationMode": "CentralSetpoint"}
    assert steer(stage, {"setpoint": -6_000.0, **mode}) == "Accepted"
    assert power_w(stage) == -6_000
    taken_wh = stage.core.evse(1).register_wh
    stage.wait(3_600)
    evse = stage.core.evse(1)
    assert evse.ev is not None
    assert (evse.register_wh, evse.export_wh) == (taken_wh, 6_000)
    assert evse.ev.soc == pytest.approx(0.5 - 0.06, abs=1e-3)
    assert steer(stage, {"setpoint": 5_000.0, "limit": 4_000.0, **mode}) == "Accepted"
    assert power_w(stage) == 4_000
    [told] = events(stage, "OperationModeChanged")
    assert told.transaction_info.operation_mode == v21.OperationModeEnumType.CENTRAL_SETPOINT


def test_a_discharge_limit_and_the_hardware_bound_a_setpoint() -> None:
    stage = charging()
    mode = {"operationMode": "CentralSetpoint"}
    steer(stage, {"setpoint": -30_000.0, **mode})
    assert power_w(stage) == -10_000
    steer(stage, {"setpoint": -30_000.0, "dischargeLimit": -2_500.0, **mode})
    assert power_w(stage) == -2_500


def test_a_vehicle_gives_back_until_its_least_state_of_charge() -> None:
    stage = charging()
    steer(stage, {"setpoint": -10_000.0, "operationMode": "CentralSetpoint"})
    stage.wait(4 * 3_600)
    evse = stage.core.evse(1)
    assert evse.ev is not None
    assert evse.ev.soc == pytest.approx(0.2)
    assert power_w(stage) == 0
    last = stage.central.all(v21.TransactionEventRequest)[-1]
    assert evse.charging_state == "SuspendedEV"
    assert last.seq_no > 0


def test_idle_takes_and_gives_nothing() -> None:
    stage = charging()
    assert steer(stage, {"operationMode": "Idle"}) == "Accepted"
    assert power_w(stage) == 0
    assert stage.core.evse(1).charging_state == "SuspendedEVSE"


def test_the_setpoint_follows_the_frequency_and_signals_of_the_reserve() -> None:
    stage = charging()
    request = v21.AFRRSignalRequest(timestamp=START, signal=5)
    answer = stage.ask(request)
    assert isinstance(answer, v21.AFRRSignalResponse)
    assert answer.status.value == "Rejected"
    curve = [{"frequency": 49.8, "power": -8_000.0}, {"frequency": 50.2, "power": 8_000.0}]
    period: dict[str, Any] = {
        "operationMode": "LocalFrequency",
        "v2xBaseline": 1_000.0,
        "v2xFreqWattCurve": curve,
        "v2xSignalWattCurve": [{"signal": 0, "power": 0.0}, {"signal": 10, "power": 4_000.0}],
    }
    assert steer(stage, period) == "Accepted"
    assert power_w(stage) == 1_000
    stage.core.play_grid(
        [GridPoint(60, frequency_hz=49.9), GridPoint(120, frequency_hz=50.3)], stage.now_s
    )
    assert power_w(stage.wait(60)) == -3_000
    assert power_w(stage.wait(60)) == 9_000
    answer = stage.ask(request)
    assert isinstance(answer, v21.AFRRSignalResponse)
    assert answer.status.value == "Accepted"
    assert power_w(stage.wait(1)) == 11_000


def test_load_of_the_site_is_balanced_between_its_thresholds() -> None:
    stage = charging()
    period = {"operationMode": "LocalLoadBalancing"}
    assert steer(stage, period) == "Rejected: MissingDevModelInfo"
    for name, value in (("Upper", "10000"), ("Lower", "-2000")):
        place = f"{name}Threshold"
        request = v21.SetVariablesRequest(
            set_variable_data=[
                v21.SetVariableDataType(
                    attribute_value=value,
                    component=v21.ComponentType(name="V2XChargingCtrlr", evse=v21.EVSEType(id=1)),
                    variable=v21.VariableType(name="LocalLoadBalancing", instance=place),
                )
            ]
        )
        assert "Accepted" in repr(stage.ask(request))
    assert steer(stage, period) == "Accepted"
    found = []
    for load_w in (13_000, 5_000, -6_500):
        stage.core.set_grid(GridPoint(0, load_w=load_w), stage.now_s)
        found.append(power_w(stage.carry()))
    assert found == [-3_000, 0, 4_500]


@pytest.mark.parametrize(
    ("period", "said", "reason"),
    [
        ({"operationMode": "Idle", "limit": 1.0}, {}, "InvalidSchedule"),
        ({"operationMode": "CentralSetpoint"}, {}, "InvalidSchedule"),
        ({"operationMode": "LocalFrequency"}, {}, "NoFreqWattCurve"),
        ({"limit": 1.0, "setpoint_L2": 1.0}, {}, "InvalidSchedule"),
        ({"limit": 1.0, "evseSleep": True}, {}, "InvalidSchedule"),
        (
            {"operationMode": "Idle"},
            {"purpose": "PriorityCharging", "kind": "Dynamic"},
            "InvalidSchedule",
        ),
        ({"limit": 1.0}, {"dynUpdateInterval": 5}, "InvalidProfile"),
        ({"limit": 1.0}, {"id": -1}, "InvalidProfileId"),
    ],
    ids=["idle", "no-setpoint", "no-curve", "by-phase", "sleep", "priority-mode", "static", "id"],
)
def test_what_cannot_be_followed_is_rejected_with_its_reason(
    period: dict[str, Any], said: dict[str, Any], reason: str
) -> None:
    assert steer(charging(), period, **said) == f"Rejected: {reason}"


def test_an_evse_that_is_not_bidirectional_rejects_setpoints() -> None:
    stage = online("2.1")
    stage.plug_in(1).soc = 0.4
    stage.wait(10).tap()
    period = {"operationMode": "CentralSetpoint", "setpoint": -100.0}
    assert steer(stage, period) == "Rejected: UnsupportedParam"


def test_a_dynamic_profile_is_pushed_and_pulled() -> None:
    stage = charging()
    assert steer(stage, {"limit": 9_000.0}, kind="Dynamic", dynUpdateInterval=30) == "Accepted"
    assert power_w(stage) == 9_000
    update = v21.ChargingScheduleUpdateType(limit=7_000.0)
    request = v21.UpdateDynamicScheduleRequest(charging_profile_id=1, schedule_update=update)
    assert "Accepted" in repr(stage.ask(request))
    assert power_w(stage) == 7_000

    def responds(asked: Any) -> Any:
        if isinstance(asked, v21.PullDynamicScheduleUpdateRequest):
            return v21.PullDynamicScheduleUpdateResponse(
                status=v21.ChargingProfileStatusEnumType.ACCEPTED,
                schedule_update=v21.ChargingScheduleUpdateType(limit=5_000.0),
            )
        return None

    stage.central.responds = responds
    assert power_w(stage.wait(31)) == 5_000
    stage.wait(60)
    assert len(stage.central.all(v21.PullDynamicScheduleUpdateRequest)) == 3
    assert "InvalidProfile" in repr(
        stage.ask(v21.UpdateDynamicScheduleRequest(charging_profile_id=9, schedule_update=update))
    )


def test_a_dynamic_profile_that_is_not_renewed_in_time_gives_way() -> None:
    stage = charging()
    steer(
        stage,
        {"limit": 9_000.0},
        purpose="TxDefaultProfile",
        id=2,
        kind="Absolute",
        schedule={"startSchedule": START.isoformat()},
    )
    steer(stage, {"limit": 3_000.0}, kind="Dynamic", schedule={"duration": 120})
    assert power_w(stage) == 3_000
    assert power_w(stage.wait(121)) == 9_000


def test_priority_charging_stands_in_for_other_profiles_while_it_is_wanted() -> None:
    stage = charging()
    transaction = stage.core.evse(1).transaction
    assert transaction is not None
    steer(stage, {"limit": 3_000.0})

    def use(activate: bool, transaction_id: str = transaction.id) -> str:
        answer = stage.ask(
            v21.UsePriorityChargingRequest(transaction_id=transaction_id, activate=activate)
        )
        assert isinstance(answer, v21.UsePriorityChargingResponse)
        return answer.status.value

    assert use(True) == "NoProfile"
    assert (
        steer(stage, {"limit": 20_000.0}, purpose="PriorityCharging", id=2, evse_id=0) == "Accepted"
    )
    assert use(True, "another") == "Rejected"
    assert power_w(stage) == 3_000
    assert use(True) == "Accepted"
    assert power_w(stage) == 20_000
    stage.core.want(PriorityWanted(1, False), stage.now_s)
    assert power_w(stage.carry()) == 3_000
    told = stage.central.all(v21.NotifyPriorityChargingRequest)
    assert [each.activated for each in told] == [True, False]


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
def test_a_limit_of_the_site_is_told_and_its_end_too(version: str) -> None:
    stage = charging(version)
    stage.core.want(ExternalLimitWanted(0, 4_000.0), stage.now_s)
    assert power_w(stage.carry()) == 4_000
    stage.core.want(ExternalLimitWanted(0, 4_010.0), stage.now_s)  # less than one percent
    stage.carry()
    [told] = stage.central.all(v21.NotifyChargingLimitRequest)
    assert told.charging_limit.charging_limit_source == "EMS"
    assert clear(stage, purpose="ChargingStationExternalConstraints") == "Unknown"
    request = v21.GetChargingProfilesRequest(
        request_id=7,
        charging_profile=v21.ChargingProfileCriterionType(charging_limit_source=["EMS"]),
    )
    assert "Accepted" in repr(stage.ask(request))
    [report] = stage.central.all(v21.ReportChargingProfilesRequest)
    assert report.charging_limit_source == "EMS"
    stage.core.want(ExternalLimitWanted(0), stage.now_s)
    assert power_w(stage.carry()) == 22_000
    assert len(stage.central.all(v21.ClearedChargingLimitRequest)) == 1
    assert len(events(stage, "ChargingRateChanged")) == 2


def test_local_generation_comes_on_top_and_is_shared() -> None:
    stage = charging()
    steer(stage, {"limit": 3_000.0})
    stage.core.want(ExternalLimitWanted(0, 5_000.0, is_generation=True), stage.now_s)
    assert power_w(stage.carry()) == 8_000
    [told] = stage.central.all(v21.NotifyChargingLimitRequest)
    assert told.charging_limit.is_local_generation is True


def test_an_external_setpoint_feeds_the_profile_that_asks_for_it() -> None:
    stage = charging()
    steer(stage, {"operationMode": "ExternalSetpoint", "limit": 6_000.0}, kind="Dynamic")
    stage.core.want(ExternalLimitWanted(1, setpoint_w=-4_000.0), stage.now_s)
    assert power_w(stage.carry()) == -4_000
    assert not stage.central.all(v21.NotifyChargingLimitRequest)


def test_a_profile_is_not_valid_while_the_station_is_offline_for_too_long() -> None:
    stage = charging()
    steer(stage, {"limit": 9_000.0}, maxOfflineDuration=60)
    steer(
        stage,
        {"limit": 2_000.0},
        purpose="TxDefaultProfile",
        id=2,
        kind="Absolute",
        schedule={"startSchedule": START.isoformat()},
        maxOfflineDuration=90,
        invalidAfterOfflineDuration=True,
    )
    stage.disconnect()
    assert [power_w(stage.wait(each)) for each in (30, 31, 31)] == [9_000, 2_000, 22_000]
    stage.connect()
    assert power_w(stage) == 9_000
    assert clear(stage, id=2) == "Unknown"
    assert clear(stage, id=1) == "Accepted"


def test_a_limit_begins_when_the_battery_reaches_a_state_of_charge() -> None:
    stage = charging()
    steer(stage, {"limit": 20_000.0}, schedule={"limitAtSoC": {"soc": 60, "limit": 5_000.0}})
    stage.wait(1_700)
    assert power_w(stage) == 20_000
    stage.wait(110)
    evse = stage.core.evse(1)
    assert evse.ev is not None
    assert power_w(stage) == 5_000
    assert evse.ev.soc == pytest.approx(0.6, abs=0.001)


def test_random_delays_are_within_their_bound_and_new_for_each_transaction() -> None:
    starts = set()
    for seed in range(8):
        stage = charging(seed=seed)
        rows = [{"startPeriod": 0, "limit": 9_000.0}, {"startPeriod": 60, "limit": 3_000.0}]
        schedule = {"chargingSchedulePeriod": rows, "randomizedDelay": 30}
        assert steer(stage, {}, schedule=schedule) == "Accepted"
        second = next(s for s in range(200) if power_w(stage.wait(1)) == 3_000)
        starts.add(second)
        assert 58 <= second + 1 <= 92
    assert len(starts) > 3


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
def test_a_profile_of_a_remote_start_holds_for_its_transaction(version: str) -> None:
    stage = online(version)
    stage.plug_in(1, Ev(capacity_wh=400_000, power_w_max=22_000))

    def start(**profile: Any) -> str:
        periods = [{"startPeriod": 0, "limit": 8.0}]
        schedule: dict[str, Any] = {"chargingRateUnit": "A", "chargingSchedulePeriod": periods}
        said: dict[str, Any] = {
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Relative",
        } | profile
        request: Any
        if version == "1.6":
            wire = {
                "idTag": TOKEN.value,
                "connectorId": 1,
                "chargingProfile": said | {"chargingProfileId": 1, "chargingSchedule": schedule},
            }
            request = msgspec.convert(wire, v16.RemoteStartTransactionRequest, strict=False)
        else:
            wire = {
                "idToken": {"idToken": TOKEN.value, "type": "ISO14443"},
                "evseId": 1,
                "remoteStartId": 1,
                "chargingProfile": said | {"id": 1, "chargingSchedule": [schedule | {"id": 1}]},
            }
            request = msgspec.convert(wire, v21.RequestStartTransactionRequest, strict=False)
        return str(getattr(stage.ask(request), "status", ""))

    assert start(chargingProfilePurpose="TxDefaultProfile") == "Rejected"
    assert start(stackLevel=99) == "Rejected"
    assert power_w(stage) == 0
    assert start() == "Accepted"
    assert power_w(stage.wait(1)) == 8 * 230 * 3
    stage.tap().unplug()
    assert clear(stage, id=1) == "Unknown"


def test_a_vehicle_of_iso_15118_tells_its_needs_and_chooses_its_schedule() -> None:
    stage = charging(edition="20")
    [told] = stage.central.all(v21.NotifyEVChargingNeedsRequest)
    needs = told.charging_needs
    assert needs.requested_energy_transfer.value == "DC_BPT"
    assert needs.departure_time == START + timedelta(seconds=3_610)
    assert needs.v2x_charging_parameters
    assert needs.v2x_charging_parameters.ev_target_energy_request == 30_000
    steer(stage, {"limit": 5_000.0})
    [chosen] = stage.central.all(v21.NotifyEVChargingScheduleRequest)
    assert chosen.charging_schedule.charging_schedule_period[0].limit == 5_000
    transaction = stage.core.evse(1).transaction
    assert transaction is not None
    allowed = v21.NotifyAllowedEnergyTransferRequest(
        transaction_id=transaction.id,
        allowed_energy_transfer=[v21.EnergyTransferModeEnumType.DC],
    )
    assert "Accepted" in repr(stage.ask(allowed))
    again = stage.central.all(v21.NotifyEVChargingNeedsRequest)[-1]
    assert again.charging_needs.requested_energy_transfer.value == "DC"


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
def test_a_vehicle_of_edition_2_tells_what_it_needs_of_the_current(version: str) -> None:
    stage = online(version)
    stage.plug_in(1, Ev(edition="2", soc=0.3))
    stage.wait(5).tap()
    [told] = stage.central.all(v21.NotifyEVChargingNeedsRequest)
    assert told.charging_needs.ac_charging_parameters
    assert told.charging_needs.ac_charging_parameters.energy_amount == 30_000
    stage.core.want(NeedsWanted(1), stage.now_s)
    stage.carry()
    assert len(stage.central.all(v21.NotifyEVChargingNeedsRequest)) == 2


def test_a_transfer_that_is_refused_ends_the_transaction() -> None:
    stage = online("2.1", inventory=BOTH_WAYS)
    stage.central.responds = lambda asked: (
        v21.NotifyEVChargingNeedsResponse(status=v21.NotifyEVChargingNeedsStatusEnumType.REJECTED)
        if isinstance(asked, v21.NotifyEVChargingNeedsRequest)
        else None
    )
    stage.plug_in(1, Ev(edition="20", discharge_w_max=5_000))
    stage.wait(5).tap()
    last = stage.central.all(v21.TransactionEventRequest)[-1]
    assert last.transaction_info.stopped_reason == v21.ReasonEnumType.REQ_ENERGY_TRANSFER_REJECTED
