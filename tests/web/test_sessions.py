"""Log-ins over HTTP: cookies, forgery, second factors, passkeys, the set-up link."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from chargeplane.runtime.access import Challenges, Policy, Role
from chargeplane.runtime.access.first_start import SETUP
from chargeplane.runtime.access.freshness import FRESH_S
from chargeplane.runtime.access.totp import STEP_S, code_at
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.rest import Routes
from chargeplane.runtime.store import Settings
from tests.runtime.access.authenticator import USER_PRESENT, Authenticator
from tests.web.serving import TENANT_ID, Serving, serving

PASSWORD = "correct horse battery"


@pytest.fixture
async def ada(rest: Serving) -> httpx.AsyncClient:
    """A client without a token, of a user who is there."""
    await rest.accounts.add_user(TENANT_ID, "ada", Role.ADMIN, PASSWORD)
    return rest.client


async def log_in(client: httpx.AsyncClient, **more: Any) -> httpx.Response:
    body = {"name": "ada", "password": PASSWORD, "cookie": True} | more
    return await client.post("/api/v1/sessions", json=body)


async def begun(client: httpx.AsyncClient) -> dict[str, str]:
    """Log in by cookie; the headers of a change."""
    answer = await log_in(client)
    assert answer.status_code == 201
    return {"X-CSRF-Token": answer.json()["csrf_token"]}


async def test_a_cookie_is_out_of_reach_of_scripts_and_other_sites(ada: httpx.AsyncClient) -> None:
    answer = await log_in(ada)
    assert answer.json()["token"] == ""
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("chargeplane_session=cp_")
    assert {"httponly", "samesite=lax", "path=/"} <= set(cookie.split("; "))
    assert "secure" not in cookie
    assert (await ada.get("/api/v1/me")).json()["name"] == "ada"


async def test_over_tls_a_cookie_is_secure_and_of_this_host_alone(
    settings: Settings, clock: SimulatedClock
) -> None:
    policy = Policy(public_url="https://cp.example")
    async with serving(settings, clock, policy=policy) as rest:
        await rest.accounts.add_user(TENANT_ID, "ada", Role.ADMIN, PASSWORD)
        cookie = (await log_in(rest.client)).headers["set-cookie"]
    assert cookie.startswith("__Host-chargeplane_session=cp_")
    assert "Secure" in cookie
    assert "Domain" not in cookie


async def test_a_change_by_cookie_needs_the_token_against_forgery(ada: httpx.AsyncClient) -> None:
    csrf = await begun(ada)
    body = {"name": "ci"}
    place = "/api/v1/api-tokens"
    assert (await ada.post(place, json=body)).status_code == 403
    wrong = {"X-CSRF-Token": "0" * 64}
    assert (await ada.post(place, json=body, headers=wrong)).status_code == 403
    assert (await ada.post(place, json=body, headers=csrf)).status_code == 201
    told = (await ada.get("/api/v1/me")).json()["csrf_token"]
    assert {"X-CSRF-Token": told} == csrf


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://testserver"}, 201),
        ({"Origin": "http://localhost:8080"}, 201),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
    ],
    ids=["evil", "null", "host", "public", "cross-site", "same-origin"],
)
async def test_a_page_of_somebody_else_changes_nothing_by_cookie(
    ada: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    csrf = await begun(ada)
    answer = await ada.post("/api/v1/api-tokens", json={"name": "ci"}, headers=csrf | headers)
    assert answer.status_code == status


async def test_a_bearer_token_needs_no_token_against_forgery(rest: Serving) -> None:
    answer = await rest.admin.post("/api/v1/api-tokens", json={"name": "ci"})
    assert answer.status_code == 201
    assert (await rest.admin.get("/api/v1/me")).json()["csrf_token"] is None


async def test_own_sessions_are_listed_ended_and_left(
    rest: Serving, ada: httpx.AsyncClient
) -> None:
    other = (await log_in(ada, cookie=False)).json()["token"]
    csrf = await begun(ada)
    found = (await ada.get("/api/v1/sessions")).json()["items"]
    assert [each["is_current"] for each in found] == [True, False]
    assert found[0]["agent"].startswith("python-httpx")
    place = f"/api/v1/sessions/{found[1]['id']}"
    assert (await ada.delete(place, headers=csrf)).status_code == 204
    assert (await ada.delete(place, headers=csrf)).status_code == 404
    async with rest.as_(other) as gone:
        assert (await gone.get("/api/v1/me")).status_code == 401
    left = await ada.delete("/api/v1/sessions/current", headers=csrf)
    assert left.status_code == 204
    assert "Max-Age=0" in left.headers["set-cookie"]
    assert (await ada.get("/api/v1/me")).status_code == 401
    assert (await rest.admin.delete("/api/v1/sessions/current")).status_code == 409


async def test_the_own_password_is_changed_by_who_knows_it(
    rest: Serving, ada: httpx.AsyncClient
) -> None:
    other = (await log_in(ada, cookie=False)).json()["token"]
    csrf = await begun(ada)
    place, new = "/api/v1/me/password", "another long password"
    wrong = await ada.post(place, json={"current": "wrong", "new": new}, headers=csrf)
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "current")
    right = await ada.post(place, json={"current": PASSWORD, "new": new}, headers=csrf)
    assert right.status_code == 204
    assert (await ada.get("/api/v1/me")).status_code == 200
    async with rest.as_(other) as gone:
        assert (await gone.get("/api/v1/me")).status_code == 401
    assert (await log_in(ada)).status_code == 401
    program = await rest.admin.post(place, json={"current": PASSWORD, "new": new})
    assert program.status_code == 403


async def test_with_an_app_a_password_is_not_enough(
    ada: httpx.AsyncClient, clock: SimulatedClock
) -> None:
    csrf = await begun(ada)
    made = (await ada.post("/api/v1/me/totp", json={}, headers=csrf)).json()
    secret = base64.b32decode(made["secret"])
    code = code_at(secret, int(clock.now().timestamp()) // STEP_S)
    place = f"/api/v1/me/totp/{made['id']}/confirm"
    answer = await ada.post(place, json={"code": "000000"}, headers=csrf)
    assert answer.status_code == 400
    answer = await ada.post(place, json={"code": code}, headers=csrf)
    recovery = answer.json()["recovery_codes"]
    without = await log_in(ada)
    assert without.status_code == 401
    assert without.json()["type"].endswith(":second-factor-needed")
    assert (await log_in(ada, code=code)).status_code == 401
    assert (await log_in(ada, code=recovery[0])).status_code == 201
    assert (await log_in(ada, code=recovery[0])).status_code == 401
    listed = (await ada.get("/api/v1/me/factors")).json()
    assert [each["kind"] for each in listed["factors"]] == ["totp"]
    assert listed["recovery_codes_left"] == len(recovery) - 1


async def test_who_has_lost_everything_is_helped_by_an_administrator(
    rest: Serving, ada: httpx.AsyncClient, clock: SimulatedClock
) -> None:
    await test_with_an_app_a_password_is_not_enough(ada, clock)
    user = (await rest.admin.get("/api/v1/users")).json()["items"][0]
    assert user["second_factor_since"]
    place = f"/api/v1/users/{user['id']}/second-factors"
    assert (await rest.operator.delete(place)).status_code == 403
    assert (await rest.admin.delete(place)).status_code == 204
    assert (await log_in(ada)).status_code == 201


async def registered(ada: httpx.AsyncClient, key: Authenticator) -> httpx.Response:
    csrf = await begun(ada)
    offered = (await ada.post("/api/v1/me/passkeys/options", headers=csrf)).json()
    body = {"challenge": offered["challenge"], "credential": key.create(offered["options"])}
    return await ada.post("/api/v1/me/passkeys", json=body, headers=csrf)


async def by_passkey(client: httpx.AsyncClient, key: Authenticator, **more: Any) -> httpx.Response:
    offered = (await client.post("/api/v1/sessions/passkey/options", json={})).json()
    body = {"challenge": offered["challenge"], "credential": key.get(offered["options"])} | more
    return await client.post("/api/v1/sessions/passkey", json=body)


async def test_a_passkey_logs_in_by_itself_and_is_then_needed(ada: httpx.AsyncClient) -> None:
    key = Authenticator()
    assert (await registered(ada, key)).status_code == 201
    session = await by_passkey(ada, key)
    assert (session.status_code, session.json()["name"]) == (201, "ada")
    assert (await log_in(ada)).json()["type"].endswith(":second-factor-needed")


@pytest.mark.parametrize(
    "lie",
    [
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
        {"flags": USER_PRESENT},
        {"flags": 0},
    ],
    ids=["origin", "host", "not verified", "not present"],
)
async def test_a_passkey_of_another_place_or_without_its_user_is_refused(
    ada: httpx.AsyncClient, lie: dict[str, Any]
) -> None:
    assert (await registered(ada, Authenticator(**lie))).status_code == 400
    ada.cookies.clear()
    key = Authenticator()
    assert (await registered(ada, key)).status_code == 201
    for name, value in lie.items():
        setattr(key, name, value)
    assert (await by_passkey(ada, key)).status_code == 401


async def test_an_answer_to_another_challenge_and_a_copied_key_are_refused(
    ada: httpx.AsyncClient,
) -> None:
    key, stranger = Authenticator(), Authenticator()
    await registered(ada, key)
    assert (await by_passkey(ada, stranger)).status_code == 401
    assert (await by_passkey(ada, key, challenge="x")).status_code == 401
    assert (await by_passkey(ada, key, credential={"id": "x"})).status_code == 401
    assert (await by_passkey(ada, key)).status_code == 201
    key.count = 0  # an older copy: the counter has been further
    assert (await by_passkey(ada, key)).status_code == 401
    stolen = Authenticator(id=key.id, count=100)
    assert (await by_passkey(ada, stolen)).status_code == 401


async def test_a_challenge_is_answered_once(ada: httpx.AsyncClient) -> None:
    key = Authenticator()
    await registered(ada, key)
    offered = (await ada.post("/api/v1/sessions/passkey/options", json={})).json()
    body = {"challenge": offered["challenge"], "credential": key.get(offered["options"])}
    codes = [(await ada.post("/api/v1/sessions/passkey", json=body)).status_code for _ in range(2)]
    assert codes == [201, 401]


@pytest.fixture
async def fresh(settings: Settings, clock: SimulatedClock) -> AsyncIterator[tuple[Serving, str]]:
    """An installation without users, and the word of its set-up link."""
    async with serving(settings, clock, [Routes("None", ())]) as served:
        challenges = Challenges(served.store, clock, served.secrets)
        yield served, await challenges.make(TENANT_ID, SETUP, lifetime_s=3_600)


async def test_a_set_up_link_makes_the_first_administrator_once(
    fresh: tuple[Serving, str],
) -> None:
    rest, word = fresh
    place = "/api/v1/setup"
    body = {"token": word, "name": "ada", "password": PASSWORD}
    assert (await rest.client.post(place, json=body | {"token": "x"})).status_code == 403
    assert (await rest.client.post(place, json=body | {"password": "short"})).status_code == 400
    made = await rest.client.post(place, json=body)
    assert (made.status_code, made.json()["role"]) == (201, "admin")
    assert (await rest.client.post(place, json=body)).status_code == 403
    assert (await log_in(rest.client)).status_code == 201


async def test_an_administrator_without_the_needed_factor_may_only_set_one(
    settings: Settings, clock: SimulatedClock
) -> None:
    policy = Policy(second_factor_roles=frozenset({Role.ADMIN}))
    async with serving(settings, clock, policy=policy) as rest:
        await rest.accounts.add_user(TENANT_ID, "ada", Role.ADMIN, PASSWORD)
        csrf = await begun(rest.client)
        assert (await rest.client.get("/api/v1/users")).status_code == 403
        assert (await rest.client.get("/api/v1/me")).json()["must_set_second_factor"]
        made = (await rest.client.post("/api/v1/me/totp", json={}, headers=csrf)).json()
        code = code_at(base64.b32decode(made["secret"]), int(clock.now().timestamp()) // STEP_S)
        place = f"/api/v1/me/totp/{made['id']}/confirm"
        await rest.client.post(place, json={"code": code}, headers=csrf)
        assert (await rest.client.get("/api/v1/users")).status_code == 200


async def test_a_session_that_lies_about_changes_no_way_in(
    rest: Serving, ada: httpx.AsyncClient, clock: SimulatedClock
) -> None:
    csrf, new = await begun(ada), "another long password"
    key = Authenticator()
    assert (await registered(ada, key)).status_code == 201
    factor = (await ada.get("/api/v1/me/factors")).json()["factors"][0]["id"]
    [user] = await rest.accounts.users(TENANT_ID, count_max=10)
    changes: list[tuple[str, str, Any]] = [
        ("DELETE", f"me/factors/{factor}", None),
        ("POST", "me/password", {"current": PASSWORD, "new": new}),
        ("POST", "api-tokens", {"name": "mine"}),
        ("PATCH", f"users/{user.id}", {"password": new}),
        ("DELETE", f"users/{user.id}/second-factors", None),
    ]
    told = (await ada.get("/api/v1/me")).json()["csrf_token"]
    csrf = {"X-CSRF-Token": told}
    clock.step(FRESH_S + 1)
    for method, place, body in changes:
        answer = await ada.request(method, f"/api/v1/{place}", json=body, headers=csrf)
        assert answer.status_code == 403, place
        assert answer.json()["type"].endswith(":recent-log-in-needed"), place
    fresh = await by_passkey(ada, key, cookie=True)
    csrf = {"X-CSRF-Token": fresh.json()["csrf_token"]}
    made = await ada.post("/api/v1/api-tokens", json={"name": "mine"}, headers=csrf)
    assert made.status_code == 201
    gone = await ada.delete(f"/api/v1/me/factors/{factor}", headers=csrf)
    assert gone.status_code == 204


async def test_a_password_is_not_guessed_from_within_a_session(ada: httpx.AsyncClient) -> None:
    csrf = await begun(ada)
    body = {"current": "wrong", "new": "another long password"}
    told = [
        (await ada.post("/api/v1/me/password", json=body, headers=csrf)).status_code
        for _ in range(12)
    ]
    assert (told[0], told[-1]) == (400, 429)
