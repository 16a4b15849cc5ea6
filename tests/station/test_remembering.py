"""A station whose program is killed, or that loses its power, goes on where it was."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.wire import UNSET
from chargeplane.station import Ev
from chargeplane.station.memory import FileMemory, MemoryFault
from chargeplane.station.signals import TransactionEnded, TransactionResumed
from tests.station.stage import Stage, online

UNKNOWN_MAY = {"AllowOfflineTxForUnknownId": "true"}
RESUMES = {
    "OCPPCommCtrlr.OfflineThreshold": "60",
    "TxCtrlr.ResumptionTimeout": "300",
}


def events(stage: Stage) -> list[Any]:
    return stage.central.all(v21.TransactionEventRequest)


def reset(stage: Stage, kind: str, evse_id: int | None = None) -> str:
    where = UNSET if evse_id is None else evse_id
    request = v21.ResetRequest(type=v21.ResetEnumType(kind), evse_id=where)
    return str(getattr(stage.ask(request), "status", ""))


def charging(version: str, **options: Any) -> Stage:
    stage = online(version, **options)
    stage.plug_in(1, Ev(soc=0.2))
    return stage.tap().wait(100)


@pytest.mark.parametrize("version", ["1.2", "1.5", "1.6"])
def test_messages_that_waited_are_sent_by_the_next_program_with_the_id_of_the_start(
    version: str,
) -> None:
    stage = online(version, variables=UNKNOWN_MAY).disconnect()
    stage.charge(200)
    waiting = len(stage.core.hub.outbox)
    stage.new_program().connect()
    names = [each for each in stage.central.names() if each.endswith(("Transaction", "Values"))]
    assert names[0] == "StartTransaction"
    assert names[-1] == "StopTransaction"
    assert len(names) == waiting > 3
    (stop,) = stage.central.all(v16.StopTransactionRequest)
    assert stop.transaction_id == 101
    if version == "1.6":
        values = stage.central.all(v16.MeterValuesRequest)
        assert {each.transaction_id for each in values} == {101}
    assert not stage.memory.take_all("outbox", dict)
    assert not stage.memory.take_all("transactions", dict)


def test_an_id_that_one_program_learned_is_used_by_the_next() -> None:
    stage = charging("1.6").disconnect()
    stage.tap()
    stage.unplug().new_program().connect()
    (stop,) = stage.central.all(v16.StopTransactionRequest)
    assert stop.transaction_id == 101
    contexts = [value.sampled_value[0].context for value in stop.transaction_data]
    assert contexts == ["Transaction.Begin", "Transaction.End"]


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
def test_numbers_of_events_go_on_in_the_next_program(version: str) -> None:
    stage = online(version, variables=UNKNOWN_MAY).disconnect()
    stage.plug_in()
    stage.tap().wait(200).new_program(5).connect()
    told = events(stage)
    assert [each.seq_no for each in told] == list(range(len(told)))
    assert len({each.transaction_info.transaction_id for each in told}) == 1
    last = told[-1]
    assert (last.event_type, last.trigger_reason) == ("Ended", "AbnormalCondition")
    assert last.transaction_info.stopped_reason == "PowerLoss"
    assert last.offline


def test_ids_of_the_next_program_are_other_ones_though_the_seed_is_the_same() -> None:
    stage = charging("2.1")
    stage.tap()
    first = events(stage)[0].transaction_info.transaction_id
    stage.unplug().new_program().connect()
    stage.charge(60)
    assert first != events(stage)[-1].transaction_info.transaction_id


@pytest.mark.parametrize("version", ["1.2", "1.6"])
def test_a_1x_transaction_ends_when_the_power_is_back(version: str) -> None:
    stage = charging(version)
    stage.lose_power()
    (stop,) = stage.central.all(v16.StopTransactionRequest)
    if version == "1.6":
        assert stop.reason == "PowerLoss"
    assert stage.central.names().index("BootNotification") < stage.central.names().index(
        "StopTransaction"
    )
    assert stage.core.evse(1).power_w == 0


@pytest.mark.parametrize(("reason", "why"), [("PowerUp", "PowerLoss"), ("Watchdog", "Reboot")])
def test_a_2x_transaction_ends_with_what_interrupted_it(reason: str, why: str) -> None:
    stage = charging("2.1").lose_power(reason=reason)
    last = events(stage)[-1]
    assert (last.event_type, last.trigger_reason) == ("Ended", "AbnormalCondition")
    assert last.transaction_info.stopped_reason == why
    boot = stage.central.all(v21.BootNotificationRequest)[-1]
    assert boot.reason == reason
    assert len(stage.saw(TransactionEnded)) == 1


def test_no_energy_flows_while_the_power_is_away() -> None:
    stage = charging("2.1", variables=RESUMES)
    before_wh = stage.core.evse(1).register_wh
    stage.core.lose_power(stage.now_s)
    stage.carry().disconnect().wait(100)
    assert stage.core.evse(1).register_wh == before_wh


@pytest.mark.parametrize("kills", [True, False])
def test_a_short_interruption_is_resumed_and_the_energy_goes_on(kills: bool) -> None:
    stage = charging("2.1", variables=RESUMES)
    stage.memory.save()
    before_wh = stage.core.evse(1).register_wh
    if kills:
        stage.new_program(100).connect()
    else:
        stage.lose_power(100)
    stage.wait(100)
    told = events(stage)
    (resumed,) = [each for each in told if each.trigger_reason == "TxResumed"]
    assert resumed.event_type == "Updated"
    assert resumed.transaction_info.charging_state == "Charging"
    assert [each.seq_no for each in told] == list(range(len(told)))
    assert told[-1].trigger_reason == "MeterValuePeriodic"
    assert stage.core.evse(1).register_wh > before_wh
    assert len(stage.saw(TransactionResumed)) == 1


def test_an_interruption_that_was_too_long_ends_the_transaction() -> None:
    stage = charging("2.1", variables=RESUMES).lose_power(301)
    assert events(stage)[-1].transaction_info.stopped_reason == "PowerLoss"


def test_2_0_1_resumes_nothing_since_it_has_no_word_for_it() -> None:
    stage = charging("2.0.1").lose_power(1)
    assert events(stage)[-1].event_type == "Ended"


def test_a_resumed_transaction_gets_power_only_where_that_is_allowed_and_after_a_while() -> None:
    forbidden = RESUMES | {"TxCtrlr.AllowEnergyTransferResumption": "false"}
    stage = charging("2.1", variables=forbidden).lose_power()
    (resumed,) = [each for each in events(stage) if each.trigger_reason == "TxResumed"]
    assert resumed.transaction_info.charging_state == "SuspendedEVSE"
    assert stage.wait(1_000).core.evse(1).power_w == 0
    later = RESUMES | {"TxCtrlr.EnergyTransferResumptionRandomRange": "60"}
    stage = charging("2.1", variables=later).lose_power()
    assert stage.core.evse(1).power_w == 0
    assert stage.wait(60).core.evse(1).power_w > 0
    assert events(stage)[-1].transaction_info.charging_state == "Charging"


@pytest.mark.parametrize("evse_id", [None, 1])
def test_a_reset_with_resumption_interrupts_the_transaction_and_goes_on(
    evse_id: int | None,
) -> None:
    stage = charging("2.1", variables=RESUMES)
    stage.plug_in(2)
    assert reset(stage, "ImmediateAndResume", evse_id) == "Accepted"
    interrupted = [each for each in events(stage) if each.trigger_reason == "ResetCommand"]
    assert interrupted[0].event_type == "Updated"
    assert interrupted[0].transaction_info.charging_state == "SuspendedEVSE"
    assert len(interrupted) == (2 if evse_id is None else 1)
    stage.wait(3)
    if evse_id is None:
        assert stage.core.wants_to_hang_up
        stage.disconnect().wait(10_000).connect()  # longer than ResumptionTimeout (B13.FR.23)
    resumed = [each for each in events(stage) if each.trigger_reason == "TxResumed"]
    assert len(resumed) == len(interrupted)
    assert stage.core.evse(1).power_w > 0
    assert not stage.saw(TransactionEnded)


def test_a_reset_with_resumption_of_an_idle_station_is_a_reset() -> None:
    stage = online("2.1", variables=RESUMES)
    assert reset(stage, "ImmediateAndResume") == "Accepted"
    assert stage.wait(2).core.wants_to_hang_up


def test_one_evse_is_reset_without_the_other() -> None:
    stage = charging("2.1")
    stage.plug_in(2)
    assert reset(stage, "OnIdle", 1) == "Scheduled"
    assert reset(stage, "Immediate", 2) == "Accepted"
    ended = [each for each in events(stage) if each.event_type == "Ended"]
    assert [each.trigger_reason.value for each in ended] == ["ResetCommand"]
    assert ended[0].transaction_info.stopped_reason == "ImmediateReset"
    stage.tap().unplug().wait(5)
    assert not stage.core.wants_to_hang_up
    assert len(stage.saw(TransactionEnded)) == 2


@pytest.mark.parametrize("version", ["1.6", "2.1"])
def test_settings_and_what_is_out_of_operation_stay_so(version: str) -> None:
    stage = online(version)
    if version == "1.6":
        stage.ask(v16.ChangeConfigurationRequest(key="MeterValueSampleInterval", value="17"))
        kind = v16.AvailabilityType.INOPERATIVE
        stage.ask(v16.ChangeAvailabilityRequest(connector_id=2, type=kind))
    else:
        data = v21.SetVariableDataType(
            attribute_value="17",
            component=v21.ComponentType(name="SampledDataCtrlr"),
            variable=v21.VariableType(name="TxUpdatedInterval"),
        )
        stage.ask(v21.SetVariablesRequest(set_variable_data=[data]))
        status = v21.OperationalStatusEnumType.INOPERATIVE
        where = v21.EVSEType(id=2)
        stage.ask(v21.ChangeAvailabilityRequest(operational_status=status, evse=where))
    stage.new_program().connect()
    assert stage.core.variables.number("SampledDataCtrlr", "TxUpdatedInterval") == 17
    assert [stage.core.evse(each).status() for each in (1, 2)] == ["Available", "Unavailable"]


def test_the_meter_never_goes_back() -> None:
    stage = charging("1.6")
    stage.tap()
    before_wh = stage.core.evse(1).register_wh
    stage.unplug().new_program().connect()
    assert stage.core.evse(1).register_wh == before_wh > 0


def test_a_message_that_was_tried_is_not_tried_more_often_by_the_next_program() -> None:
    attempts = {"TransactionMessageAttempts": "2", "TransactionMessageRetryInterval": "1"}
    stage = online("1.6", variables=attempts)
    stage.central.responds = lambda request: (
        ErrorCode.INTERNAL_ERROR if isinstance(request, v16.StartTransactionRequest) else None
    )
    stage.plug_in()
    stage.tap().new_program().connect()
    stage.wait(60)
    assert len(stage.central.all(v16.StartTransactionRequest)) == 2


def test_a_file_brings_a_transaction_into_the_next_program(tmp_path: Path) -> None:
    stage = Stage("2.1", variables=RESUMES, memory=FileMemory(tmp_path / "m")).connect()
    stage.plug_in()
    stage.tap().wait(100).disconnect().wait(100)
    stage.memory.close()
    stage.memory = FileMemory(tmp_path / "m")
    stage.new_program(10).connect()
    told = events(stage)
    assert told[-1].trigger_reason == "TxResumed"
    assert [each.seq_no for each in told] == list(range(len(told)))
    stage.memory.close()


@pytest.mark.parametrize("version", ["1.6", "2.1"])
def test_charging_profiles_still_limit_in_the_next_program(version: str) -> None:
    stage = online(version)
    if version == "1.6":
        schedule = v16.ChargingSchedule(
            charging_rate_unit=v16.ChargingRateUnitType.W,
            charging_schedule_period=[
                v16.ChargingSchedulePeriod(start_period=0, limit=Decimal(5000))
            ],
        )
        profile = v16.ChargingProfile(
            charging_profile_id=1,
            stack_level=0,
            charging_profile_purpose=v16.ChargingProfilePurposeType.TX_DEFAULT_PROFILE,
            charging_profile_kind=v16.ChargingProfileKindType.RELATIVE,
            charging_schedule=schedule,
        )
        stage.ask(v16.SetChargingProfileRequest(connector_id=0, cs_charging_profiles=profile))
        clear: Any = v16.ClearChargingProfileRequest(id=1)
    else:
        schedule_2x = v21.ChargingScheduleType(
            id=1,
            charging_rate_unit=v21.ChargingRateUnitEnumType.W,
            charging_schedule_period=[v21.ChargingSchedulePeriodType(start_period=0, limit=5000.0)],
        )
        profile_2x = v21.ChargingProfileType(
            id=1,
            stack_level=0,
            charging_profile_purpose=v21.ChargingProfilePurposeEnumType.TX_DEFAULT_PROFILE,
            charging_profile_kind=v21.ChargingProfileKindEnumType.RELATIVE,
            charging_schedule=[schedule_2x],
        )
        stage.ask(v21.SetChargingProfileRequest(evse_id=0, charging_profile=profile_2x))
        clear = v21.ClearChargingProfileRequest(charging_profile_id=1)
    stage.new_program().connect()
    stage.plug_in()
    assert stage.tap().core.evse(1).power_w == pytest.approx(5000)
    assert getattr(stage.ask(clear), "status", "") == "Accepted"
    stage.new_program().connect()
    assert getattr(stage.ask(clear), "status", "") == "Unknown"


def test_the_memory_of_another_family_is_refused() -> None:
    stage = online("1.6", variables=UNKNOWN_MAY).disconnect()
    stage.charge(60)
    with pytest.raises(MemoryFault, match="StartTransaction"):
        Stage("2.1", memory=stage.memory)


def test_a_vehicle_takes_nothing_for_the_time_before_the_program_that_goes_on() -> None:
    stage = online("2.1", variables={"TxCtrlr.ResumptionTimeout": "600"})
    stage.plug_in(1, Ev(capacity_wh=400_000, soc=0.1, power_w_max=10_000))
    stage.wait(1).tap().wait(3_600)
    before_wh = stage.core.evse(1).register
    stage.new_program(60).connect().wait(360)
    assert stage.core.evse(1).transaction is not None
    assert stage.core.evse(1).register == pytest.approx(before_wh + 1_000, abs=30)
