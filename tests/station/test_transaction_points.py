"""TxStartPoint and TxStopPoint in all combinations (E01, E06), against what holds when."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, combinations

import pytest

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET
from chargeplane.station import Ev
from chargeplane.station.signals import TransactionEnded, TransactionStarted
from tests.station.stage import Stage, online

POINTS = ("EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer")
SUBSETS = tuple(chain.from_iterable(combinations(POINTS, size) for size in range(1, 5)))
ALL = frozenset(POINTS)

Step = tuple[Callable[[Stage], object], frozenset[str]]
"""What is done, and which points hold afterwards."""

TAP = IdToken("DEADBEEF")


def nearly_full() -> Ev:
    return Ev(capacity_wh=10_000.0, soc=0.99, power_w_max=11_000.0)


CABLE_FIRST: tuple[Step, ...] = (
    (lambda stage: stage.plug_in(1, nearly_full()), frozenset({"EVConnected"})),
    (lambda stage: stage.tap(TAP, 1), ALL),
    (lambda stage: stage.wait(4_000), ALL - {"EnergyTransfer"}),
    (lambda stage: stage.tap(TAP, 1), frozenset({"EVConnected"})),
    (lambda stage: stage.unplug(1), frozenset()),
)
TOKEN_FIRST: tuple[Step, ...] = (
    (lambda stage: stage.tap(TAP, 1), frozenset({"Authorized"})),
    (lambda stage: stage.plug_in(1, nearly_full()), ALL),
    (lambda stage: stage.wait(4_000), ALL - {"EnergyTransfer"}),
    (lambda stage: stage.unplug(1), frozenset()),
)


def expected(steps: tuple[Step, ...], start: frozenset[str], stop: frozenset[str]) -> list[int]:
    """At which step it starts and at which it ends. Energy never flows without a transaction."""
    before: frozenset[str] = frozenset()
    found: list[int] = []
    for number, (_, holds) in enumerate(steps):
        if not found and (holds - before) & (start | {"EnergyTransfer"}):
            found.append(number)
        elif found and (not holds or (before - holds) & stop):
            return [*found, number]
        before = holds
    return found


def played(steps: tuple[Step, ...], start: tuple[str, ...], stop: tuple[str, ...]) -> list[int]:
    """The same as the station does it."""
    variables = {"TxCtrlr.TxStartPoint": ",".join(start), "TxCtrlr.TxStopPoint": ",".join(stop)}
    stage = online("2.1", variables=variables | {"SampledDataCtrlr.TxUpdatedInterval": "0"})
    found: list[int] = []
    for number, (do, _) in enumerate(steps):
        do(stage)
        if len(stage.saw(TransactionStarted)) > len(found):
            found.append(number)
        if stage.saw(TransactionEnded):
            events = stage.central.all(v21.TransactionEventRequest)
            kinds = [each.event_type.value for each in events]
            assert kinds == ["Started", *["Updated"] * (len(kinds) - 2), "Ended"]
            assert [each.seq_no for each in events] == list(range(len(events)))
            return [*found, number]
    return found


@pytest.mark.parametrize("steps", [CABLE_FIRST, TOKEN_FIRST], ids=["cable first", "token first"])
@pytest.mark.parametrize("start", SUBSETS, ids="+".join)
def test_a_transaction_lasts_as_long_as_its_points_say(
    start: tuple[str, ...], steps: tuple[Step, ...]
) -> None:
    for stop in SUBSETS:
        wanted = expected(steps, frozenset(start), frozenset(stop))
        assert played(steps, start, stop) == wanted, stop


def evses(stage: Stage) -> list[tuple[int, int | None] | None]:
    return [
        None if each.evse is UNSET else (each.evse.id, each.evse.connector_id or None)
        for each in stage.central.all(v21.TransactionEventRequest)
    ]


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
def test_the_evse_is_named_at_the_start_and_the_connector_once_it_is_known(version: str) -> None:
    stage = online(version)
    stage.tap(TAP, 1)
    stage.plug_in()
    stage.wait(100)
    found = evses(stage)
    assert found[:2] == [(1, None), (1, 1)]
    assert set(found[2:]) == {None}


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
def test_with_the_cable_first_both_are_named_once(version: str) -> None:
    stage = online(version)
    stage.plug_in()
    stage.tap().wait(100)
    found = evses(stage)
    assert found[0] == (1, 1)
    assert set(found[1:]) == {None}


def test_an_unknown_point_is_refused() -> None:
    stage = online("2.1")
    for name in ("TxStartPoint", "TxStopPoint"):
        data = v21.SetVariableDataType(
            attribute_value="Authorized,DataSigned",
            component=v21.ComponentType(name="TxCtrlr"),
            variable=v21.VariableType(name=name),
        )
        answer = stage.ask(v21.SetVariablesRequest(set_variable_data=[data]))
        assert isinstance(answer, v21.SetVariablesResponse)
        assert answer.set_variable_result[0].attribute_status == "Rejected"


def test_a_scheduled_change_of_the_station_is_not_forgotten() -> None:
    stage = online("2.1", variables={"TxCtrlr.ResumptionTimeout": "300"})
    stage.plug_in()
    stage.tap()
    kind = v21.OperationalStatusEnumType.INOPERATIVE
    request = v21.ChangeAvailabilityRequest(operational_status=kind)
    assert getattr(stage.ask(request), "status", "") == "Scheduled"
    stage.new_program(10).connect()
    found = [stage.core.hub.is_operative]
    stage.tap()
    stage.unplug()
    found.append(stage.core.hub.is_operative)
    found.append(stage.new_program(10).core.hub.is_operative)
    assert found == [True, False, False]


def test_a_connector_that_is_not_there_cannot_be_taken_out_of_operation() -> None:
    stage = online("2.1")
    kind = v21.OperationalStatusEnumType.INOPERATIVE
    for connector_id, status in ((2, "Rejected"), (1, "Accepted")):
        where = v21.EVSEType(id=1, connector_id=connector_id)
        request = v21.ChangeAvailabilityRequest(operational_status=kind, evse=where)
        assert getattr(stage.ask(request), "status", "") == status
