"""What variables shall be: kept, held against what stations have told, and set in one action."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from chargeplane.csms.inventory import stations
from chargeplane.csms.provisioning import tables, templates
from chargeplane.csms.provisioning.tables import Reading
from chargeplane.domain.commands import Accepted, NoAnswer, SetVariables, Variable
from chargeplane.runtime.store import Rows, Statements
from tests.csms.making import NOW, TENANT_ID
from tests.csms.provisioning.conftest import World
from tests.csms.provisioning.test_api import made

BEAT: dict[str, Any] = {"component": "OCPPCommCtrlr", "name": "HeartbeatInterval"}
ZONE: dict[str, Any] = {"component": "ClockCtrlr", "name": "TimeZone"}
KEY: dict[str, Any] = {"name": "HeartbeatInterval"}


def value(variable: dict[str, Any], wanted: str) -> dict[str, Any]:
    return {"variable": variable, "value": wanted}


async def template(world: World, name: str, *wanted: Any, **place: Any) -> Any:
    body = {"name": name, "wanted": [*wanted], **place}
    answer = await world.operator.post("/variable-templates", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def station(world: World, version: str = "2.1", **told: str) -> None:
    """One of a model, of which these variables are known."""
    await made(world, site_id="north")
    facts = {"vendor": "Acme", "model": "Rapid", "ocpp_version": version}
    here = stations.c.tenant_id == TENANT_ID, stations.c.id == "CP1"
    await world.store.write(Statements((update(stations).where(*here).values(facts),)))
    known: dict[str, dict[str, Any]] = {
        "HeartbeatInterval": BEAT,
        "TimeZone": ZONE,
        "key": KEY,
        "bound": BOUND,
    }
    readings = [Reading(Variable(**known[name]), each) for name, each in told.items()]
    await world.store.write(Rows(tables.report_rows(TENANT_ID, "CP1", readings, NOW, NOW)))
    world.connected.add((TENANT_ID, "CP1"))


BOUND: dict[str, Any] = {
    "component": "DeviceDataCtrlr",
    "name": "ItemsPerMessage",
    "instance": "SetVariables",
}


async def wanted_of(world: World) -> dict[str, tuple[str, str]]:
    answer = (await world.operator.get("/stations/CP1/wanted-variables")).json()
    return {
        each["variable"]["name"]: (each["template_name"], each["state"]) for each in answer["items"]
    }


async def test_a_template_is_kept_changed_and_removed(world: World) -> None:
    one = await template(world, "Yard", value(BEAT, "60"), site_id="north")
    assert one["wanted"][0]["variable"]["attribute"] == "actual"
    assert (one["changed_by"], one["station_id"], one["site_id"]) == ("operator", None, "north")
    place = f"/variable-templates/{one['id']}"
    change = {"name": "Court", "site_id": None, "wanted": [value(ZONE, "CET")]}
    changed = (await world.operator.patch(place, json=change)).json()
    assert (changed["name"], changed["site_id"]) == ("Court", None)
    assert (await world.operator.get(place)).json() == changed
    [listed] = (await world.operator.get("/variable-templates")).json()["items"]
    assert listed == changed
    assert (await world.operator.delete(place)).status_code == 204
    for method in ("get", "delete"):
        assert (await world.operator.request(method, place)).status_code == 404
    assert (await world.operator.patch(place, json={})).status_code == 404
    assert (await world.operator.get(f"{place}/stations")).status_code == 404


async def test_a_template_is_its_tenants_and_wants_an_operator(world: World) -> None:
    one = await template(world, "Yard", value(BEAT, "60"))
    place = f"/variable-templates/{one['id']}"
    for client, status in (("stranger", 404), ("viewer", 403)):
        assert (await world.clients[client].delete(place)).status_code == status
        answer = await world.clients[client].patch(place, json={"name": "mine"})
        assert answer.status_code == status
    assert (await world.clients["stranger"].get("/variable-templates")).json()["items"] == []
    await station(world)
    apply = "/stations/CP1/wanted-variables/apply"
    assert (await world.clients["viewer"].post(apply)).status_code == 403
    assert (await world.clients["stranger"].post(apply)).status_code == 404
    assert (await world.operator.post(f"{apply}?template={TENANT_ID}")).status_code == 404
    assert world.sent == []


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ([], "wanted"),
        ([value(BEAT, "1")] * 2, "wanted[1]"),
        ([value({"component": "SecurityCtrlr", "name": "BasicAuthPassword"}, "x")], "wanted[0]"),
        ([value(BEAT | {"attribute": "wish"}, "1")], "wanted[0].variable.attribute"),
        ([value(BEAT | {"name": "Heart\tbeat"}, "1")], "wanted[0].variable.name"),
        ([value(BEAT | {"evse_id": 0}, "1")], "wanted[0].variable.evse_id"),
        ([value(BEAT, "x" * 2_501)], "wanted[0].value"),
        ([value({"name": str(each)}, "1") for each in range(201)], "wanted"),
    ],
    ids=["nothing", "twice", "secret", "attribute", "control", "evse", "long", "many"],
)
async def test_what_cannot_be_wanted_is_refused_at_its_field(
    world: World, wanted: Any, field: str
) -> None:
    body = {"name": "Yard", "wanted": wanted}
    answer = await world.operator.post("/variable-templates", json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


async def test_a_tenant_has_only_so_many(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "TEMPLATES_MAX", 1)
    await template(world, "Yard", value(BEAT, "60"))
    body = {"name": "Court", "wanted": [value(BEAT, "60")]}
    answer = await world.operator.post("/variable-templates", json=body)
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "too-many")


@pytest.mark.parametrize(
    ("known", "wanted", "state"),
    [
        ("60", "60.0", "kept"),
        (" 60", "60", "kept"),
        ("TRUE", "true", "kept"),
        ("Europe/Berlin", "europe/berlin", "deviates"),
        ("60", "61", "deviates"),
        ("NaN", "NaN", "kept"),
        ("", "0", "deviates"),
    ],
)
async def test_values_are_held_against_each_other(
    world: World, known: str, wanted: str, state: str
) -> None:
    await station(world, TimeZone=known)
    await template(world, "Yard", value(ZONE, wanted), value(BEAT, "60"))
    found = await wanted_of(world)
    assert found == {"TimeZone": ("Yard", state), "HeartbeatInterval": ("Yard", "unknown")}
    answer = (await world.operator.get("/stations/CP1/wanted-variables")).json()
    assert (answer["deviates"], answer["unknown"]) == (int(state == "deviates"), 1)


async def test_the_template_for_the_fewest_decides(world: World) -> None:
    await station(world, HeartbeatInterval="60")
    ladder: list[dict[str, str]] = [
        {}, {"vendor": "Acme"}, {"vendor": "Acme", "model": "Rapid"}, {"site_id": "north"},
        {"station_id": "CP1"},
    ]  # fmt: skip
    for number, place in enumerate(ladder):
        await template(world, f"T{number}", value(BEAT, str(number)), **place)
        assert (await wanted_of(world))["HeartbeatInterval"] == (f"T{number}", "deviates")
    for other in ({"site_id": "south"}, {"model": "Slow"}, {"station_id": "CP2"}):
        await template(world, "Other", value(ZONE, "CET"), **other)
    assert set(await wanted_of(world)) == {"HeartbeatInterval"}


@pytest.mark.parametrize(("version", "name"), [("1.6", "key"), ("2.0.1", "HeartbeatInterval")])
async def test_keys_are_for_1x_and_components_for_2x(world: World, version: str, name: str) -> None:
    await station(world, version, **{name: "60"})
    await template(world, "Both", value(BEAT, "60"), value(KEY, "60"))
    assert await wanted_of(world) == {"HeartbeatInterval": ("Both", "kept")}


async def test_the_stations_of_a_template_come_in_pages(world: World) -> None:
    await station(world, HeartbeatInterval="60")
    for name in ("CP2", "CP3"):
        body = {"id": name, "site_id": "north"}
        assert (await world.operator.post("/stations", json=body)).status_code == 201
    one = await template(world, "Yard", value(BEAT, "60"), value(ZONE, "CET"), site_id="north")
    path = f"/variable-templates/{one['id']}/stations?limit=2"
    first = (await world.operator.get(path)).json()
    assert first["items"] == [
        {"station_id": "CP1", "kept": 1, "deviates": 0, "unknown": 1},
        {"station_id": "CP2", "kept": 0, "deviates": 0, "unknown": 2},
    ]
    second = (await world.operator.get(f"{path}&cursor={first['next']}")).json()
    assert [each["station_id"] for each in second["items"]] == ["CP3"]


async def applied(world: World, query: str = "") -> list[tuple[str, str]]:
    answer = await world.operator.post(f"/stations/CP1/wanted-variables/apply{query}")
    assert answer.status_code == 200, answer.text
    return [(each["variable"]["name"], each["outcome"]) for each in answer.json()["results"]]


async def test_what_deviates_is_set_in_one_message_with_an_outcome_for_each(world: World) -> None:
    await station(world, HeartbeatInterval="300", TimeZone="CET")
    other = {"component": "EVSE", "name": "Power"}
    await template(world, "Yard", value(BEAT, "60"), value(ZONE, "CET"), value(other, "1"))
    results = [
        {"variable": BEAT, "status": "Accepted", "is_done": True, "reason": None},
        {"variable": other, "status": "Rejected", "is_done": False, "reason": "ReadOnly"},
    ]
    world.outcome = Accepted(status="Accepted", response={"results": results})
    assert await applied(world) == [("Power", "refused"), ("HeartbeatInterval", "accepted")]
    [(_, _, command)] = world.sent
    assert isinstance(command, SetVariables)
    assert [(each.variable.name, each.value) for each in command.values] == [
        ("Power", "1"), ("HeartbeatInterval", "60"),
    ]  # fmt: skip
    [logged] = (await world.operator.get("/stations/CP1/commands")).json()["items"]
    assert (logged["name"], logged["by_name"]) == ("set-variables", "operator")


@pytest.mark.parametrize(
    ("version", "bound", "sizes"),
    [("1.6", "9", [1, 1, 1]), ("2.1", "2", [2, 1]), ("2.1", "0", [1, 1, 1]), ("2.1", "x", [3])],
)
async def test_a_message_holds_as_many_values_as_the_station_takes(
    world: World, version: str, bound: str, sizes: list[int]
) -> None:
    await station(world, version, bound=bound)
    component = {} if version == "1.6" else {"component": "EVSE"}
    await template(world, "Yard", *(value(component | {"name": each}, "1") for each in "ABC"))
    assert [outcome for _, outcome in await applied(world)] == ["accepted"] * 3
    commands = [command for _, _, command in world.sent if isinstance(command, SetVariables)]
    assert [len(each.values) for each in commands] == sizes


async def test_a_station_that_stops_answering_is_not_asked_on(world: World) -> None:
    await station(world, "1.6")
    await template(world, "Yard", *(value({"name": each}, "1") for each in "ABC"))
    world.outcome = NoAnswer(reason="timed out")
    assert await applied(world) == [("A", "no_answer"), ("B", "not_sent"), ("C", "not_sent")]
    assert len(world.sent) == 1
    world.is_gone = True
    gone = await world.operator.post("/stations/CP1/wanted-variables/apply")
    assert gone.status_code == 409


async def test_only_the_values_of_one_template_are_set_if_asked_so(world: World) -> None:
    await station(world, HeartbeatInterval="1", TimeZone="UTC")
    await template(world, "Fine", value(BEAT, "60"), station_id="CP1")
    coarse = await template(world, "Coarse", value(BEAT, "300"), value(ZONE, "CET"))
    results = await applied(world, f"?template={coarse['id']}")
    assert results == [("TimeZone", "accepted"), ("HeartbeatInterval", "accepted")]
    [(_, _, command)] = world.sent
    assert isinstance(command, SetVariables)
    assert [each.value for each in command.values] == ["CET", "300"]
