"""Default tariffs of EVSEs: installed, replaced in time, listed, cleared (2.1 I07, I09, I10)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chargeplane.ocpp import v21
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.station.tariff_cost.default_tariffs import TARIFFS_MAX
from tests.station.central import START
from tests.station.stage import Stage, online
from tests.station.tariff_cost.test_tariffs import put


def put_at(stage: Stage, name: str, evse_id: int = 0, in_h: float | None = None) -> str:
    """Install a tariff that is valid from so many hours after the start on."""
    said = {} if in_h is None else {"validFrom": (START + timedelta(hours=in_h)).isoformat()}
    return put(stage, evse_id, tariffId=name, **said)


def listed(stage: Stage, evse_id: int = 0) -> dict[str, list[int]]:
    """The EVSEs of each tariff."""
    answer = stage.ask(v21.GetTariffsRequest(evse_id=evse_id))
    assert isinstance(answer, v21.GetTariffsResponse)
    return {each.tariff_id: list(each.evse_ids or ()) for each in answer.tariff_assignments or ()}


def holding(stage: Stage) -> str:
    """The tariff that a transaction on EVSE 1 gets now."""
    stage.plug_in(1)
    stage.wait(1).tap().wait(1).tap().unplug()
    events = stage.central.all(v21.TransactionEventRequest)
    said = [str(each.transaction_info.tariff_id or "") for each in events]
    return [each for each in said if each][-1]


def cleared(stage: Stage, ids: list[str] | None = None, evse_id: int | None = None) -> list[str]:
    """The tariffs that were cleared; the status if there were none."""
    request = v21.ClearTariffsRequest()
    if ids is not None:
        request = v21.ClearTariffsRequest(tariff_ids=ids)
    if evse_id is not None:
        request = v21.ClearTariffsRequest(tariff_ids=request.tariff_ids, evse_id=evse_id)
    answer = stage.ask(request)
    assert isinstance(answer, v21.ClearTariffsResponse)
    return [str(each.tariff_id or each.status.value) for each in answer.clear_tariffs_result]


def test_one_for_all_evses_is_one_at_each_and_takes_the_place_of_what_was_there() -> None:
    stage = online("2.1")
    put_at(stage, "own", 2)
    assert listed(stage) == {"own": [2]}
    put_at(stage, "all")
    assert listed(stage) == {"all": [1, 2]}
    put_at(stage, "own-again", 1)
    assert listed(stage) == {"own-again": [1], "all": [2]}
    assert listed(stage, 2) == {"all": [2]}


def test_one_that_is_not_valid_yet_waits_for_its_time() -> None:
    stage = online("2.1")
    put_at(stage, "now")
    put_at(stage, "soon", in_h=1)
    put_at(stage, "later", in_h=2)
    assert set(listed(stage)) == {"now", "soon", "later"}
    assert holding(stage) == "now"
    stage.wait(3_600)
    assert holding(stage) == "soon"
    assert set(listed(stage)) == {"soon", "later"}
    stage.wait(3_600)
    assert holding(stage) == "later"
    assert set(listed(stage)) == {"later"}


@pytest.mark.parametrize(
    ("first", "then", "holds"),
    [
        (None, None, "then"),
        (None, -5.0, "then"),
        (-5.0, -1.0, "then"),
        (-1.0, -5.0, "first"),
        (-5.0, None, "then"),
        (-5.0, -5.0, "then"),
    ],
    ids=["none", "since", "later", "earlier", "at once", "same"],
)
def test_which_of_two_that_are_valid_holds(
    first: float | None, then: float | None, holds: str
) -> None:
    stage = online("2.1")
    put_at(stage, "first", in_h=first)
    put_at(stage, "then", in_h=then)
    assert holding(stage) == holds
    assert list(listed(stage)) == [holds]


def test_a_transaction_keeps_the_tariff_that_was_replaced_or_cleared() -> None:
    stage = online("2.1")
    put(stage, energy={"prices": [{"priceKwh": 1.0}]})
    stage.plug_in(1)
    stage.wait(1).tap().wait(600)
    put_at(stage, "other")
    assert cleared(stage) == ["other"]
    stage.wait(600).tap()
    last = stage.central.all(v21.TransactionEventRequest)[-1]
    used_kwh = last.cost_details.total_usage.energy / 1_000
    assert last.cost_details.total_cost.total.excl_tax == pytest.approx(used_kwh, abs=0.01)


def test_they_are_cleared_by_id_by_evse_by_both_and_all() -> None:
    stage = online("2.1")
    put_at(stage, "one", 1)
    put_at(stage, "two", 2)
    put_at(stage, "later", in_h=1)
    assert cleared(stage, ["two"], 1) == ["NoTariff"]
    assert cleared(stage, ["later", "unknown"], 2) == ["later"]
    assert listed(stage) == {"one": [1], "later": [1], "two": [2]}
    assert cleared(stage, evse_id=9) == ["NoTariff"]
    assert cleared(stage, evse_id=2) == ["two"]
    assert cleared(stage) == ["one", "later"]
    assert cleared(stage) == ["NoTariff"]
    assert listed(stage) == {}


def test_they_are_remembered() -> None:
    stage = online("2.1")
    put_at(stage, "now")
    put_at(stage, "later", 2, in_h=1)
    stage.new_program().connect()
    assert listed(stage) == {"now": [1, 2], "later": [2]}


def test_there_is_room_for_so_many_and_no_more() -> None:
    stage = online("2.1")
    found = [put_at(stage, f"t{number}", 1, in_h=number) for number in range(1, TARIFFS_MAX + 2)]
    assert found == ["Accepted"] * TARIFFS_MAX + ["Rejected"]
    assert put_at(stage, "all") == "Rejected"
    assert put_at(stage, "other", 2) == "Accepted"


def test_without_local_tariffs_none_can_be_set() -> None:
    stage = online("2.1", variables={"TariffCostCtrlr.Enabled[Tariff]": "false"})
    request = v21.SetDefaultTariffRequest(
        evse_id=0, tariff=v21.TariffType(tariff_id="t", currency="EUR")
    )
    assert stage.ask(request) == ErrorCode.NOT_SUPPORTED
