"""Costs are calculated at the station, to the cent, and told with each event."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chargeplane.ocpp import v21
from chargeplane.station import Ev
from chargeplane.station.signals.screens import CostShown
from tests.station.stage import Stage, online

ENERGY = {"prices": [{"priceKwh": 0.5}], "taxRates": [{"type": "VAT", "tax": 20}]}


def tariff(**said: Any) -> v21.TariffType:
    return msgspec.convert(
        {"tariffId": "t1", "currency": "EUR"} | said, v21.TariffType, strict=False
    )


def put(stage: Stage, evse_id: int = 0, **said: Any) -> str:
    answer = stage.ask(v21.SetDefaultTariffRequest(evse_id=evse_id, tariff=tariff(**said)))
    return str(getattr(answer, "status", ""))


def charged(stage: Stage, duration_s: float = 3_600) -> v21.CostDetailsType:
    """What one hour at 10 kW costs, as the last event says."""
    stage.plug_in(1, Ev(capacity_wh=400_000, power_w_max=10_000))
    stage.wait(1).tap().wait(duration_s).tap()
    details = stage.central.all(v21.TransactionEventRequest)[-1].cost_details
    assert isinstance(details, v21.CostDetailsType)
    return details


def test_energy_is_billed_with_its_taxes() -> None:
    stage = online("2.1")
    assert put(stage, energy=ENERGY) == "Accepted"
    details = charged(stage)
    assert details.total_usage.energy == 10_000
    assert details.total_cost.total == v21.TotalPriceType(excl_tax=5.0, incl_tax=6.0)
    assert stage.saw(CostShown)[-1].total_cost == 6.0
    events = stage.central.all(v21.TransactionEventRequest)
    costs = [each.cost_details.total_cost.total.incl_tax for each in events if each.cost_details]
    assert costs == sorted(costs)
    assert len(costs) > 10


def test_conditions_choose_the_price_and_begin_a_new_period() -> None:
    stage = online("2.1")
    prices = [
        {"priceKwh": 1.0, "conditions": {"maxTime": 1_800}},
        {"priceKwh": 0.2, "conditions": {"startTimeOfDay": "08:00", "endTimeOfDay": "20:00"}},
        {"priceKwh": 9.0},
    ]
    put(stage, energy={"prices": prices}, fixedFee={"prices": [{"priceFixed": 0.3}]})
    details = charged(stage)
    assert details.charging_periods
    assert len(details.charging_periods) == 2
    assert details.total_cost.total.excl_tax == pytest.approx(5.0 + 1.0 + 0.3, abs=0.2)


def test_idle_time_has_its_own_price() -> None:
    stage = online("2.1")
    put(stage, idleTime={"prices": [{"priceMinute": 0.1}]})
    stage.plug_in(1, Ev(capacity_wh=1_000, soc=0.5))
    stage.wait(1).tap().wait(3_600).tap()
    details = stage.central.all(v21.TransactionEventRequest)[-1].cost_details
    usage = details.total_usage
    assert usage.charging_time + usage.idle_time == pytest.approx(3_601, abs=2)
    assert details.total_cost.total.excl_tax == pytest.approx(usage.idle_time / 600, abs=0.01)


@pytest.mark.parametrize(
    ("said", "kind", "total"),
    [
        ({"minCost": {"exclTax": 8.0, "inclTax": 9.6}}, "MinCost", 9.6),
        ({"maxCost": {"exclTax": 2.0, "inclTax": 2.4}}, "MaxCost", 2.4),
    ],
)
def test_the_least_and_the_most_that_it_costs(
    said: dict[str, Any], kind: str, total: float
) -> None:
    stage = online("2.1")
    put(stage, energy=ENERGY, **said)
    details = charged(stage)
    assert (details.total_cost.type_of_cost.value, details.total_cost.total.incl_tax) == (
        kind,
        total,
    )
    assert details.total_usage.energy == 10_000


def test_a_tariff_is_changed_in_a_transaction_but_not_its_currency() -> None:
    stage = online("2.1")
    put(stage, energy=ENERGY)
    stage.plug_in(1, Ev(capacity_wh=400_000, power_w_max=10_000))
    stage.wait(1).tap().wait(1_800)
    transaction = stage.core.evse(1).transaction
    assert transaction is not None

    def change(transaction_id: str, **said: Any) -> str:
        request = v21.ChangeTransactionTariffRequest(
            tariff=tariff(**{"tariffId": "t2"} | said), transaction_id=transaction_id
        )
        return str(getattr(stage.ask(request), "status", ""))

    assert change("another") == "TxNotFound"
    assert change(transaction.id, currency="USD") == "NoCurrencyChange"
    assert change(transaction.id) == "Accepted"
    stage.wait(1_800).tap()
    events = stage.central.all(v21.TransactionEventRequest)
    assert events[-1].cost_details.total_cost.total.incl_tax == 3.0
    assert any(each.trigger_reason.value == "TariffChanged" for each in events)


def test_tariffs_are_listed_cleared_and_checked() -> None:
    stage = online("2.1")
    assert put(stage, energy=ENERGY) == "Accepted"
    assert put(stage, energy=ENERGY) == "DuplicateTariffId"
    assert put(stage, 9, tariffId="x") == "Rejected"
    many = {"prices": [{"priceKwh": 1.0}] * 41}
    assert put(stage, tariffId="x", energy=many) == "TooManyElements"
    answer = stage.ask(v21.GetTariffsRequest(evse_id=1))
    assert isinstance(answer, v21.GetTariffsResponse)
    assert [each.tariff_id for each in answer.tariff_assignments or ()] == ["t1"]
    for status in ("Accepted", "NoTariff"):
        cleared = stage.ask(v21.ClearTariffsRequest())
        assert isinstance(cleared, v21.ClearTariffsResponse)
        assert [each.status.value for each in cleared.clear_tariffs_result] == [status]


def interrupted(stage: Stage, *, program: bool) -> Stage:
    """An hour at 10 kW with five minutes without power in the middle."""
    prices = {"prices": [{"priceMinute": 0.1}]}
    put(stage, energy=ENERGY, chargingTime=prices, idleTime=prices)
    stage.plug_in(1, Ev(capacity_wh=400_000, power_w_max=10_000))
    stage.wait(1).tap().wait(1_800)
    if program:
        stage.new_program(300).connect()
    else:
        stage.lose_power(300)
    return stage.wait(1_800).tap()


@pytest.mark.parametrize("program", [False, True], ids=["power cut", "new program"])
def test_a_bill_goes_on_after_the_power_was_away_which_costs_nothing(program: bool) -> None:
    stage = online("2.1", variables={"TxCtrlr.ResumptionTimeout": "600"})
    last = interrupted(stage, program=program).central.all(v21.TransactionEventRequest)[-1]
    details = last.cost_details
    assert last.event_type == "Ended"
    assert details.total_usage.energy == pytest.approx(10_000, abs=200)
    minutes = (details.total_usage.charging_time + details.total_usage.idle_time) / 60
    assert minutes == pytest.approx(60, abs=1.5)
    assert details.total_cost.total.excl_tax == pytest.approx(5.0 + 6.0, abs=0.3)
    assert not stage.core.hub.memory.take_all("bills", msgspec.Raw)


def test_a_bill_of_a_transaction_that_is_not_resumed_is_told_at_its_end() -> None:
    stage = online("2.1")
    events = interrupted(stage, program=True).central.all(v21.TransactionEventRequest)
    ended = next(each for each in events if each.event_type == "Ended")
    assert ended.cost_details.total_usage.energy == pytest.approx(5_000, abs=200)
