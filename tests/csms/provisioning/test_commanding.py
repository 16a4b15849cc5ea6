"""The one route for all commands."""

from __future__ import annotations

from typing import Any

import pytest

from chargeplane.csms.inventory import stations
from chargeplane.domain.commands import (
    COMMANDS,
    Accepted,
    ClearCache,
    NoAnswer,
    Outcome,
    Raw,
    Refused,
    Reset,
    ResetType,
    Unsupported,
)
from chargeplane.runtime.store import Statements
from tests.csms.making import NOW, TENANT_ID
from tests.csms.provisioning.conftest import World


@pytest.fixture(autouse=True)
async def connected_station(world: World) -> None:
    row = {
        "tenant_id": TENANT_ID,
        "id": "CP1",
        "ocpp_version": "1.6",
        "security_profile": 0,
        "registration": "accepted",
        "epoch": 1,
        "created_at": NOW,
    }
    await world.store.write(Statements((stations.insert().values(row),)))
    world.connected.add((TENANT_ID, "CP1"))


async def test_a_command_is_sent_to_the_station_of_the_tenant(world: World) -> None:
    world.outcome = Accepted(status="Scheduled", response={"status": "Scheduled"})
    answer = await world.operator.post("/stations/CP1/commands/reset", json={"type": "immediate"})
    assert answer.status_code == 200
    assert answer.json() == {
        "outcome": "accepted",
        "status": "Scheduled",
        "reason": None,
        "response": {"status": "Scheduled"},
    }
    assert world.sent == [(TENANT_ID, "CP1", Reset(type=ResetType.IMMEDIATE))]


@pytest.mark.parametrize(
    ("outcome", "body"),
    [
        (
            Refused(status="Rejected", reason="InTx", response={"status": "Rejected"}),
            ("refused", "Rejected", "InTx", {"status": "Rejected"}),
        ),
        (Unsupported(reason="1.2 cannot."), ("unsupported", None, "1.2 cannot.", {})),
        (NoAnswer(reason="timed out"), ("no_answer", None, "timed out", {})),
    ],
    ids=["refused", "unsupported", "no answer"],
)
async def test_every_outcome_has_the_same_shape(
    world: World, outcome: Outcome, body: tuple[Any, ...]
) -> None:
    world.outcome = outcome
    answer = (await world.operator.post("/stations/CP1/commands/clear-cache")).json()
    assert tuple(answer[name] for name in ("outcome", "status", "reason", "response")) == body


async def test_a_command_without_fields_needs_no_body(world: World) -> None:
    assert (await world.operator.post("/stations/CP1/commands/clear-cache")).status_code == 200
    assert world.sent[0][2] == ClearCache()


@pytest.mark.parametrize(
    ("name", "body", "field"),
    [
        ("reset", '{"type": "soon"}', "type"),
        ("reset", '{"kind": "immediate"}', "body"),
        ("unlock-connector", "{}", "body"),
        ("set-variables", '{"values": [{"variable": {}, "value": "1"}]}', "values[0].variable"),
        ("set-variables", '{"values": [{"variable": {"name": 1}, "value": ""}]}', "name"),
        ("reset", "{", "body"),
        ("reset", "[]", "body"),
        ("reset", '"\\ud800"', "body"),
    ],
)
async def test_a_body_that_is_no_command_is_refused_by_its_field(
    world: World, name: str, body: str, field: str
) -> None:
    answer = await world.operator.post(f"/stations/CP1/commands/{name}", content=body)
    assert answer.status_code == 400
    [fault] = answer.json()["errors"]
    assert field in fault["field"]
    assert world.sent == []


async def test_what_is_not_there_is_not_found(world: World) -> None:
    assert (await world.operator.post("/stations/CP9/commands/reset")).status_code == 404
    assert (await world.operator.post("/stations/CP1/commands/dance")).status_code == 404
    stranger = world.clients["stranger"]
    assert (await stranger.post("/stations/CP1/commands/reset")).status_code == 404
    assert world.sent == []


async def test_a_station_that_is_not_connected_is_a_conflict(world: World) -> None:
    world.is_gone = True
    gone = await world.operator.post("/stations/CP1/commands/reset")
    assert gone.status_code == 409
    world.connected.clear()
    away = await world.operator.post("/stations/CP1/commands/reset")
    assert away.status_code == 409
    assert away.json()["type"].endswith("not-connected")
    assert len(world.sent) == 1


async def test_a_raw_message_is_checked_against_the_version_of_the_station(world: World) -> None:
    path = "/stations/CP1/commands/raw"
    good = {"action": "Reset", "payload": {"type": "Hard"}}
    assert (await world.operator.post(path, json=good)).status_code == 200
    assert world.sent[0][2] == Raw(action="Reset", payload={"type": "Hard"})
    for action in ("RequestStartTransaction", "BootNotification", "Nonsense"):
        answer = await world.operator.post(path, json={"action": action, "payload": {}})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == "action"
    bad = {"action": "Reset", "payload": {"type": "Gentle", "now": True}}
    answer = await world.operator.post(path, json=bad)
    assert answer.status_code == 400
    assert len(answer.json()["errors"]) == 2
    assert {each["field"] for each in answer.json()["errors"]} == {"payload"}
    assert len(world.sent) == 1


async def test_a_raw_message_is_sent_before_the_version_of_the_station_is_stored(
    world: World,
) -> None:
    await world.store.write(Statements((stations.update().values(ocpp_version=None),)))
    reset = {"action": "Reset", "payload": {"type": "OnIdle"}}
    answer = await world.operator.post("/stations/CP1/commands/raw", json=reset)
    assert answer.status_code == 200
    assert world.sent[0][2] == Raw(action="Reset", payload={"type": "OnIdle"})


async def test_every_command_has_this_route(world: World) -> None:
    for name in COMMANDS:
        path = f"/stations/CP1/commands/{name}"
        answer = await world.operator.post(path, json={"no such field": 1})
        assert answer.status_code == 400
        assert "no such field" in answer.text
