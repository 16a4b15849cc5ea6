"""Commands about many variables: as many messages as a station asks for, and one outcome."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeplane.csms.inventory import stations
from chargeplane.csms.provisioning.commands_v2 import datum_of
from chargeplane.csms.provisioning.device_model import Item, outcome_of_items
from chargeplane.csms.provisioning.portions import (
    MESSAGES_MAX,
    Bounds,
    TooMany,
    portions,
    together,
)
from chargeplane.csms.provisioning.tables import key_of, variables
from chargeplane.domain.commands import (
    Accepted,
    Command,
    ComponentVariable,
    GetReport,
    GetVariables,
    NoAnswer,
    Outcome,
    Refused,
    ReportCriterion,
    SetVariables,
    Unsupported,
    Variable,
    VariableValue,
)
from chargeplane.runtime.store import Statements
from tests.csms.making import NOW, TENANT_ID
from tests.csms.provisioning.conftest import World


def variable(number: int) -> Variable:
    return Variable(component="Ctrlr", name=f"V{number}")


def to_set(count: int, value: str = "1") -> SetVariables:
    return SetVariables(
        values=tuple(VariableValue(variable=variable(each), value=value) for each in range(count))
    )


def to_get(count: int) -> GetVariables:
    return GetVariables(variables=tuple(map(variable, range(count))))


def to_report(count: int) -> GetReport:
    named = (ComponentVariable(component="Ctrlr", name=f"V{each}") for each in range(count))
    return GetReport(criteria=(ReportCriterion.ACTIVE,), variables=tuple(named))


def answer_to(command: Command, status: str = "Accepted") -> Outcome:
    assert isinstance(command, SetVariables)
    is_done = status == "Accepted"
    items = [Item(each.variable, status, is_done) for each in command.values]
    raw = [{"attributeStatus": status, "name": each.variable.name} for each in command.values]
    return outcome_of_items(items, {"setVariableResult": raw})


@given(
    st.integers(0, 60),
    st.integers(1, 70) | st.none(),
    st.integers(1, 2_000) | st.none(),
    st.sampled_from([to_set, to_get, to_report]),
)
def test_the_parts_are_the_command_and_none_is_longer_than_the_bounds(
    count: int, items_max: int | None, bytes_max: int | None, make: Any
) -> None:
    command = make(count)
    parts = portions(command, Bounds(items_max, bytes_max))
    name = "values" if isinstance(command, SetVariables) else "variables"
    items = [each for part in parts for each in getattr(part, name)]
    assert tuple(items) == getattr(command, name)
    for part in parts:
        own = getattr(part, name)
        assert len(own) <= (items_max or count)
        length = sum(len(msgspec.json.encode(datum_of(each))) + 1 for each in own)
        assert bytes_max is None or len(own) <= 1 or length + 100 <= bytes_max


def test_a_command_that_fits_is_sent_as_it_is() -> None:
    for command in (to_set(50), to_get(50), to_report(50), GetVariables(), GetReport()):
        assert portions(command, Bounds()) == [command]
        assert portions(command, Bounds(50, 65_536)) == [command]


def test_no_more_messages_than_the_bound_are_sent_for_one_command() -> None:
    assert len(portions(to_set(MESSAGES_MAX), Bounds(1))) == MESSAGES_MAX
    with pytest.raises(TooMany, match="101 messages"):
        portions(to_set(MESSAGES_MAX + 1), Bounds(1))


def test_the_outcomes_of_parts_are_one_outcome() -> None:
    parts = portions(to_set(3), Bounds(items=2))
    whole = together(parts, [answer_to(parts[0]), answer_to(parts[1], "Rejected")])
    assert isinstance(whole, Accepted)
    assert whole.reason == "1 of 3 variables: 1 × Rejected"
    assert [each["is_done"] for each in whole.response["results"]] == [True, True, False]
    assert [each["name"] for each in whole.response["setVariableResult"]] == ["V0", "V1", "V2"]
    assert whole.response["messages"] == 2
    none = together(parts, [answer_to(each, "Rejected") for each in parts])
    assert isinstance(none, Refused)


def test_a_report_in_several_messages_keeps_its_criteria_and_tells_all_its_ids() -> None:
    parts = portions(to_report(5), Bounds(items=2))
    assert [
        (part.criteria, len(part.variables)) for part in parts if isinstance(part, GetReport)
    ] == [((ReportCriterion.ACTIVE,), each) for each in (2, 2, 1)]
    first, third = [Accepted(response={"request_id": each}) for each in (7, 9)]
    empty = Refused(status="EmptyResultSet", response={"request_id": 8})
    whole = together(parts, [first, empty, third])
    assert whole == Accepted(
        reason="1 of 3 messages: 1 × EmptyResultSet",
        response={"messages": 3, "request_ids": [7, 9]},
    )
    none = together(parts, [empty, NoAnswer(reason="timed out")])
    assert none == Refused(
        status="EmptyResultSet",
        reason="3 of 3 messages: 1 × EmptyResultSet, 1 × NoAnswer, 1 × NotSent",
        response={"messages": 2, "request_ids": []},
    )
    assert together(parts[:1], [first]) is first


def test_after_a_silence_it_is_told_what_nobody_answered_and_what_was_not_sent() -> None:
    parts = portions(to_set(3), Bounds(items=1))
    silent = NoAnswer(reason="timed out")
    whole = together(parts, [answer_to(parts[0]), silent])
    assert isinstance(whole, Accepted)
    statuses = [each["status"] for each in whole.response["results"]]
    assert statuses == ["Accepted", "NoAnswer", "NotSent"]
    assert together(parts, [answer_to(parts[0])]) != answer_to(parts[0])  # the rest was not sent
    assert together(parts, [silent]) is silent
    cannot = Unsupported(reason="no")
    assert together(parts, [cannot]) is cannot
    assert together(parts[:1], [answer_to(parts[0])]) == answer_to(parts[0])


async def station(world: World, version: str, message: str = "SetVariables", **bounds: str) -> None:
    row = {
        "tenant_id": TENANT_ID, "id": "CP1", "ocpp_version": version, "security_profile": 0,
        "registration": "accepted", "epoch": 1, "created_at": NOW,
    }  # fmt: skip
    told = [Variable(component="DeviceDataCtrlr", name=name, instance=message) for name in bounds]
    rows = [
        {
            "tenant_id": TENANT_ID, "station_id": "CP1", "key": key_of(each), "component":
            each.component, "name": each.name, "instance": each.instance, "attribute": "actual",
            "value": bounds[each.name], "mutability": "read_only", "reported_at": NOW,
            "received_at": NOW,
        }
        for each in told
    ]  # fmt: skip
    await world.store.write(Statements((stations.insert().values(row),)))
    for each in rows:
        await world.store.write(Statements((variables.insert().values(each),)))
    world.connected.add((TENANT_ID, "CP1"))


def body_of(command: Command) -> Any:
    told = msgspec.to_builtins(command)
    told.pop("command")
    return told


@pytest.mark.parametrize(
    ("version", "bounds", "messages"),
    [
        ("2.0.1", {}, 1),
        ("2.1", {"ItemsPerMessage": "2"}, 3),
        ("2.1", {"BytesPerMessage": "200"}, 5),
        ("2.1", {"ItemsPerMessage": "many", "BytesPerMessage": "0"}, 1),
        ("1.6", {}, 5),
    ],
)
async def test_the_route_keeps_to_what_the_station_has_said(
    world: World, version: str, bounds: dict[str, str], messages: int
) -> None:
    world.outcome = answer_to(to_set(1))
    await station(world, version, **bounds)
    place = "/stations/CP1/commands/set-variables"
    answer = await world.operator.post(place, json=body_of(to_set(5)))
    assert answer.status_code == 200, answer.text
    sent = [command for _, _, command in world.sent if isinstance(command, SetVariables)]
    assert len(sent) == messages
    values = [each for command in sent for each in command.values]
    assert tuple(values) == to_set(5).values
    [logged] = (await world.operator.get("/stations/CP1/commands")).json()["items"]
    assert (logged["name"], len(logged["parameters"]["values"])) == ("set-variables", 5)


@pytest.mark.parametrize(
    ("bounds", "messages"),
    [({}, 1), ({"ItemsPerMessage": "2"}, 3), ({"BytesPerMessage": "300"}, 5)],
)
async def test_a_report_is_asked_for_within_what_the_station_has_said(
    world: World, bounds: dict[str, str], messages: int
) -> None:
    """B08.FR.06."""
    world.outcome = Accepted(response={"request_id": 7})
    await station(world, "2.1", "GetReport", **bounds)
    answer = await world.operator.post(
        "/stations/CP1/commands/get-report", json=body_of(to_report(5))
    )
    assert answer.status_code == 200, answer.text
    sent = [command for _, _, command in world.sent if isinstance(command, GetReport)]
    assert len(sent) == messages
    assert tuple(each for command in sent for each in command.variables) == to_report(5).variables
    told = answer.json()["response"]
    assert told == (
        {"request_id": 7}
        if messages == 1
        else {"messages": messages, "request_ids": [7] * messages}
    )


async def test_too_many_messages_are_refused_before_any_is_sent(world: World) -> None:
    await station(world, "1.6")
    place = "/stations/CP1/commands/set-variables"
    answer = await world.operator.post(place, json=body_of(to_set(MESSAGES_MAX + 1)))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "values")
    assert world.sent == []
