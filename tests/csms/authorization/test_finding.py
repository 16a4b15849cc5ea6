"""Finding id tokens: by what people have in hand, in any order, page by page."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from chargeplane.csms.authorization import api
from chargeplane.domain.tokens import TokenStatus
from chargeplane.runtime.rest import keyset
from chargeplane.runtime.store import Store
from tests.csms.authorization.making import add, token
from tests.csms.making import NOW
from tests.csms.rest import client

HOUR = timedelta(hours=1)
TOKENS = (
    token(key="anna", value="Anna", note="Spare 100%", last_seen_at=NOW - HOUR),
    token(key="bob", value="BOB", group_id="Fleet", expires_at=NOW + HOUR, last_seen_at=NOW),
    token(key="cleo", value="Cleo", status=TokenStatus.BLOCKED, expires_at=NOW + 2 * HOUR),
    token(key="straße", value="STRASSE", group_id="fleet", last_seen_at=NOW - HOUR),
)

ORDERS = {
    "token": "Anna BOB Cleo STRASSE",
    "-token": "STRASSE Cleo BOB Anna",
    "expires_at": "BOB Cleo Anna STRASSE",
    "-expires_at": "STRASSE Anna Cleo BOB",
    "last_seen_at": "Cleo Anna STRASSE BOB",
    "-last_seen_at": "BOB STRASSE Anna Cleo",
}


@pytest.fixture
async def rest(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    for each in TOKENS:
        await add(store, each)
    async with client(store, api.routes()) as opened:
        yield opened


async def found(rest: httpx.AsyncClient, **query: Any) -> list[str]:
    answer = await rest.get("/id-tokens", params=query)
    assert answer.status_code == 200, answer.text
    return [each["token"] for each in answer.json()["items"]]


async def test_it_is_found_by_a_part_of_what_is_known(rest: httpx.AsyncClient) -> None:
    assert await found(rest, search="NN") == ["Anna"]
    assert await found(rest, search="fleet") == ["BOB", "STRASSE"]
    assert await found(rest, search="spare") == ["Anna"]
    assert await found(rest, search="%") == ["Anna"]
    assert await found(rest, search="_") == []
    assert await found(rest, search="\0") == []
    assert await found(rest, search="e", status="blocked") == ["Cleo"]
    for wrong in ({"sort": "note"}, {"search": "x" * 101}, {"search": ""}):
        assert (await rest.get("/id-tokens", params=wrong)).status_code == 400, wrong


async def test_pages_in_any_order_hold_each_once(rest: httpx.AsyncClient) -> None:
    for (sort, expected), limit in itertools.product(ORDERS.items(), (1, 3)):
        query: dict[str, Any] = {"sort": sort, "limit": limit}
        seen: list[str] = []
        while query.get("cursor", "") is not None:
            page = (await rest.get("/id-tokens", params=query)).json()
            seen += [each["token"] for each in page["items"]]
            query["cursor"] = page["next"]
        assert seen == expected.split(), sort


async def test_a_cursor_of_another_order_is_refused(rest: httpx.AsyncClient) -> None:
    page = (await rest.get("/id-tokens", params={"sort": "token", "limit": 1})).json()
    query = {"sort": "expires_at", "cursor": page["next"]}
    assert (await rest.get("/id-tokens", params=query)).status_code == 400


async def test_they_are_counted_up_to_a_bound(
    rest: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def total(**query: Any) -> int | None:
        told: int | None = (await rest.get("/id-tokens", params=query)).json()["total"]
        return told

    assert await total() is None
    assert await total(count=True, limit=1) == 4
    assert await total(count=True, status="accepted", search="fleet") == 2
    monkeypatch.setattr(keyset, "COUNT_MAX", 3)
    assert await total(count=True) is None
    assert await total(count=True, status="accepted") == 3
