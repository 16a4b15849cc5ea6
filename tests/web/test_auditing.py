"""The audit log over HTTP: every change is in it, with its reason and without its secrets."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from litestar import post
from litestar.params import JSONBody
from msgspec import Struct

from chargeplane.runtime.access import Role
from chargeplane.runtime.access.alarms import ENTRIES_MAX
from chargeplane.runtime.audit import finding
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.rest import Problem, Routes, keyset, requires
from chargeplane.runtime.store import Settings
from tests.web.serving import TENANT_ID, Serving, serving

PASSWORD = "correct horse battery"


class Order(Struct):
    """What to do."""

    fails: bool = False


@post("/orders", guards=[requires("orders:command")], status_code=200)
async def give_order(data: JSONBody[Order]) -> str:
    """Writes nothing to the database."""
    if data.fails:
        raise Problem.conflict("no", "not now")
    return "done"


@pytest.fixture
async def rest(settings: Settings, clock: SimulatedClock) -> AsyncIterator[Serving]:
    async with serving(settings, clock, [Routes("Orders", (give_order,))]) as served:
        yield served


async def log_of(rest: Serving, **query: str) -> list[dict[str, Any]]:
    answer = await rest.admin.get("/api/v1/audit-log", params=query)
    assert answer.status_code == 200
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_change_is_logged_with_who_what_and_why(rest: Serving) -> None:
    body = {"name": "ada", "password": PASSWORD, "role": "viewer"}
    headers = {"X-Reason": "new colleague"}
    made = (await rest.admin.post("/api/v1/users", json=body, headers=headers)).json()
    await rest.admin.patch(f"/api/v1/users/{made['id']}", json={"role": "operator"})
    changed, added = await log_of(rest)
    assert (added["action"], added["target"], added["reason"]) == (
        "add_user", "users", "new colleague",
    )  # fmt: skip
    assert (added["actor_kind"], added["actor_name"]) == ("token", "admin")
    assert added["details"] == {"name": "ada", "password": "...", "role": "viewer"}
    assert (changed["action"], changed["target"]) == ("change_user", f"users/{made['id']}")
    assert PASSWORD not in repr([changed, added])


async def test_a_look_and_a_refusal_leave_no_entry(rest: Serving) -> None:
    await rest.admin.get("/api/v1/users")
    await rest.viewer.post("/api/v1/users", json={"name": "x", "password": PASSWORD})
    await rest.operator.post("/api/v1/orders", json={"fails": True})
    assert await log_of(rest) == []


async def test_attacks_on_people_are_logged_and_do_not_fill_the_log(
    rest: Serving, clock: SimulatedClock
) -> None:
    await rest.accounts.add_user(TENANT_ID, "ada", Role.VIEWER, PASSWORD)
    wrong = {"name": "ada", "password": "wrong", "cookie": True}
    for _ in range(5):
        assert (await rest.client.post("/api/v1/sessions", json=wrong)).status_code == 401
    async with rest.as_("cp_guessed") as guesser:
        for _ in range(5):
            assert (await guesser.get("/api/v1/me")).status_code == 401
    await rest.client.post("/api/v1/sessions", json=wrong | {"password": PASSWORD})
    forged = await rest.client.post("/api/v1/orders", json={}, headers={"Origin": "https://evil"})
    assert forged.status_code == 403
    found = await log_of(rest)
    assert [(each["action"], each["actor_kind"], each["details"]) for each in found] == [
        ("forged_request", "nobody", {"left_out": 4}),
        ("log_in", "user", {}),
        ("wrong_token", "nobody", {"left_out": 4}),
        ("log_in_failed", "nobody", {"left_out": 0}),
    ]
    assert (found[-1]["actor_name"], found[-1]["source"]) == ("ada", "127.0.0.1")
    await clock.advance(601)
    await rest.client.post("/api/v1/sessions", json=wrong)
    assert (await log_of(rest))[0]["action"] == "log_in_failed"


async def test_a_thousand_sources_write_no_more_than_the_bound(rest: Serving) -> None:
    alarms = rest.accounts.alarms
    for number in range(1_000):
        await alarms.tell("log_in_failed", f"10.0.0.{number}")
    assert len(await log_of(rest, limit="500")) == ENTRIES_MAX
    assert alarms.left_out == 1_000 - ENTRIES_MAX
    await alarms.tell("log_in_failed", "10.1.1.1", "ada", UUID(int=9))  # no such tenant


async def test_what_writes_nothing_is_logged_when_it_has_succeeded(rest: Serving) -> None:
    assert (await rest.operator.post("/api/v1/orders", json={})).status_code == 200
    assert [entry["action"] for entry in await log_of(rest)] == ["give_order"]


async def test_a_repetition_under_one_key_is_logged_once(rest: Serving) -> None:
    headers = {"Idempotency-Key": "k"}
    for _ in range(3):
        answer = await rest.operator.post("/api/v1/orders", json={}, headers=headers)
        assert answer.status_code == 200
    assert len(await log_of(rest)) == 1


async def test_a_log_in_is_logged_with_its_source(rest: Serving) -> None:
    await rest.accounts.add_user(TENANT_ID, "ada", Role.VIEWER, PASSWORD)
    await rest.client.post("/api/v1/sessions", json={"name": "ada", "password": PASSWORD})
    [entry] = await log_of(rest)
    assert (entry["action"], entry["actor_name"], entry["source"]) == ("log_in", "ada", "127.0.0.1")


async def test_administrators_and_auditors_read_the_log_and_nobody_else(rest: Serving) -> None:
    for place in ("", "/names", "/chain", "/export"):
        for role, client in rest.clients.items():
            answer = await client.get(f"/api/v1/audit-log{place}")
            may = role in (Role.ADMIN, Role.AUDITOR)
            assert answer.status_code == (200 if may else 403), role


async def test_the_log_is_searched_checked_and_exported(rest: Serving) -> None:
    for number in range(3):
        await rest.admin.post("/api/v1/api-tokens", json={"name": f"t{number}"})
    await rest.operator.post("/api/v1/orders", json={})
    assert len(await log_of(rest, actor="admin")) == 3
    assert len(await log_of(rest, action="give_order")) == 1
    assert len(await log_of(rest, target="api-tok")) == 3
    assert await log_of(rest, target="%") == []
    chain = (await rest.admin.get("/api/v1/audit-log/chain")).json()
    assert (chain["is_whole"], chain["entries"], chain["broken_at"]) == (True, 4, None)
    answer = await rest.admin.get("/api/v1/audit-log/export")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    lines = [msgspec.json.decode(line) for line in answer.content.splitlines()]
    assert [line["seq"] for line in lines] == [1, 2, 3, 4]
    assert lines[-1]["digest"] == chain["digest"]


async def test_the_log_is_searched_and_cut_into_pages_by_the_server(rest: Serving) -> None:
    for number in range(4):
        headers = {"X-Reason": "A Door" if number == 2 else "a window"}
        body = {"name": f"t{number}"}
        await rest.admin.post("/api/v1/api-tokens", json=body, headers=headers)
    await rest.operator.post("/api/v1/orders", json={})
    assert [each["reason"] for each in await log_of(rest, search="door")] == ["A Door"]
    assert len(await log_of(rest, search="GIVE_")) == 1
    assert await log_of(rest, search="%") == []
    assert await log_of(rest, search="made") == []
    also = {"search": "made", "or_actions": "no_such,add_api_token"}
    found = (await rest.admin.get("/api/v1/audit-log", params=also)).json()["items"]
    assert {each["action"] for each in found} == {"add_api_token"}
    assert len(found) == 4
    query, seen = {"action": "add_api_token", "limit": "3", "count": "true"}, []
    while True:
        page = (await rest.admin.get("/api/v1/audit-log", params=query)).json()
        seen += [each["seq"] for each in page["items"]]
        assert page["total"] == 4
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert seen == [4, 3, 2, 1]


async def test_the_names_of_a_facet_are_those_that_the_other_filters_leave(rest: Serving) -> None:
    for number in range(2):
        await rest.admin.post("/api/v1/api-tokens", json={"name": f"t{number}"})
    await rest.operator.post("/api/v1/orders", json={})

    async def names(**query: str) -> Any:
        return (await rest.admin.get("/api/v1/audit-log/names", params=query)).json()

    everybody = [{"name": "admin", "count": 2}, {"name": "operator", "count": 1}]
    assert (await names())["actors"] == everybody
    of_operator = await names(actor="operator")
    assert of_operator == {"actors": everybody, "actions": [{"name": "give_order", "count": 1}]}
    assert await names(to="2001-01-01T00:00:00Z") == {"actors": [], "actions": []}


async def test_no_more_actions_count_as_found_than_the_bound(rest: Serving) -> None:
    await rest.admin.post("/api/v1/api-tokens", json={"name": "t"})
    others = ["x"] * (finding.ACTIONS_MAX - 1)
    for actions, entries in (
        ([*others, "add_api_token"], 1),
        ([*others, "x", "add_api_token"], 0),
    ):
        assert len(await log_of(rest, search="made", or_actions=",".join(actions))) == entries


def test_every_action_that_the_log_names_has_words_in_the_console() -> None:
    root = Path(__file__).resolve().parents[2]
    paths = json.loads((root / "ui" / "openapi.json").read_text(encoding="utf-8"))["paths"]
    changes = {
        operation["operationId"]
        for methods in paths.values()
        for method, operation in methods.items()
        if method != "get"
    }
    source = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("cli", "csms", "runtime", "web")
        for path in (root / "src" / "chargeplane" / folder).rglob("*.py")
    )
    told = set(re.findall(r'(?:tell|by_command|_note|\bNote)\((?:actor, )?"([^"]+)"', source))
    assert {"log_in_failed", "wrong_token", "show_log_content", "pki init"} <= told
    for language in ("en", "de"):
        words = root / "ui" / "src" / "blocks" / "audit" / f"words.{language}.json"
        known = json.loads(words.read_text(encoding="utf-8"))
        assert {each for each in changes | told if f"a_{each}" not in known} == set()


async def test_no_more_is_counted_than_the_bound(
    rest: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyset, "COUNT_MAX", 2)
    monkeypatch.setattr(finding, "NAMES_MAX", 1)
    for number in range(3):
        await rest.admin.post("/api/v1/api-tokens", json={"name": f"t{number}"})
    await rest.operator.post("/api/v1/orders", json={})
    page = (await rest.admin.get("/api/v1/audit-log", params={"count": "true"})).json()
    assert (len(page["items"]), page["total"]) == (4, None)
    names = (await rest.admin.get("/api/v1/audit-log/names")).json()
    assert names["actions"] == [{"name": "add_api_token", "count": 3}]
