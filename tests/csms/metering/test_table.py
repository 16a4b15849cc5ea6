"""The table of meter values: every page is the next stretch of the same order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, insert

from chargeplane.csms.inventory import stations
from chargeplane.csms.metering import api, tables
from chargeplane.domain.metering import MeterValue
from chargeplane.runtime.store import Function, Row, Rows, Store, new_id
from tests.csms.making import NOW, TENANT_ID
from tests.csms.rest import client

MINUTE = timedelta(minutes=1)


def row(evse_id: int, minute: int, station_id: str = "CP1") -> Row:
    at = NOW + minute * MINUTE
    value = MeterValue(sampled_at=at, value=Decimal(minute))
    return tables.row(TENANT_ID, station_id, evse_id, at, (new_id(), NOW), (value,))


def add_station(connection: Connection) -> None:
    connection.execute(
        insert(stations).values(
            tenant_id=TENANT_ID,
            id="CP1",
            security_profile=0,
            registration="accepted",
            epoch=1,
            created_at=NOW,
        )
    )


@pytest.fixture
async def rest(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    rows = [row(evse_id, minute) for evse_id in (2, 0, 1) for minute in (3, 1, 2, 0)]
    rows += [row(1, 1), row(1, 0, "CP2")]  # two messages of one minute; another station
    await store.write(Function(add_station))
    await store.write(Rows(tuple(rows)))
    async with client(store, api.routes()) as opened:
        yield opened


async def places(rest: httpx.AsyncClient, **params: Any) -> list[tuple[int, int]]:
    """EVSE and minute of each item, over all pages."""
    seen = list[tuple[int, int]]()
    while True:
        answer = await rest.get("/stations/CP1/meter-values", params=params)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= params.get("limit", 100)
        seen += [(each["evse_id"], int(each["values"][0]["value"])) for each in page["items"]]
        if page["next"] is None:
            return seen
        params["cursor"] = page["next"]


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 100])
async def test_pages_of_any_length_show_each_row_once_in_order(
    rest: httpx.AsyncClient, limit: int
) -> None:
    expected = [(0, 0), (0, 1), (0, 2), (0, 3)]
    expected += [(1, 0), (1, 1), (1, 1), (1, 2), (1, 3)]
    expected += [(2, 0), (2, 1), (2, 2), (2, 3)]
    assert await places(rest, limit=limit) == expected


async def test_one_evse_and_a_stretch_of_time_can_be_asked_for(rest: httpx.AsyncClient) -> None:
    span = {"from": (NOW + MINUTE).isoformat(), "to": (NOW + 3 * MINUTE).isoformat()}
    assert await places(rest, **span, limit=2) == [
        (0, 1), (0, 2), (1, 1), (1, 1), (1, 2), (2, 1), (2, 2)
    ]  # fmt: skip
    assert await places(rest, **span, evse_id=1, limit=1) == [(1, 1), (1, 1), (1, 2)]
    assert await places(rest, evse_id=7) == []


async def test_a_value_is_shown_with_all_that_is_known_of_it(rest: httpx.AsyncClient) -> None:
    answer = await rest.get("/stations/CP1/meter-values", params={"limit": 1})
    (item,) = answer.json()["items"]
    assert (item["evse_id"], item["sampled_at"]) == (0, "2026-11-21T12:00:00Z")
    assert item["values"][0] == {
        "sampled_at": "2026-11-21T12:00:00Z",
        "value": 0.0,
        "unit": "Wh",
        "measurand": "Energy.Active.Import.Register",
        "context": "Sample.Periodic",
        "location": "Outlet",
        "phase": None,
        "multiplier": 0,
        "signed_data": None,
    }


@pytest.mark.parametrize("name", ["CP2", "nobody", "%00"])
async def test_a_station_that_is_not_there_is_not_found(rest: httpx.AsyncClient, name: str) -> None:
    assert (await rest.get(f"/stations/{name}/meter-values")).status_code == 404


@pytest.mark.parametrize(
    "cursor", ["x", "WzEsMl0", "Wzk5OTk5OTk5OTksIjIwMjYtMTEtMjFUMTI6MDA6MDAiLCIxIl0"]
)
async def test_a_cursor_of_another_list_is_refused(rest: httpx.AsyncClient, cursor: str) -> None:
    answer = await rest.get("/stations/CP1/meter-values", params={"cursor": cursor})
    assert answer.status_code == 400


async def test_evses_are_found_step_by_step_and_not_by_reading_their_rows(store: Store) -> None:
    await store.write(Rows(tuple(row(evse_id, 0) for evse_id in (0, 3, 900))))
    found = await store.read(lambda c: [*tables._evses(c, TENANT_ID, "CP1", None, 0)])
    assert found == [0, 3, 900]
    assert await store.read(lambda c: [*tables._evses(c, TENANT_ID, "CP1", None, 4)]) == [900]
