"""Finding transactions: by what people have in hand, in any order, page by page."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.transactions.tables import COLUMNS
from chargeplane.domain.transactions import SessionState
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.rest import keyset
from chargeplane.runtime.store import Row, Rows, Store
from tests.csms.making import NOW
from tests.csms.rest import client
from tests.csms.transactions.test_figures import HOUR, session


def with_values(row: Row, **values: Any) -> Row:
    """The same transaction with other values in some columns."""
    sink, given = row
    named = dict(zip(COLUMNS, given, strict=True)) | values
    return sink, tuple(named[name] for name in COLUMNS)


ROWS = (
    with_values(
        session(1, NOW - 5 * HOUR, NOW - 4 * HOUR, 9_000, station_id="ALPHA"),
        id_token="Anna1", id_token_key="anna1",
    ),
    with_values(
        session(2, NOW - 4 * HOUR, NOW - 3 * HOUR, 10_000, "repaired", station_id="BETA"),
        remarks='[{"kind": "sequence_gap", "reason": "3 is missing"}]',
    ),
    session(3, NOW - 3 * HOUR, NOW - 2 * HOUR, 10_000, station_id="ALPHA"),
    # Told late: it had begun before the others.
    with_values(
        session(4, NOW - 2 * HOUR, None, 0.5, station_id="100%"), started_at=NOW - 9 * HOUR
    ),
)  # fmt: skip

ORDERS = {
    "id": "w1 w2 w3 w4",
    "-id": "w4 w3 w2 w1",
    "started_at": "w4 w1 w2 w3",
    "-started_at": "w3 w2 w1 w4",
    "station_id": "w4 w1 w3 w2",
    "-station_id": "w2 w3 w1 w4",
    "energy_wh": "w4 w1 w2 w3",
    "-energy_wh": "w3 w2 w1 w4",
}


@pytest.fixture
async def rest(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    await store.write(Rows(ROWS))
    async with client(store, *CentralSystem(store, SystemClock()).routes) as opened:
        yield opened


async def found(rest: httpx.AsyncClient, **query: Any) -> list[str]:
    answer = await rest.get("/transactions", params=query)
    assert answer.status_code == 200, answer.text
    return [each["wire_id"] for each in answer.json()["items"]]


async def test_it_is_found_by_a_part_of_what_is_known(rest: httpx.AsyncClient) -> None:
    assert await found(rest, search="alph") == ["w3", "w1"]
    assert await found(rest, search="NNA") == ["w1"]
    assert await found(rest, search="W2") == ["w2"]
    assert await found(rest, search="%") == ["w4"]
    assert await found(rest, search="nobody") == []
    newest = (await rest.get("/transactions")).json()["items"][0]
    assert await found(rest, search=newest["id"].upper()) == ["w4"]
    assert await found(rest, search="\ud800".encode("utf-8", "replace").decode() + "\0") == []


async def test_filters_hold_together(rest: httpx.AsyncClient) -> None:
    assert await found(rest, state="repaired") == ["w2"]
    assert await found(rest, state="ended", station_id="ALPHA") == ["w3", "w1"]
    assert await found(rest, remarks=True) == ["w2"]
    assert await found(rest, remarks=False, active=False) == ["w3", "w1"]
    span = {"from": (NOW - 5 * HOUR).isoformat(), "to": (NOW - 3 * HOUR).isoformat()}
    assert await found(rest, **span) == ["w2", "w1"]
    assert await found(rest, search="alpha", id_token="ANNA1") == ["w1"]
    for wrong in ({"state": "odd"}, {"sort": "cost"}, {"search": "x" * 101}):
        assert (await rest.get("/transactions", params=wrong)).status_code == 400, wrong


async def test_pages_in_any_order_hold_each_once(rest: httpx.AsyncClient) -> None:
    for (sort, expected), limit in itertools.product(ORDERS.items(), (1, 3)):
        query: dict[str, Any] = {"sort": sort, "limit": limit}
        seen: list[str] = []
        while query.get("cursor", "") is not None:
            page = (await rest.get("/transactions", params=query)).json()
            seen += [each["wire_id"] for each in page["items"]]
            query["cursor"] = page["next"]
        assert seen == expected.split(), sort


async def test_a_cursor_of_another_order_is_refused(rest: httpx.AsyncClient) -> None:
    page = (await rest.get("/transactions", params={"sort": "station_id", "limit": 1})).json()
    query = {"sort": "energy_wh", "cursor": page["next"]}
    assert (await rest.get("/transactions", params=query)).status_code == 400


async def test_they_are_counted_up_to_a_bound(
    rest: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def total(**query: Any) -> int | None:
        told: int | None = (await rest.get("/transactions", params=query)).json()["total"]
        return told

    assert await total() is None
    assert await total(count=True, limit=1) == 4
    assert await total(count=True, state=str(SessionState.REPAIRED)) == 1
    monkeypatch.setattr(keyset, "COUNT_MAX", 3)
    assert await total(count=True) is None
    assert await total(count=True, **{"from": (NOW - timedelta(hours=5)).isoformat()}) == 3
