"""The map: which sites are on it, and how their stations are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import Connection

from chargeplane.csms import site
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import CONNECTOR_SINK, Known
from chargeplane.csms.site import map as drawn
from chargeplane.csms.site import places, tables
from chargeplane.csms.site.map import Atlas, PlaceQuery
from chargeplane.csms.site.places import STATES, state_of
from chargeplane.domain.events import ConnectorStatusChanged, MeterSampled
from chargeplane.runtime.rest import Problem
from chargeplane.runtime.store import Function, Rows, Store
from tests.csms.making import NOW, TENANT_ID
from tests.csms.rest import client

SITES: list[dict[str, Any]] = [
    {"id": "berlin", "name": "Berlin", "latitude": 52.5, "longitude": 13.4},
    {"id": "equator", "name": "Null", "latitude": 0.0, "longitude": 0.0},
    {"id": "empty", "name": "Empty", "latitude": 1.0, "longitude": 1.0},
    {"id": "nowhere", "name": "Nowhere", "address": "a street"},
]
STATIONS = [
    ("B1", "berlin", Registration.ACCEPTED, ["charging", "available"]),
    ("B2", "berlin", Registration.ACCEPTED, ["faulted"]),
    ("B3", "berlin", Registration.ACCEPTED, ["available"]),
    ("E1", "equator", Registration.PENDING, []),
    ("N1", "nowhere", Registration.ACCEPTED, []),
    ("U1", None, Registration.ACCEPTED, []),
    ("U2", "unheard-of", Registration.ACCEPTED, []),
]
HERE = {"B1", "B2", "E1"}
DRAWING = frozenset({"B1", "E1"})


def fill(connection: Connection) -> None:
    for each in SITES:
        tables.add(connection, TENANT_ID, {"address": None, **each, "created_at": NOW})
    for id_, site_id, registration, _ in STATIONS:
        known = Known(TENANT_ID, id_, 0, None, registration, 0)
        register(connection, known, NOW, site_id=site_id)


@pytest.fixture
async def atlas(store: Store) -> Atlas:
    await store.write(Function(fill))
    rows = [
        (CONNECTOR_SINK, (TENANT_ID, id_, evse, 1, status, None, None, None, NOW, NOW))
        for id_, _, _, statuses in STATIONS
        for evse, status in enumerate(statuses, 1)
    ]
    await store.write(Rows(tuple(rows)))
    return Atlas(store, lambda tenant_id, station_id: station_id in HERE, lambda tenant_id: DRAWING)


@pytest.fixture
async def operator(store: Store, atlas: Atlas) -> AsyncIterator[httpx.AsyncClient]:
    block = site.block(
        store, lambda tenant_id, station_id: station_id in HERE, lambda tenant_id: DRAWING
    )
    async with client(store, *block.routes) as asked:
        yield asked


async def shown(atlas: Atlas, sites: frozenset[str] | None = None, **query: Any) -> dict[str, Any]:
    page = await atlas.read(TENANT_ID, PlaceQuery(**query), sites)
    return {place.id: place.states for place in page.items}


async def test_a_map_shows_sites_with_a_place_and_counts_the_stations_that_have_none(
    operator: httpx.AsyncClient,
) -> None:
    answer = (await operator.get("/places")).json()
    assert answer["items"][0] == {
        "id": "berlin",
        "name": "Berlin",
        "address": None,
        "latitude": 52.5,
        "longitude": 13.4,
        "states": {"faulted": 1, "disconnected": 1, "charging": 1},
        "stations": [
            {"id": "B2", "name": None, "state": "faulted"},
            {"id": "B3", "name": None, "state": "disconnected"},
            {"id": "B1", "name": None, "state": "charging"},
        ],
    }
    assert [each["id"] for each in answer["items"]] == ["berlin", "equator"]
    assert (answer["left_out"], answer["unplaced"]) == (0, 3)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=b1", {"berlin": {"charging": 1}}),
        ("status=faulted", {"berlin": {"faulted": 1}}),
        ("status=available&connected=true", {"berlin": {"charging": 1}}),
        ("connected=false", {"berlin": {"disconnected": 1}}),
        ("registration=pending", {"equator": {"pending": 1}}),
        ("site_id=equator", {"equator": {"pending": 1}}),
        ("version=1.6", {}),
    ],
    ids=range(7),
)
async def test_a_map_is_filtered_as_the_list_is(
    operator: httpx.AsyncClient, query: str, found: dict[str, Any]
) -> None:
    answer = (await operator.get(f"/places?{query}")).json()
    assert {each["id"]: each["states"] for each in answer["items"]} == found


async def test_whoever_is_limited_to_sites_sees_these_alone(atlas: Atlas) -> None:
    assert await shown(atlas, frozenset({"equator", "nowhere"})) == {"equator": {"pending": 1}}
    page = await atlas.read(TENANT_ID, PlaceQuery(), frozenset({"equator", "nowhere"}))
    assert page.unplaced == 1
    assert await shown(atlas, frozenset()) == {}
    assert await shown(atlas, frozenset({"equator"}), site_id="berlin") == {}


async def test_another_tenant_has_a_map_of_its_own(atlas: Atlas) -> None:
    page = await atlas.read(UUID(int=77), PlaceQuery())
    assert (page.items, page.unplaced) == ([], 0)


async def test_of_a_large_site_the_worst_are_named_and_of_too_many_sites_the_first_are_shown(
    atlas: Atlas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "PLACES_MAX", 1)
    monkeypatch.setattr(places, "NAMED_MAX", 2)
    page = await atlas.read(TENANT_ID, PlaceQuery())
    assert [each.id for each in page.items] == ["berlin"]
    assert [each.id for each in page.items[0].stations] == ["B2", "B3"]
    assert sum(page.items[0].states.values()) == 3
    assert (page.left_out, page.unplaced) == (1, 3)


@pytest.mark.parametrize(
    ("registration", "statuses", "state"),
    [
        ("accepted", {}, "available"),
        ("accepted", {0: {"faulted"}, 1: {"charging"}}, "faulted"),
        ("accepted", {1: {"charging"}, 2: {"faulted"}}, "faulted"),
        ("accepted", {1: {"charging"}, 2: {"unavailable"}}, "charging"),
        ("accepted", {1: {"reserved"}, 2: {"available"}}, "occupied"),
        ("accepted", {1: {"suspended_ev"}}, "occupied"),
        ("accepted", {1: {"suspended_evse"}}, "available"),
        ("accepted", {1: {"unavailable"}, 2: {"unavailable"}}, "unavailable"),
        ("accepted", {1: {"unavailable"}, 2: {"available"}}, "available"),
        ("accepted", {0: {"unavailable"}, 1: {"available"}}, "unavailable"),
        ("pending", {1: {"faulted"}}, "pending"),
        ("rejected", {}, "rejected"),
    ],
    ids=range(12),
)
def test_a_station_is_the_worst_that_is_true_of_it(
    registration: str, statuses: dict[int, set[str]], state: str
) -> None:
    assert state_of(registration, True, statuses, is_drawing=False) == state
    assert state_of(registration, False, statuses, is_drawing=True) == "disconnected"
    assert state in STATES


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        ({}, "charging"),
        ({1: {"occupied"}}, "charging"),
        ({1: {"unavailable"}}, "charging"),
        ({1: {"occupied"}, 2: {"faulted"}}, "faulted"),
    ],
    ids=range(4),
)
def test_a_station_that_draws_power_is_charging_whatever_its_connectors_do_not_say(
    statuses: dict[int, set[str]], state: str
) -> None:
    assert state_of("accepted", True, statuses, is_drawing=True) == state
    assert state_of("pending", True, statuses, is_drawing=True) == "pending"


async def test_the_live_map_is_read_again_when_a_station_changes_and_not_when_it_measures(
    atlas: Atlas,
) -> None:
    view = atlas.view
    page: Any = await view.read(TENANT_ID, view.parse({"search": "e1"}), None)
    assert [view.key(each) for each in page.items] == ["equator"] if view.key else False
    assert ConnectorStatusChanged in view.reshapes
    assert MeterSampled not in view.reshapes
    with pytest.raises(Problem):
        view.parse({"limit": 5})
    assert view.pause_s == drawn.PAUSE_S
