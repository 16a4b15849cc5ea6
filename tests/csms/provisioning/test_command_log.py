"""The log of commands: who, what, when, and what came of it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from chargeplane.csms.provisioning import command_log
from chargeplane.csms.provisioning.command_log import Given
from chargeplane.domain.commands import NoAnswer, Refused
from chargeplane.runtime.store import Function, new_id
from tests.csms.making import NOW, TENANT_ID
from tests.csms.provisioning.conftest import World


@pytest.fixture
async def cp1(world: World) -> World:
    await world.operator.post("/stations", json={"id": "CP1", "security_profile": 0})
    world.connected.add((TENANT_ID, "CP1"))
    return world


async def log(world: World, query: str = "") -> list[dict[str, Any]]:
    answer = await world.clients["viewer"].get(f"/stations/CP1/commands{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_command_is_in_the_log_with_who_gave_it_and_what_came_of_it(cp1: World) -> None:
    cp1.outcome = Refused(status="Rejected", reason="busy")
    await cp1.operator.post("/stations/CP1/commands/reset", json={"type": "immediate"})
    [entry] = await log(cp1)
    told = {name: entry[name] for name in ("name", "parameters", "by_name", "at", "ended_at")}
    at = "2026-11-21T12:00:00Z"
    assert told == {
        "name": "reset",
        "parameters": {"type": "immediate", "evse_id": None},
        "by_name": "operator",
        "at": at,
        "ended_at": at,
    }
    assert (entry["outcome"], entry["status"], entry["reason"]) == ("refused", "Rejected", "busy")


async def test_what_was_not_answered_is_in_the_log_as_well(cp1: World) -> None:
    cp1.outcome = NoAnswer(reason="it was too slow")
    await cp1.operator.post("/stations/CP1/commands/clear-cache")
    cp1.is_gone = True
    assert (await cp1.operator.post("/stations/CP1/commands/clear-cache")).status_code == 409
    assert [each["outcome"] for each in await log(cp1)] == ["not_connected", "no_answer"]


async def test_what_was_never_sent_is_not_in_the_log(cp1: World) -> None:
    assert (await cp1.operator.post("/stations/CP1/commands/dance")).status_code == 404
    assert (await cp1.clients["viewer"].post("/stations/CP1/commands/reset")).status_code == 403
    assert await log(cp1) == []


async def test_the_log_comes_in_pages_and_belongs_to_a_tenant(cp1: World) -> None:
    for _ in range(3):
        await cp1.operator.post("/stations/CP1/commands/clear-cache")
    first = (await cp1.operator.get("/stations/CP1/commands?limit=2")).json()
    last = await log(cp1, f"?limit=2&cursor={first['next']}")
    assert (len(first["items"]), len(last)) == (2, 1)
    assert (await cp1.clients["stranger"].get("/stations/CP1/commands")).status_code == 404
    assert (await cp1.operator.get("/stations/CP9/commands")).status_code == 404


async def test_no_more_commands_of_a_station_are_kept_than_may_be(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_log, "COMMANDS_MAX", 3)
    ids = [new_id() for _ in range(5)]
    for id_ in ids:
        given = Given(TENANT_ID, "CP1", id_, "reset", "{}", new_id(), "me", NOW)
        await world.store.write(Function(partial(command_log.begun, given=given)))
        await world.store.write(Function(partial(command_log.begun, given=given)))
    kept = await world.store.read(lambda c: command_log.newest(c, TENANT_ID, "CP1", count_max=10))
    assert [each.id for each in kept] == ids[:1:-1]
