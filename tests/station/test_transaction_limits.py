"""Limits of a transaction in cost, energy, time and state of charge (2.1, E16)."""

from __future__ import annotations

from typing import Any

import pytest

from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import Request, Response
from chargeplane.station import Ev, Inventory
from chargeplane.station.evse import ChargingState
from chargeplane.station.signals import LimitKind, LimitsWanted
from chargeplane.station.signals.screens import CostShown
from tests.station.stage import Stage, online
from tests.station.tariff_cost.test_tariffs import ENERGY, put

Answer = v21.TransactionEventResponse
EVENT = v21.TransactionEventRequest
POWER_W = 10_000.0


def answering(stage: Stage, *answers: v21.TransactionEventResponse) -> None:
    """Let the next transaction events be answered so, one after the other."""
    left = list(answers)

    def responds(request: Request) -> Response | None:
        return left.pop(0) if isinstance(request, EVENT) and left else None

    stage.central.responds = responds


def limit(**said: Any) -> v21.TransactionEventResponse:
    return Answer(transaction_limit=v21.TransactionLimitType(**said))


def charging(*answers: v21.TransactionEventResponse, **options: Any) -> Stage:
    """A vehicle takes 10 kW for hours; the answers come to the first events."""
    stage = online("2.1", **options)
    answering(stage, *answers)
    stage.plug_in(1, Ev(capacity_wh=400_000, soc=0.1, power_w_max=POWER_W))
    return stage.wait(1).tap()


def events(stage: Stage, reason: str) -> list[v21.TransactionEventRequest]:
    return [each for each in stage.central.all(EVENT) if each.trigger_reason.value == reason]


def used_wh(stage: Stage) -> float:
    return stage.core.evse(1).register


def drive(stage: Stage, **limits: float) -> None:
    """A driver types limits at the station."""
    kinds = {LimitKind[name.upper()]: value for name, value in limits.items()}
    stage.core.want(LimitsWanted(1, kinds), stage.now_s)
    stage.carry()


def test_a_limit_of_the_central_system_is_confirmed_once() -> None:
    stage = charging(limit(max_energy=6_000.0, max_cost=20.0))
    [told] = events(stage, "LimitSet")
    expected = v21.TransactionLimitType(max_energy=6_000.0, max_cost=20.0)
    assert told.transaction_info.transaction_limit == expected
    stage.wait(600)
    said = [each.transaction_info.transaction_limit for each in stage.central.all(EVENT)]
    assert [each for each in said if each] == [expected]


def test_energy_stops_at_the_limit_to_the_watt_hour_and_says_why() -> None:
    stage = charging(limit(max_energy=6_000.0)).wait(3_600)
    [told] = events(stage, "EnergyLimitReached")
    assert told.event_type == "Updated"
    assert told.transaction_info.charging_state == "SuspendedEVSE"
    assert used_wh(stage) == pytest.approx(6_000, abs=0.1)
    assert stage.core.evse(1).charging_state is ChargingState.SUSPENDED_EVSE
    assert events(stage, "ChargingStateChanged")[-1].timestamp <= told.timestamp


def test_a_higher_limit_lets_it_go_on() -> None:
    stage = charging(limit(max_energy=1_000.0)).wait(1_800)
    assert used_wh(stage) == pytest.approx(1_000, abs=0.1)
    answering(stage, limit(max_energy=3_000.0))
    drive(stage, time=86_400)  # the next event, to whose answer the other limit comes
    assert stage.core.evse(1).charging_state is ChargingState.CHARGING
    stage.wait(3_600)
    assert used_wh(stage) == pytest.approx(3_000, abs=0.1)
    assert len(events(stage, "EnergyLimitReached")) == 2


def test_it_ends_where_the_end_of_energy_transfer_is_the_end() -> None:
    variables = {"TxCtrlr.TxStopPoint": "EnergyTransfer"}
    stage = charging(limit(max_energy=1_000.0), variables=variables).wait(1_800)
    [told] = events(stage, "EnergyLimitReached")
    assert told.event_type == "Ended"
    assert told.transaction_info.stopped_reason == "EnergyLimitReached"
    assert stage.core.evse(1).transaction is None


def test_time_counts_from_the_start_of_the_transaction_and_state_of_charge_by_the_vehicle() -> None:
    stage = charging(limit(max_time=1_200, max_soc=90)).wait(2_400)
    [told] = events(stage, "TimeLimitReached")
    start = stage.central.all(EVENT)[0]
    assert (told.timestamp - start.timestamp).total_seconds() == pytest.approx(1_200, abs=0.1)
    stage = charging(limit(max_time=86_000, max_soc=12)).wait(4_000)
    assert len(events(stage, "SoCLimitReached")) == 1
    ev = stage.core.evse(1).ev
    assert ev is not None
    assert ev.soc == pytest.approx(0.12, abs=1e-4)


