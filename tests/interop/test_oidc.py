"""Log-in by a real identity provider: ``oidc-provider`` (npm), which is certified by OpenID."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest

from chargeplane.runtime.access import Policy, Provider, Role
from chargeplane.runtime.clock import SystemClock
from tests.databases import copy_of
from tests.interop.node import needs_node, node
from tests.web.serving import TENANT_ID, Serving, serving

pytestmark = needs_node

POLICY = Policy(public_url="http://testserver")
CALLBACK = "http://testserver/api/v1/oidc/callback"


@pytest.fixture
async def issuer() -> AsyncIterator[str]:
    process = await node("provider.mjs", CALLBACK, talks=True)
    assert process.stdout is not None
    assert process.stdin is not None
    told = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
    yield told["issuer"]
    process.stdin.close()
    await asyncio.wait_for(process.communicate(), 10)


@pytest.fixture
async def rest(issuer: str, sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Serving]:
    roles = {"staff": Role.OPERATOR, "admins": Role.ADMIN}
    provider = Provider(issuer, "chargeplane", "a secret", roles=roles)
    settings = copy_of(sqlite_template, tmp_path)
    async with serving(settings, SystemClock(), policy=POLICY, provider=provider) as served:
        yield served


async def at_provider(address: str, login: str) -> str:
    """Log in on the provider's own pages; the address that the browser is sent back to."""
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(address)
        for _ in range(12):
            if "location" in answer.headers:
                address = urljoin(str(answer.url), answer.headers["location"])
                if address.startswith(CALLBACK):
                    return address
                answer = await browser.get(address)
                continue
            form = re.search(r'action="([^"]+)"', answer.text)
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            assert form, answer.text
            assert prompt, answer.text
            fields = {"prompt": prompt[1], "login": login, "password": "anything"}
            answer = await browser.post(urljoin(str(answer.url), form[1]), data=fields)
    raise AssertionError("the provider did not send the browser back")


async def log_in(rest: Serving, login: str) -> httpx.Response:
    start = await rest.client.get("/api/v1/oidc/start")
    assert start.status_code == 302
    return await rest.client.get(await at_provider(start.headers["location"], login))


async def test_a_user_of_the_provider_gets_the_role_of_a_group(rest: Serving) -> None:
    assert (await rest.client.get("/api/v1/oidc")).json()["enabled"]
    answer = await log_in(rest, "ada-staff")
    assert (answer.status_code, answer.headers["location"]) == (302, "/")
    me = (await rest.client.get("/api/v1/me")).json()
    assert (me["name"], me["role"]) == ("ada", "operator")
    assert (await log_in(rest, "ada-staff")).status_code == 302
    users = await rest.accounts.users(TENANT_ID, count_max=10)
    assert [(user.name, user.password_hash) for user in users] == [("ada", "")]
    assert await rest.accounts.sessions.log_in(TENANT_ID, "ada", "") is None


async def test_who_is_in_no_known_group_is_refused(rest: Serving) -> None:
    assert (await log_in(rest, "eve-visitors")).status_code == 401
    assert await rest.accounts.users(TENANT_ID, count_max=10) == []


async def test_an_answer_is_good_in_its_browser_alone_and_once(rest: Serving) -> None:
    start = await rest.client.get("/api/v1/oidc/start")
    address = await at_provider(start.headers["location"], "ada-staff")
    async with rest.as_("") as other:
        assert (await other.get(address)).status_code == 401
        await other.get("/api/v1/oidc/start")
        assert (await other.get(address)).status_code == 401
    state = parse_qs(urlsplit(address).query)["state"][0]
    forged = address.replace(state, "x" * len(state))
    assert (await rest.client.get(forged)).status_code == 401
    kept = dict(rest.client.cookies)
    assert (await rest.client.get(address)).status_code == 302
    rest.client.cookies.update(kept)
    assert (await rest.client.get(address)).status_code == 401


async def test_the_address_asks_for_a_code_with_all_that_protects_it(rest: Serving) -> None:
    start = await rest.client.get("/api/v1/oidc/start")
    query = parse_qs(urlsplit(start.headers["location"]).query)
    assert query["response_type"] == ["code"]
    assert query["code_challenge_method"] == ["S256"]
    assert {"state", "nonce", "code_challenge"} <= set(query)
    assert "HttpOnly" in start.headers["set-cookie"]


async def test_a_refusal_of_the_provider_logs_nobody_in(rest: Serving) -> None:
    await rest.client.get("/api/v1/oidc/start")
    answer = await rest.client.get("/api/v1/oidc/callback?error=access_denied&state=x")
    assert answer.status_code == 401
