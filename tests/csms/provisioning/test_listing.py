"""Finding stations: search, facets, order, pages; and the inbox."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, update

from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register, remember_unknown
from chargeplane.csms.inventory import CONNECTOR_SINK, Known, stations
from chargeplane.csms.provisioning.directory import Directory
from chargeplane.csms.provisioning.listing import StationQuery, Stations
from chargeplane.domain.events import MeterSampled, StationBooted
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import Function, Rows
from tests.csms.making import NOW, TENANT_ID
from tests.csms.provisioning.conftest import World

FLEET: list[dict[str, Any]] = [
    {"id": "A1", "name": "Yard", "ocpp_version": "1.6", "vendor": "Acme", "site_id": "north"},
    {"id": "A2", "name": "yard 2", "ocpp_version": "2.0.1", "vendor": "Acme", "site_id": "north"},
    {"id": "B1", "name": None, "ocpp_version": "2.0.1", "vendor": "Volt_100%", "site_id": "south"},
    {"id": "B2", "name": "Roof", "ocpp_version": None, "vendor": None, "site_id": None},
]
STATUSES = [("A1", 1, "charging"), ("A1", 2, "faulted"), ("A2", 1, "faulted"), ("B1", 1, "faulted")]


def seen_at(number: int) -> datetime | None:
    return NOW + timedelta(minutes=number % 3) if number < 3 else None


def fill(connection: Connection) -> None:
    for number, facts in enumerate(FLEET):
        wanted = Registration.PENDING if facts["id"] == "B2" else Registration.ACCEPTED
        known = Known(TENANT_ID, facts["id"], 0, None, wanted, 0)
        register(connection, known, NOW - timedelta(days=number))
        values = {**facts, "last_seen_at": seen_at(number)}
        connection.execute(update(stations).where(stations.c.id == facts["id"]).values(values))


@pytest.fixture
async def fleet(world: World) -> World:
    await world.store.write(Function(fill))
    rows = [
        (CONNECTOR_SINK, (TENANT_ID, id_, evse, 1, status, None, None, None, NOW, NOW))
        for id_, evse, status in STATUSES
    ]
    await world.store.write(Rows(tuple(rows)))
    world.connected |= {(TENANT_ID, "A1"), (TENANT_ID, "B1")}
    return world


async def ids(world: World, query: str) -> list[str]:
    answer = await world.operator.get(f"/stations?{query}")
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["items"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=YARD", ["A1", "A2"]),
        ("search=acme&version=1.6", ["A1"]),
        ("search=%25", ["B1"]),
        ("search=_", ["B1"]),
        ("status=faulted", ["A1", "A2", "B1"]),
        ("status=faulted&connected=true", ["A1", "B1"]),
        ("connected=false", ["A2", "B2"]),
        ("registration=pending", ["B2"]),
        ("site_id=north&connected=false", ["A2"]),
        ("sort=-id", ["B2", "B1", "A2", "A1"]),
        ("sort=name", ["B1", "B2", "A1", "A2"]),
        ("sort=-last_seen_at", ["B1", "A2", "A1", "B2"]),
        ("sort=created_at", ["B2", "B1", "A2", "A1"]),
    ],
)
async def test_stations_are_found_and_sorted(fleet: World, query: str, found: list[str]) -> None:
    assert await ids(fleet, query) == found


@pytest.mark.parametrize(
    "query",
    [
        f"sort={way}{name}{more}"
        for name in ("id", "name", "last_seen_at", "created_at")
        for way in ("", "-")
        for more in ("", "&connected=true", "&status=faulted")
    ],
)
async def test_pages_put_together_are_the_whole_list_in_any_order(fleet: World, query: str) -> None:
    whole = await ids(fleet, query)
    assert whole
    parts: list[str] = []
    cursor = ""
    while True:
        page = (await fleet.operator.get(f"/stations?{query}&limit=1{cursor}")).json()
        parts += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert parts == whole


async def test_a_cursor_of_another_order_is_refused(fleet: World) -> None:
    page = (await fleet.operator.get("/stations?sort=name&limit=1")).json()
    answer = await fleet.operator.get(f"/stations?sort=created_at&cursor={page['next']}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "cursor"


async def test_an_order_that_is_not_there_is_refused(fleet: World) -> None:
    for query in ("sort=colour", "status=happy", "registration=maybe", "search="):
        assert (await fleet.operator.get(f"/stations?{query}")).status_code == 400


async def test_facets_count_what_search_and_site_find_whatever_else_is_chosen(
    fleet: World,
) -> None:
    page = (await fleet.operator.get("/stations?facets=true&status=charging&limit=1")).json()
    assert page["facets"] == {
        "total": 4,
        "connected": 2,
        "disconnected": 2,
        "status": {"charging": 1, "faulted": 3},
        "version": {"1.6": 1, "2.0.1": 2},
        "registration": {"accepted": 3, "pending": 1},
        "site_id": {"north": 2, "south": 1},
    }
    narrow = (await fleet.operator.get("/stations?facets=true&search=acme")).json()["facets"]
    assert (narrow["total"], narrow["status"]) == (2, {"charging": 1, "faulted": 2})
    assert "facets" not in (await fleet.operator.get("/stations")).json()


async def test_another_tenant_finds_and_counts_nothing(fleet: World) -> None:
    page = (await fleet.clients["stranger"].get("/stations?facets=true")).json()
    assert (page["items"], page["facets"]["total"], page["facets"]["status"]) == ([], 0, {})


async def test_a_station_of_the_inbox_is_dismissed_until_it_comes_again(world: World) -> None:
    work = partial(
        remember_unknown,
        tenant_id=TENANT_ID,
        identity="NEW1",
        remote_host="192.0.2.7",
        subprotocols=("ocpp1.6",),
        now=NOW,
    )
    await world.store.write(Function(work))
    path = "/unknown-stations/NEW1"
    assert (await world.clients["viewer"].delete(path)).status_code == 403
    assert (await world.clients["stranger"].delete(path)).status_code == 404
    assert (await world.operator.delete(path)).status_code == 204
    assert (await world.operator.get("/unknown-stations")).json()["items"] == []
    assert (await world.operator.delete(path)).status_code == 404
    await world.store.write(Function(work))
    assert len((await world.operator.get("/unknown-stations")).json()["items"]) == 1


async def test_the_views_show_what_the_routes_answer_with_what_flows_now(fleet: World) -> None:
    power_w = {"A1": 11_000.0}
    directory = Directory(fleet.store, SimulatedClock(NOW), lambda tenant_id, station_id: False)
    shown = Stations(directory, lambda tenant_id, station_id: power_w.get(station_id))
    many, one = shown.views
    query = StationQuery(items_max=2)
    page: Any = await many.read(TENANT_ID, query, None)
    rows: dict[str, Any] = {many.key(item): item for item in page.items} if many.key else {}
    assert [*rows] == ["A1", "A2"]
    assert many.rows is not None
    assert await many.rows(TENANT_ID, ["A1", "A2", "A9"], None) == rows
    assert rows["A1"].power_w == 11_000.0
    power_w["A1"] = 7_000.0
    assert many.freshen is not None
    fresh: Any = many.freshen(TENANT_ID, rows["A1"])
    assert fresh.power_w == 7_000.0
    found: Any = await one.read(TENANT_ID, one.parse({"id": "B1"}), None)
    assert found.id == "B1"
    assert (MeterSampled in many.light, StationBooted in many.light) == (True, False)


def test_only_a_page_whose_stations_depend_on_their_state_is_read_again_with_it() -> None:
    assert not StationQuery(site_id="north", sort="-name").is_volatile
    assert StationQuery(connected=False).is_volatile
    assert StationQuery(facets=True).is_volatile