def test_a_limit_that_is_passed_already_stops_at_once() -> None:
    stage = charging().wait(360)
    answering(stage, limit(max_energy=-5.0))
    drive(stage, time=86_400)
    assert len(events(stage, "EnergyLimitReached")) == 1
    assert stage.core.evse(1).power_w == 0


def test_a_driver_sets_a_limit_before_and_may_not_exceed_the_one_of_the_central_system() -> None:
    stage = online("2.1")
    drive(stage, energy=4_000)
    assert not stage.central.all(EVENT)
    answering(stage, Answer(), Answer(), limit(max_energy=2_000.0))
    stage.plug_in(1, Ev(capacity_wh=400_000, soc=0.1, power_w_max=POWER_W))
    stage.wait(1).tap()
    drive(stage, energy=9_000)
    said = [each.transaction_info.transaction_limit for each in events(stage, "LimitSet")]
    assert [each and each.max_energy for each in said] == [4_000, 2_000]
    stage.wait(3_600)
    assert used_wh(stage) == pytest.approx(2_000, abs=0.1)


def test_the_next_transaction_has_no_limit() -> None:
    stage = charging(limit(max_energy=500.0)).wait(600)
    stage.tap().unplug()
    stage.plug_in(1, Ev(capacity_wh=400_000, soc=0.1, power_w_max=POWER_W))
    stage.wait(1).tap().wait(600)
    assert used_wh(stage) > 1_500
    assert len(events(stage, "EnergyLimitReached")) == 1


def test_the_cost_is_the_one_of_the_stations_own_bill() -> None:
    stage = online("2.1")
    put(stage, energy=ENERGY)  # 0.60 for a kWh, with taxes
    answering(
        stage, Answer(total_cost=50.0, transaction_limit=v21.TransactionLimitType(max_cost=3))
    )
    stage.plug_in(1, Ev(capacity_wh=400_000, soc=0.1, power_w_max=POWER_W))
    stage.wait(1).tap().wait(3_600)
    [told] = events(stage, "CostLimitReached")
    assert told.cost_details
    assert told.cost_details.total_cost.total.incl_tax == pytest.approx(3.0, abs=0.02)
    assert used_wh(stage) == pytest.approx(5_000, abs=30)


def test_without_a_tariff_the_central_system_counts() -> None:
    stage = charging(limit(max_cost=3.0)).wait(600)
    transaction = stage.core.evse(1).transaction
    assert transaction is not None
    for cost in (1.0, 2.9):
        stage.ask(v21.CostUpdatedRequest(total_cost=cost, transaction_id=transaction.id))
        assert not events(stage, "CostLimitReached")
    answering(stage, Answer(total_cost=3.2))
    drive(stage, time=86_400)
    assert len(events(stage, "CostLimitReached")) == 1
    assert [each.total_cost for each in stage.saw(CostShown)] == [1.0, 2.9, 3.2]


def test_what_the_station_does_not_support_is_neither_confirmed_nor_kept() -> None:
    built = Inventory(variables=(("TxCtrlr.SupportedLimits", "maxEnergy"),))
    stage = charging(limit(max_cost=1.0), inventory=built)
    assert not events(stage, "LimitSet")
    stage = charging(limit(max_cost=1.0, max_energy=1_000.0), inventory=built)
    [told] = events(stage, "LimitSet")
    assert told.transaction_info.transaction_limit == v21.TransactionLimitType(max_energy=1_000.0)


def test_a_limit_survives_a_power_cut() -> None:
    stage = charging(limit(max_energy=2_000.0), variables={"TxCtrlr.ResumptionTimeout": "600"})
    stage.wait(360)
    stage.lose_power(10)
    assert stage.core.evse(1).transaction is not None
    stage.wait(3_600)
    assert used_wh(stage) == pytest.approx(2_000, abs=0.1)
    assert len(events(stage, "EnergyLimitReached")) == 1


def test_the_limit_holds_though_the_power_changes_on_the_way() -> None:
    stage = charging(limit(max_energy=5_000.0)).wait(300)
    for limit_w in (3_000.0, 9_000.0, None):
        stage.core.set_limit(1, limit_w, stage.now_s)
        stage.carry()
        stage.wait(400)
    stage.wait(3_600)
    assert used_wh(stage) == pytest.approx(5_000, abs=0.1)


def test_2_0_1_has_no_limits() -> None:
    stage = online("2.0.1")
    stage.plug_in()
    stage.wait(1).tap()
    drive(stage, energy=10)
    stage.wait(600)
    assert used_wh(stage) > 1_000
    assert not events(stage, "LimitSet")
