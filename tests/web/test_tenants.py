"""Tenants over HTTP: closed, nobody gets in and nothing is lost; removed, nothing is left."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import Connection, insert, select

from chargeplane.csms.transactions.corrections import corrections
from chargeplane.runtime.access import Role
from chargeplane.runtime.access.freshness import FRESH_S
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import KEPT, SCHEMA, Function, Settings, tenants
from tests.web.serving import Serving, serving

PASSWORD = "correct horse battery"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
FIRST = f"/api/v1/tenants/{tenants.DEFAULT_TENANT_ID}"


@pytest.fixture
async def rest(settings: Settings, clock: SimulatedClock) -> AsyncIterator[Serving]:
    async with serving(settings, clock) as served:
        yield served


@pytest.fixture
async def other(rest: Serving) -> str:
    """The id of another tenant, which has the administrator ``ada``."""
    body = {"name": "Other", "administrator": "ada", "password": PASSWORD}
    answer = await rest.admin.post("/api/v1/tenants", json=body)
    assert (answer.status_code, answer.json()["closed_at"]) == (201, None)
    return str(answer.json()["id"])


async def log_in(rest: Serving, tenant_id: str) -> httpx.Response:
    body = {"name": "ada", "password": PASSWORD, "tenant_id": tenant_id}
    return await rest.client.post("/api/v1/sessions", json=body)


async def close(rest: Serving, tenant_id: str, name: str = "Other") -> httpx.Response:
    return await rest.admin.post(f"/api/v1/tenants/{tenant_id}/close", json={"name": name})


async def remove(rest: Serving, tenant_id: str, name: str = "Other") -> httpx.Response:
    return await rest.admin.delete(f"/api/v1/tenants/{tenant_id}", params={"name": name})


def kind_of(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


async def contents(rest: Serving, tenant_id: str) -> Any:
    return (await rest.admin.get(f"/api/v1/tenants/{tenant_id}/contents")).json()


def rows_of(connection: Connection, tenant_id: UUID) -> list[str]:
    return [
        table.name
        for table in SCHEMA.metadata.sorted_tables
        if connection.execute(select(table).where(table.c.tenant_id == tenant_id)).first()
    ]


async def test_nobody_of_a_closed_tenant_gets_in_until_it_is_opened_again(
    rest: Serving, other: str
) -> None:
    session = rest.as_((await log_in(rest, other)).json()["token"])
    made = await session.post("/api/v1/api-tokens", json={"name": "ci", "role": "admin"})
    program = rest.as_(made.json()["token"])
    cut: list[UUID] = []
    rest.accounts.tenants.on_closed.append(cut.append)
    closed = await close(rest, other)
    assert (closed.status_code, closed.json()["closed_at"]) == (200, "2026-11-21T12:00:00Z")
    assert cut == [UUID(other)]
    assert (await log_in(rest, other)).status_code == 401
    for client in (session, program):
        assert (await client.get("/api/v1/me")).status_code == 401
    again = await close(rest, other)
    assert again.json() == closed.json()
    opened = await rest.admin.post(f"/api/v1/tenants/{other}/reopen")
    assert (opened.status_code, opened.json()["closed_at"]) == (200, None)
    assert (await program.get("/api/v1/me")).status_code == 200
    assert (await session.get("/api/v1/me")).status_code == 401  # sessions have ended for good
    assert (await log_in(rest, other)).status_code == 201
    for client in (session, program):
        await client.aclose()


async def test_a_closed_tenant_is_removed_with_all_that_it_has(rest: Serving, other: str) -> None:
    tenant_id = UUID(other)
    assert (await log_in(rest, other)).status_code == 201
    assert kind_of(await remove(rest, other)) == "tenant-open"
    before = await contents(rest, other)
    assert {each["kind"] for each in before["items"]} >= {"users", "api_tokens", "audit_log"}
    assert before["may_be_removed"] is False
    await close(rest, other)
    after = await contents(rest, other)
    assert after["may_be_removed"] is True
    assert "api_tokens" not in {each["kind"] for each in after["items"]}
    assert (await remove(rest, other)).status_code == 204
    assert await rest.store.read(lambda c: rows_of(c, tenant_id)) == []
    assert (await remove(rest, other)).status_code == 404
    listed = (await rest.admin.get("/api/v1/tenants")).json()["items"]
    assert [each["name"] for each in listed] == ["default"]
    log = (await rest.admin.get("/api/v1/audit-log", params={"target": "tenants"})).json()["items"]
    assert [each["action"] for each in log] == ["remove_tenant", "close_tenant", "add_tenant"]


async def test_what_must_be_kept_stands_in_the_way(rest: Serving, other: str) -> None:
    row = {
        "tenant_id": UUID(other), "transaction_id": UUID(int=1), "id": UUID(int=2),
        "by_id": UUID(int=3), "by_name": "ada", "at": NOW, "reason": "", "changes": "{}",
    }  # fmt: skip
    await rest.store.write(Function(lambda c: c.execute(insert(corrections), [row])))
    await close(rest, other)
    found = await contents(rest, other)
    assert found["may_be_removed"] is False
    kept = {"kind": "transaction_corrections", "count": 1, "is_kept": True}
    assert kept in found["items"]
    assert kind_of(await remove(rest, other)) == "tenant-not-empty"
    assert await rest.store.read(lambda c: "users" in rows_of(c, UUID(other)))
    kept_tables = {table.name for table in SCHEMA.metadata.sorted_tables if table.info == KEPT}
    assert kept_tables == {"transactions", "ledger", "ledger_daybook", "transaction_corrections"}


async def test_more_rows_than_one_step_deletes_stand_in_the_way(
    rest: Serving, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rest.accounts.add_user(UUID(other), "eve", Role.VIEWER, PASSWORD)
    await close(rest, other)
    monkeypatch.setattr(tenants, "CONTENT_ROWS_MAX", 1)
    assert kind_of(await remove(rest, other)) == "tenant-not-empty"
    monkeypatch.setattr(tenants, "CONTENT_ROWS_MAX", 2)
    assert (await remove(rest, other)).status_code == 204


async def test_the_first_tenant_stays(rest: Serving) -> None:
    for answer in (
        await rest.admin.post(f"{FIRST}/close", json={"name": "default"}),
        await rest.admin.delete(FIRST, params={"name": "default"}),
    ):
        assert answer.status_code == 409
    assert (await rest.admin.get("/api/v1/me")).status_code == 200


async def test_a_slip_of_the_hand_closes_nothing(rest: Serving, other: str) -> None:
    for answer in (await close(rest, other, "Othe"), await remove(rest, other, "other")):
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "name")
    assert (await log_in(rest, other)).status_code == 201


async def test_closing_needs_a_recent_log_in(
    rest: Serving, other: str, clock: SimulatedClock
) -> None:
    first = tenants.DEFAULT_TENANT_ID
    await rest.accounts.add_user(first, "root", Role.ADMIN, PASSWORD)
    body = {"name": "root", "password": PASSWORD}
    root = rest.as_((await rest.client.post("/api/v1/sessions", json=body)).json()["token"])
    await clock.advance(FRESH_S + 1)
    refused = await root.post(f"/api/v1/tenants/{other}/close", json={"name": "Other"})
    assert (refused.status_code, kind_of(refused)) == (403, "recent-log-in-needed")
    await root.aclose()


async def test_only_the_administrators_of_the_first_tenant_do_away_with_others(
    rest: Serving, other: str
) -> None:
    theirs = rest.as_((await log_in(rest, other)).json()["token"])
    place = f"/api/v1/tenants/{other}"
    for client in (theirs, rest.operator):
        for answer in (
            await client.post(f"{place}/close", json={"name": "Other"}),
            await client.post(f"{place}/reopen"),
            await client.get(f"{place}/contents"),
            await client.get(f"{place}/audit-log"),
            await client.delete(place, params={"name": "Other"}),
        ):
            assert answer.status_code == 403
    await theirs.aclose()


async def test_an_auditor_of_the_first_tenant_looks_and_changes_nothing(
    rest: Serving, other: str
) -> None:
    auditor, place = rest.clients[Role.AUDITOR], f"/api/v1/tenants/{other}"
    assert (await auditor.get(f"{place}/contents")).status_code == 200
    closing = await auditor.post(f"{place}/close", json={"name": "Other"})
    assert closing.status_code == 403


async def test_the_audit_log_of_a_closed_tenant_can_be_taken_along(
    rest: Serving, other: str
) -> None:
    assert (await log_in(rest, other)).status_code == 201
    place = f"/api/v1/tenants/{other}/audit-log"
    assert kind_of(await rest.admin.get(place)) == "tenant-open"
    await close(rest, other)
    answer = await rest.admin.get(place)
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    entries = [json.loads(line) for line in answer.text.splitlines()]
    assert [each["action"] for each in entries] == ["log_in"]
    nowhere = f"/api/v1/tenants/{UUID(int=9)}"
    assert (await rest.admin.get(f"{nowhere}/audit-log")).status_code == 404
    assert (await rest.admin.post(f"{nowhere}/reopen")).status_code == 404
