"""Sites: made, shown, changed, removed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update

from chargeplane.csms import site
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known, stations
from chargeplane.csms.site import tables
from chargeplane.runtime.store import Function, Store
from tests.csms.making import NOW, TENANT_ID
from tests.csms.rest import client

BERLIN = {
    "id": "north",
    "name": "Nordhof",
    "address": "Straße 1, Berlin",
    "latitude": 52.5,
    "longitude": 13.4,
    "time_zone": "Europe/Berlin",
    "note": "ring twice",
}


def nobody_draws(tenant_id: UUID) -> frozenset[str]:
    return frozenset()


def nobody_is_here(tenant_id: UUID, station_id: str) -> bool:
    return False


@pytest.fixture
async def operator(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    async with client(store, *site.block(store, nobody_is_here, nobody_draws).routes) as asked:
        yield asked


async def stand_at(store: Store, site_id: str) -> None:
    known = Known(TENANT_ID, "CP1", 0, None, Registration.ACCEPTED, 0)
    await store.write(Function(lambda c: register(c, known, NOW)))
    put = update(stations).values(site_id=site_id)
    await store.write(Function(lambda c: c.execute(put).rowcount))


async def test_a_site_is_made_shown_changed_and_removed(operator: httpx.AsyncClient) -> None:
    made = await operator.post("/sites", json=BERLIN)
    assert made.status_code == 201, made.text
    assert made.json() == BERLIN | {"created_at": made.json()["created_at"], "stations_count": 0}
    assert (await operator.get("/sites/north")).json() == made.json()
    changed = await operator.patch("/sites/north", json={"name": "Hof", "note": None})
    assert changed.json() == made.json() | {"name": "Hof", "note": None}
    assert (await operator.get("/sites")).json() == {"items": [changed.json()], "next": None}
    assert (await operator.delete("/sites/north")).status_code == 204
    for answer in (
        await operator.get("/sites/north"),
        await operator.patch("/sites/north", json={"name": "X"}),
        await operator.delete("/sites/north"),
    ):
        assert answer.status_code == 404


async def test_an_id_is_made_if_none_is_given_and_never_given_twice(
    operator: httpx.AsyncClient,
) -> None:
    first = (await operator.post("/sites", json={"name": "A"})).json()
    assert len(first["id"]) == 36
    again = await operator.post("/sites", json={"id": first["id"], "name": "B"})
    assert (again.status_code, again.json()["type"].split(":")[-1]) == (409, "site-exists")


async def test_a_site_with_stations_stays(operator: httpx.AsyncClient, store: Store) -> None:
    await operator.post("/sites", json=BERLIN)
    await stand_at(store, "north")
    assert (await operator.get("/sites/north")).json()["stations_count"] == 1
    answer = await operator.delete("/sites/north")
    assert (answer.status_code, answer.json()["type"].split(":")[-1]) == (409, "site-has-stations")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"latitude": 91},
        {"longitude": -181},
        {"time_zone": "Europe/Atlantis"},
        {"id": "a/b"},
        {"id": "a b"},
        {"colour": "red"},
    ],
    ids=range(7),
)
async def test_a_site_that_cannot_be_is_refused(
    operator: httpx.AsyncClient, wrong: dict[str, Any]
) -> None:
    assert (await operator.post("/sites", json=BERLIN | wrong)).status_code == 400
    assert (await operator.get("/sites")).json()["items"] == []


async def test_sites_come_in_pages(operator: httpx.AsyncClient) -> None:
    for name in "cab":
        await operator.post("/sites", json={"id": name, "name": name})
    first = (await operator.get("/sites?limit=2")).json()
    last = (await operator.get(f"/sites?limit=2&cursor={first['next']}")).json()
    assert [each["id"] for each in first["items"] + last["items"]] == ["a", "b", "c"]
    assert last["next"] is None


async def test_who_only_looks_changes_nothing(operator: httpx.AsyncClient, store: Store) -> None:
    await operator.post("/sites", json=BERLIN)
    async with client(
        store, *site.block(store, nobody_is_here, nobody_draws).routes, role="viewer"
    ) as viewer:
        assert (await viewer.get("/sites/north")).status_code == 200
        for answer in (
            await viewer.post("/sites", json={"name": "X"}),
            await viewer.patch("/sites/north", json={"name": "X"}),
            await viewer.delete("/sites/north"),
        ):
            assert answer.status_code == 403


async def test_somebody_who_is_limited_to_sites_sees_only_these(
    operator: httpx.AsyncClient, store: Store
) -> None:
    for name in "abc":
        await operator.post("/sites", json={"id": name, "name": name})
    only = frozenset({"a", "c", "z"})
    found = await store.read(lambda c: tables.after(c, TENANT_ID, count_max=9, only=only))
    assert [each.id for each in found] == ["a", "c"]
    assert await store.read(lambda c: tables.is_at(c, TENANT_ID, "a", only))
    assert not await store.read(lambda c: tables.is_at(c, TENANT_ID, "b", only))
