"""REST: id tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from chargeplane.csms.authorization import api
from chargeplane.domain.tokens import CUT, IdToken, TokenStatus
from chargeplane.runtime.store import Store
from tests.csms.authorization.making import add, authorizer, found, token
from tests.csms.making import station
from tests.csms.rest import client


@pytest.fixture
async def rest(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    async with client(store, api.routes()) as opened:
        yield opened


async def test_a_token_that_was_added_may_charge(rest: httpx.AsyncClient, store: Store) -> None:
    body = {
        "token": "AbC",
        "type": "ISO14443",
        "group_id": "fleet",
        "expires_at": "2030-01-01T00:00:00+01:00",
        "station_ids": ["CP1"],
        "transactions_max": 2,
        "note": "pool car",
    }
    answer = await rest.post("/id-tokens", json=body)
    assert answer.status_code == 201
    made = answer.json()
    assert made["status"] == "accepted"
    assert made["expires_at"] == "2029-12-31T23:00:00Z"
    assert {name: made[name] for name in body if name != "expires_at"} == {
        name: value for name, value in body.items() if name != "expires_at"
    }
    decided = await authorizer(store)(station(), IdToken("abc"))
    assert (decided.status, decided.group_id) == (TokenStatus.ACCEPTED, "fleet")
    assert (await rest.get("/id-tokens/ABC")).json()["token"] == "AbC"


async def test_a_token_that_is_known_is_not_added_twice(rest: httpx.AsyncClient) -> None:
    assert (await rest.post("/id-tokens", json={"token": "ABC"})).status_code == 201
    again = await rest.post("/id-tokens", json={"token": "abc", "status": "blocked"})
    assert again.status_code == 409
    assert (await rest.get("/id-tokens/abc")).json()["status"] == "accepted"


async def test_an_unknown_token_is_listed_and_adopted(
    rest: httpx.AsyncClient, store: Store
) -> None:
    await add(store, token(key="old", value="OLD"))
    await authorizer(store)(station(), IdToken("NEW"))
    unknown = (await rest.get("/id-tokens", params={"status": "unknown"})).json()
    assert [each["token"] for each in unknown["items"]] == ["NEW"]
    assert unknown["items"][0]["last_seen_station_id"] == "CP1"
    assert (await rest.post("/id-tokens", json={"token": "new"})).status_code == 201
    kept = await found(store, "new")
    assert kept is not None
    assert kept.status is TokenStatus.ACCEPTED
    assert kept.first_seen_at is not None
    assert (await rest.get("/id-tokens", params={"status": "unknown"})).json()["items"] == []


async def test_a_change_leaves_the_rest_as_it_was(rest: httpx.AsyncClient) -> None:
    await rest.post("/id-tokens", json={"token": "ABC", "group_id": "fleet", "note": "x"})
    answer = await rest.patch("/id-tokens/abc", json={"status": "blocked", "note": None})
    assert answer.status_code == 200
    changed = answer.json()
    assert (changed["status"], changed["group_id"], changed["note"]) == ("blocked", "fleet", None)
    assert (await rest.patch("/id-tokens/abc", json={})).json() == changed


async def test_a_token_that_was_removed_is_gone(rest: httpx.AsyncClient) -> None:
    await rest.post("/id-tokens", json={"token": "ABC"})
    assert (await rest.delete("/id-tokens/abc")).status_code == 204
    for answer in (
        await rest.get("/id-tokens/abc"),
        await rest.delete("/id-tokens/abc"),
        await rest.patch("/id-tokens/abc", json={"note": "x"}),
    ):
        assert answer.status_code == 404


async def test_the_list_comes_in_pages(rest: httpx.AsyncClient) -> None:
    for name in ("b", "A", "c"):
        await rest.post("/id-tokens", json={"token": name})
    seen, cursor = list[str](), None
    while True:
        params: dict[str, Any] = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await rest.get("/id-tokens", params=params)).json()
        seen += [each["token"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == ["A", "b", "c"]


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("token", {}),
        ("token", {"token": ""}),
        ("token", {"token": "x" * 256}),
        ("token", {"token": f"abc{CUT}"}),
        ("status", {"token": "abc", "status": "unknown"}),
        ("status", {"token": "abc", "status": "concurrent_transaction"}),
        ("expires_at", {"token": "abc", "expires_at": "2030-01-01T00:00:00"}),
        ("transactions_max", {"token": "abc", "transactions_max": 0}),
        ("password", {"token": "abc", "password": "x"}),
    ],
    ids=["none", "empty", "long", "cut", "unknown", "concurrent", "naive", "zero", "foreign"],
)
async def test_what_is_no_token_is_refused_by_its_field(
    sqlite_store: Store, field: str, body: dict[str, Any]
) -> None:
    async with client(sqlite_store, api.routes()) as rest:
        answer = await rest.post("/id-tokens", json=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert field in answer.text


async def test_text_that_no_database_takes_does_no_harm(rest: httpx.AsyncClient) -> None:
    answer = await rest.post("/id-tokens", json={"token": "a\0b", "note": "n\0"})
    assert answer.status_code == 201
    assert (await rest.get("/id-tokens/a%00b")).json()["note"] == "n␀"


async def test_who_may_only_read_changes_nothing(sqlite_store: Store) -> None:
    async with client(sqlite_store, api.routes(), role="viewer") as reader:
        assert (await reader.get("/id-tokens")).status_code == 200
        assert (await reader.post("/id-tokens", json={"token": "A"})).status_code == 403
