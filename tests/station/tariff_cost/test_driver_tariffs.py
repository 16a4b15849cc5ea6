"""Tariffs of drivers, which come with their authorization (2.1, I08)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import Request, Response
from chargeplane.station import Ev
from chargeplane.station.signals import TariffRefused, TokenDecided
from tests.station.central import info_2x
from tests.station.stage import Stage, online
from tests.station.tariff_cost.test_tariffs import put, tariff

ANNA, BERT = IdToken("ANNA"), IdToken("BERT")
CHEAP = {"prices": [{"priceKwh": 0.1}]}
DEAR = {"prices": [{"priceKwh": 1.0}]}
TOO_MANY = {"prices": [{"priceKwh": 1.0}] * 41}


def giving(
    version: str = "2.1",
    tariffs: dict[str, Any] | None = None,
    settings: Mapping[str, str] | None = None,
) -> Stage:
    """A station whose default is dear, and a central system that has cheap tariffs for some."""
    named = tariffs or {"ANNA": {"tariffId": "of-anna", "energy": CHEAP}}
    stage = online(version, variables=settings)

    def responds(request: Request) -> Response | None:
        if not isinstance(request, v21.AuthorizeRequest):
            return None
        said = named.get(request.id_token.id_token)
        if said is None:
            return v21.AuthorizeResponse(id_token_info=info_2x())
        return v21.AuthorizeResponse(id_token_info=info_2x(), tariff=tariff(**said))

    stage.central.responds = responds
    if version == "2.1":
        put(stage, energy=DEAR)
    return stage


def charged(stage: Stage, token: IdToken, evse_id: int = 1) -> v21.TransactionEventRequest:
    """The last event of an hour at 10 kW."""
    stage.plug_in(evse_id, Ev(capacity_wh=400_000, power_w_max=10_000))
    stage.wait(1).tap(token, evse_id).wait(3_600).tap(token, evse_id)
    stage.unplug(evse_id)
    return last_event(stage)


def last_event(stage: Stage) -> v21.TransactionEventRequest:
    last = stage.central.all(v21.TransactionEventRequest)[-1]
    assert isinstance(last, v21.TransactionEventRequest)
    return last


def cost(event: v21.TransactionEventRequest) -> float | None:
    if not event.cost_details:
        return None
    total = event.cost_details.total_cost.total.incl_tax
    assert isinstance(total, float)
    return total


def told_ids(stage: Stage) -> list[str]:
    events = stage.central.all(v21.TransactionEventRequest)
    said = [each.transaction_info.tariff_id for each in events]
    return [each for each in said if each]


def alerts(stage: Stage) -> list[tuple[str, str]]:
    """What was told of the variable Problem: its value, and why."""
    events = [
        each for told in stage.central.all(v21.NotifyEventRequest) for each in told.event_data
    ]
    assert all(each.event_notification_type == "HardWiredNotification" for each in events)
    return [(each.actual_value, str(each.tech_code or "")) for each in events]


Listed = tuple[str, str, list[int], list[str]]


def listed(stage: Stage, evse_id: int = 0) -> list[Listed]:
    answer = stage.ask(v21.GetTariffsRequest(evse_id=evse_id))
    assert isinstance(answer, v21.GetTariffsResponse)
    return [
        (
            each.tariff_id,
            each.tariff_kind.value,
            list(each.evse_ids or ()),
            list(each.id_tokens or ()),
        )
        for each in answer.tariff_assignments or ()
    ]


def test_the_driver_pays_by_the_own_tariff_and_others_by_the_default() -> None:
    stage = giving()
    assert cost(charged(stage, ANNA)) == pytest.approx(1.0)
    assert cost(charged(stage, BERT)) == pytest.approx(10.0)
    assert told_ids(stage) == ["of-anna", "t1"]


def test_it_is_the_same_if_the_transaction_begins_with_the_cable() -> None:
    stage = giving()
    stage.ask(
        v21.SetVariablesRequest(
            set_variable_data=[
                v21.SetVariableDataType(
                    component=v21.ComponentType(name="TxCtrlr"),
                    variable=v21.VariableType(name="TxStartPoint"),
                    attribute_value="EVConnected",
                )
            ]
        )
    )
    stage.plug_in(1, Ev(capacity_wh=400_000, power_w_max=10_000))
    stage.wait(600).tap(ANNA, 1).wait(3_600).tap(ANNA, 1)
    assert cost(last_event(stage)) == pytest.approx(1.0)
    assert told_ids(stage)[-1] == "of-anna"


def test_what_is_in_use_is_listed_with_token_and_evse_and_forgotten_afterwards() -> None:
    stage = giving(tariffs={name: {"tariffId": name, "energy": CHEAP} for name in ("ANNA", "BERT")})
    default: Listed = ("t1", "DefaultTariff", [1, 2], [])
    stage.plug_in(1)
    stage.wait(1).tap(ANNA, 1).tap(BERT, 2)  # nobody has plugged in at EVSE 2
    assert listed(stage) == [
        default,
        ("ANNA", "DriverTariff", [1], ["ANNA"]),
        ("BERT", "DriverTariff", [2], ["BERT"]),
    ]
    assert listed(stage, 1) == [default, ("ANNA", "DriverTariff", [1], ["ANNA"])]
    stage.wait(200)  # EVConnectionTimeOut
    assert [each[0] for each in listed(stage)] == ["t1", "ANNA"]
    stage.tap(ANNA, 1).unplug()
    assert listed(stage) == [default]


@pytest.mark.parametrize(
    ("handling", "accepted", "total"),
    [("UseDefaultTariff", True, 10.0), ("CentralCost", True, None), ("Deauthorize", False, None)],
)
def test_a_tariff_that_is_too_much_is_reported_and_handled_as_configured(
    handling: str, accepted: bool, total: float | None
) -> None:
    said = {"ANNA": {"tariffId": "x", "energy": TOO_MANY}}
    stage = giving(tariffs=said, settings={"TariffCostCtrlr.HandleFailedTariff[Tariff]": handling})
    stage.plug_in(1, Ev(capacity_wh=400_000, power_w_max=10_000))
    stage.wait(1).tap(ANNA, 1)
    decided = stage.saw(TokenDecided)[-1]
    assert (decided.accepted, decided.status) == (
        accepted,
        "Accepted" if accepted else "TooManyElements",
    )
    assert alerts(stage) == [("true", "TooManyElements")]
    if accepted:
        stage.wait(3_600).tap(ANNA, 1)
        assert cost(last_event(stage)) == (None if total is None else pytest.approx(total))


def test_the_problem_is_over_with_the_next_good_tariff() -> None:
    said = {
        "ANNA": {"tariffId": "x", "energy": TOO_MANY},
        "BERT": {"tariffId": "y", "energy": CHEAP},
    }
    stage = giving(tariffs=said)
    charged(stage, ANNA)
    charged(stage, BERT)
    assert alerts(stage) == [("true", "TooManyElements"), ("false", "")]
    assert stage.core.variables.text("TariffCostCtrlr", "Problem") == "false"


def test_the_cache_keeps_the_tariff_with_the_token() -> None:
    stage = giving()
    stage.core.variables.preset(
        {"AuthCacheCtrlr.Enabled": "true", "AuthCtrlr.LocalPreAuthorize": "true"}
    )
    assert cost(charged(stage, ANNA)) == pytest.approx(1.0)
    asked = len(stage.central.all(v21.AuthorizeRequest))
    assert cost(charged(stage, ANNA)) == pytest.approx(1.0)
    assert len(stage.central.all(v21.AuthorizeRequest)) == asked


def test_a_driver_who_refuses_the_tariff_takes_no_energy_and_pays_nothing() -> None:
    stage = giving()
    stage.plug_in(1)
    stage.wait(1).tap(ANNA, 1).wait(10)
    stage.core.want(TariffRefused(1), stage.now_s)
    stage.carry()
    last = last_event(stage)
    assert (last.trigger_reason, cost(last)) == ("TariffNotAccepted", None)
    assert stage.core.evse(1).token is None
    assert stage.core.evse(1).power_w == 0


def test_without_local_tariffs_and_in_2_0_1_nothing_is_counted_by_them() -> None:
    stage = giving(settings={"TariffCostCtrlr.Enabled[Tariff]": "false"})
    stage.tap(ANNA, 1)
    assert "DriverTariff" not in [each[1] for each in listed(stage)]
    old = giving("2.0.1")
    assert cost(charged(old, ANNA)) is None
    assert not alerts(old)
