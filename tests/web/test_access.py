"""Users, tokens, sessions and tenants over HTTP."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from chargeplane.runtime.access import Role
from chargeplane.runtime.access.policy import Policy
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import Function, tenants
from tests.web.conftest import NOW
from tests.web.serving import TENANT_ID, Serving

PASSWORD = "correct horse battery"
OTHER_TENANT_ID = UUID(int=2)


async def make_user(rest: Serving, name: str = "ada", role: str = "viewer") -> dict[str, str]:
    body = {"name": name, "password": PASSWORD, "role": role}
    answer = await rest.admin.post("/api/v1/users", json=body)
    assert answer.status_code == 201
    made: dict[str, str] = answer.json()
    return made


async def log_in(rest: Serving, name: str = "ada", password: str = PASSWORD) -> httpx.Response:
    body = {"name": name, "password": password}
    return await rest.client.post("/api/v1/sessions", json=body)


async def test_a_user_is_made_listed_changed_and_removed(rest: Serving) -> None:
    made = await make_user(rest)
    assert made == {
        "id": made["id"],
        "tenant_id": str(TENANT_ID),
        "name": "ada",
        "role": "viewer",
        "created_at": "2026-11-21T12:00:00Z",
        "sites": None,
        "second_factor_since": None,
    }
    assert (await rest.admin.get("/api/v1/users")).json() == {"items": [made], "next": None}
    place = f"/api/v1/users/{made['id']}"
    changed = await rest.admin.patch(place, json={"role": "operator"})
    assert changed.json() == made | {"role": "operator"}
    assert (await rest.admin.delete(place)).status_code == 204
    assert (await rest.admin.delete(place)).status_code == 404
    assert (await rest.admin.get("/api/v1/users")).json()["items"] == []


async def test_a_list_is_walked_by_its_cursor(rest: Serving) -> None:
    made = [(await make_user(rest, f"user {number}"))["id"] for number in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await rest.admin.get("/api/v1/users", params=params)).json()
        assert len(page["items"]) <= 2
        seen += [user["id"] for user in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == made


async def test_a_taken_name_and_the_last_administrator_are_conflicts(rest: Serving) -> None:
    made = await make_user(rest, role="admin")
    body = {"name": "ada", "password": PASSWORD}
    taken = await rest.admin.post("/api/v1/users", json=body)
    place = f"/api/v1/users/{made['id']}"
    removed = await rest.admin.delete(place)
    demoted = await rest.admin.patch(place, json={"role": "viewer"})
    kinds = [answer.json()["type"].rpartition(":")[2] for answer in (taken, removed, demoted)]
    assert kinds == ["name-taken", "last-administrator", "last-administrator"]
    assert {answer.status_code for answer in (taken, removed, demoted)} == {409}


async def test_a_token_is_shown_once_works_and_is_revoked(rest: Serving) -> None:
    expires_at = (NOW + timedelta(days=1)).isoformat()
    body = {"name": "ci", "role": "operator", "expires_at": expires_at}
    made = (await rest.admin.post("/api/v1/api-tokens", json=body)).json()
    secret = made.pop("token")
    assert secret.startswith("cp_")
    listed = (await rest.admin.get("/api/v1/api-tokens")).json()["items"]
    assert made in listed
    assert secret not in repr(listed)
    mine = {"Authorization": f"Bearer {secret}"}
    me = (await rest.client.get("/api/v1/me", headers=mine)).json()
    assert (me["name"], me["role"], me["tenant_id"]) == ("ci", "operator", str(TENANT_ID))
    place = f"/api/v1/api-tokens/{made['id']}"
    changed = await rest.admin.patch(place, json={"name": "renamed", "expires_at": None})
    used = {"last_used_at": "2026-11-21T12:00:00Z"}
    assert changed.json() == made | used | {"name": "renamed", "expires_at": None}
    assert (await rest.admin.delete(place)).status_code == 204
    assert (await rest.client.get("/api/v1/me", headers=mine)).status_code == 401
    assert (await rest.admin.patch(place, json={"name": "x"})).status_code == 404


@pytest.mark.parametrize(
    "expires_at",
    [
        "2026-11-21T11:59:59Z",
        "2026-11-21T12:00:00Z",
        "2227-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
        "2027-01-01T00:00:00",
    ],
)
async def test_an_expiry_that_makes_no_sense_is_refused(rest: Serving, expires_at: str) -> None:
    body = {"name": "ci", "expires_at": expires_at}
    answer = await rest.admin.post("/api/v1/api-tokens", json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "expires_at"


async def test_who_logs_in_gets_a_token_that_ends_by_itself(
    rest: Serving, clock: SimulatedClock
) -> None:
    await make_user(rest, role="operator")
    session = (await log_in(rest)).json()
    assert (session["name"], session["role"]) == ("ada", "operator")
    assert session["expires_at"] == "2026-11-22T00:00:00Z"
    mine = {"Authorization": f"Bearer {session['token']}"}
    assert (await rest.client.get("/api/v1/me", headers=mine)).status_code == 200
    await clock.advance(Policy().session_s)
    assert (await rest.client.get("/api/v1/me", headers=mine)).status_code == 401


async def test_a_wrong_name_is_told_like_a_wrong_password(rest: Serving) -> None:
    await make_user(rest)
    wrong = [await log_in(rest, "bob"), await log_in(rest, password="wrong horse battery")]
    assert [answer.status_code for answer in wrong] == [401, 401]
    assert wrong[0].json() == wrong[1].json()


async def test_too_many_failures_make_the_source_wait_and_then_let_it_in(
    rest: Serving, clock: SimulatedClock
) -> None:
    await make_user(rest)
    codes = [(await log_in(rest, password="wrong horse battery")).status_code for _ in range(11)]
    assert codes == [401] * 10 + [429]
    waiting = await log_in(rest)
    assert waiting.status_code == 429
    await clock.advance(float(waiting.headers["Retry-After"]))
    assert (await log_in(rest)).status_code == 201


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("resource", ["users", "api-tokens"])
async def test_only_an_administrator_administers(rest: Serving, resource: str, method: str) -> None:
    place = f"/api/v1/{resource}"
    if method in ("PATCH", "DELETE"):
        place += f"/{uuid4()}"
    for client, status in ((rest.client, 401), (rest.viewer, 403), (rest.operator, 403)):
        answer = await client.request(method, place)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await rest.admin.request(method, place)).status_code not in (401, 403, 405)


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic YWRhOnB3", "cp_x", "Bearer " + "x" * 2_000, "Bearer \xe9"],
    ids=["empty", "no token", "blank", "basic", "no scheme", "too long", "latin"],
)
async def test_any_other_authorization_is_nobody(rest: Serving, header: str) -> None:
    headers = [(b"Authorization", header.encode("latin-1"))]
    answer = await rest.client.get("/api/v1/me", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_an_administrator_of_another_tenant_sees_and_changes_nothing(rest: Serving) -> None:
    await rest.store.write(Function(lambda c: tenants.ensure(c, OTHER_TENANT_ID, "other", NOW)))
    _, secret = await rest.accounts.add_token(OTHER_TENANT_ID, "theirs", Role.ADMIN)
    theirs = {"Authorization": f"Bearer {secret}"}
    user = await make_user(rest)
    token = (await rest.admin.get("/api/v1/api-tokens")).json()["items"][0]
    for resource, mine in (("users", user), ("api-tokens", token)):
        place = f"/api/v1/{resource}/{mine['id']}"
        page = (await rest.client.get(f"/api/v1/{resource}", headers=theirs)).json()
        assert mine["id"] not in repr(page)
        assert (await rest.client.delete(place, headers=theirs)).status_code == 404
        answer = await rest.client.patch(place, json={"role": "viewer"}, headers=theirs)
        assert answer.status_code == 404
    seen = (await rest.client.get("/api/v1/tenants", headers=theirs)).json()["items"]
    assert [tenant["id"] for tenant in seen] == [str(OTHER_TENANT_ID)]
