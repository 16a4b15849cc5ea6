"""The overview: what is wrong, what flows, what comes."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs
from sqlalchemy import Connection, update

from chargeplane.csms import overview
from chargeplane.csms.authorization import expiring
from chargeplane.csms.authorization import tables as tokens
from chargeplane.csms.contract import Registration
from chargeplane.csms.figures import Coming
from chargeplane.csms.gateway.admission import register, remember_unknown
from chargeplane.csms.inventory import CONNECTOR_SINK, Known, stations
from chargeplane.csms.overview import service
from chargeplane.csms.overview.api import Overviews
from chargeplane.csms.overview.service import DAY_S_MAX, NOW_S_MAX, Overview
from chargeplane.csms.pulse import Pulse
from chargeplane.csms.security import alerts
from chargeplane.csms.security.tables import EVENT_SINK
from chargeplane.csms.transactions import active_count, day
from chargeplane.domain.events import FirmwareStatusChanged, SecurityEventNoted
from chargeplane.domain.tokens import TokenStatus
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.rest import Sites
from chargeplane.runtime.store import Function, Row, Rows, Store, id_at
from tests.csms.making import NOW, TENANT_ID
from tests.csms.rest import client
from tests.csms.test_pulse import power, sampled
from tests.csms.transactions.test_figures import HOUR, session

FROM: dict[str, Any] = {
    "tenant_id": str(TENANT_ID),
    "station_id": "A",
    "reported_at": NOW,
    "received_at": NOW,
    "frame_id": "f",
}


def fill(connection: Connection) -> None:
    for name, registration, version in (
        ("A", Registration.ACCEPTED, "1.6"),
        ("B", Registration.ACCEPTED, "2.0.1"),
        ("C", Registration.ACCEPTED, None),
        ("D", Registration.PENDING, None),
    ):
        register(connection, Known(TENANT_ID, name, 0, None, registration, 0), NOW)
        values: dict[str, Any] = {"ocpp_version": version}
        if name == "B":
            values |= {"name": "Roof", "last_seen_at": NOW - HOUR}
        connection.execute(update(stations).where(stations.c.id == name).values(values))
    remember_unknown(
        connection,
        tenant_id=TENANT_ID,
        identity="X",
        remote_host="192.0.2.1",
        subprotocols=(),
        now=NOW,
    )
    for value, ends_in in (("SOON", timedelta(days=3)), ("LATER", timedelta(days=30))):
        token = {
            "key": value.casefold(),
            "value": value,
            "type": "",
            "status": TokenStatus.ACCEPTED,
            "transactions_max": 1,
            "created_at": NOW,
            "expires_at": NOW + ends_in,
        }
        tokens.add(connection, TENANT_ID, token)


class Scene:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = SimulatedClock(NOW)
        self.pulse = Pulse(self.clock)
        self.connected = {"A"}
        self.overview = Overview(
            store,
            self.clock,
            self.pulse,
            lambda tenant_id, station_id: station_id in self.connected,
            day,
            active_count,
            (expiring,),
        )

    async def begin(self) -> None:
        await self.store.write(Function(fill))
        rows = [
            session(1, NOW - HOUR, None, station_id="A"),
            session(2, NOW - HOUR, NOW - HOUR / 2, 0, station_id="A"),
        ]
        for station_id, evse_id, status in (("A", 1, "charging"), ("A", 2, "faulted")):
            row = (TENANT_ID, station_id, evse_id, 1, status, "E7", None, None, NOW, NOW)
            rows.append((CONNECTOR_SINK, row))
        await self.store.write(Rows(tuple(rows)))

    async def show(self) -> dict[str, Any]:
        async with client(self.store, *overview.block(self.overview).routes) as asked:
            answer = await asked.get("/overview")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown


@pytest.fixture
async def scene(store: Store) -> Scene:
    scene = Scene(store)
    await scene.begin()
    return scene


async def test_the_overview_tells_what_is_wrong_what_flows_and_what_comes(scene: Scene) -> None:
    scene.pulse.hear(sampled(power(7400), station_id="A"))
    shown = await scene.show()
    assert shown["totals"] == {
        "stations": 4,
        "connected": 1,
        "offline": 2,
        "pending": 1,
        "unknown": 1,
        "faulted": 1,
        "sessions": 1,
        "power_w": 7400.0,
        "by_version": {"1.6": 1},
        "by_status": {"charging": 1, "faulted": 1},
    }
    problems = shown["problems"]
    assert [(each["station_id"], each["since"]) for each in problems["offline"]] == [
        ("B", "2026-11-21T11:00:00Z"),
        ("C", None),
    ]
    [fault] = problems["faulted"]
    assert (fault["station_id"], fault["evse_id"], fault["error_code"]) == ("A", 2, "E7")
    [failing] = problems["failing_starts"]
    assert (failing["station_id"], failing["count"]) == ("A", 1)
    assert (problems["repairs"], len(shown["history"])) == ([], 24)
    assert [(each["kind"], each["subject"]) for each in shown["next"]] == [
        ("id-token-expires", "SOON")
    ]


async def test_what_is_slow_to_read_is_read_seldom_and_what_flows_is_told_at_once(
    scene: Scene,
) -> None:
    before = await scene.show()
    scene.connected.clear()
    await scene.store.write(Rows((session(3, NOW - HOUR, NOW, 0, station_id="B"),)))
    scene.pulse.hear(sampled(power(50), station_id="A"))
    soon = await scene.show()
    assert soon["totals"] == before["totals"] | {"power_w": 50.0}
    await scene.clock.advance(NOW_S_MAX)
    later = await scene.show()
    assert (later["totals"]["connected"], later["totals"]["offline"]) == (0, 3)
    assert len(later["problems"]["failing_starts"]) == 1
    await scene.clock.advance(DAY_S_MAX)
    assert len((await scene.show())["problems"]["failing_starts"]) == 2


async def test_what_comes_is_read_anew_when_something_of_it_has_changed(scene: Scene) -> None:
    coming: list[Coming] = []

    def read(connection: Connection, tenant_id: UUID, now: datetime, sites: Sites) -> list[Coming]:
        assert (tenant_id, now) == (TENANT_ID, scene.clock.now())
        return [each for each in coming if sites is None or "north" in sites]

    scene.overview = Overview(
        scene.store, scene.clock, scene.pulse, lambda *_: True, day, active_count, (expiring, read)
    )
    await scene.show()
    coming.append(Coming(NOW + HOUR, "reservation", "R", "A", NOW + 2 * HOUR))
    assert [each["kind"] for each in (await scene.show())["next"]] == ["id-token-expires"]
    scene.overview.hear(
        FirmwareStatusChanged(**FROM, update_id="u", firmware_version="2", state="installed")
    )
    first, second = (await scene.show())["next"]
    assert (first["kind"], first["subject"], first["station_id"]) == ("reservation", "R", "A")
    assert (first["until"], second["station_id"]) == ("2026-11-21T14:00:00Z", None)
    north = await scene.overview.coming(TENANT_ID, frozenset({"north"}))
    assert [each.kind for each in north] == ["reservation"]
    assert await scene.overview.coming(TENANT_ID, frozenset({"south"})) == ()


async def test_critical_security_events_are_wrong_now_and_told_at_once(scene: Scene) -> None:
    def event(station_id: str, severity: str, at: datetime, count: int = 1) -> Row:
        values = (
            TENANT_ID, id_at(at), station_id, "TamperDetectionActivated", "station", severity,
            None, None, count, at, at, None,
        )  # fmt: skip
        return (EVENT_SINK, values)

    scene.overview = Overview(
        scene.store, scene.clock, scene.pulse, lambda *_: True, day, active_count, (), alerts
    )
    assert (await scene.show())["problems"]["alerts"] == []
    rows = (
        event("A", "critical", NOW - 25 * HOUR),
        event("A", "critical", NOW - 3 * HOUR, 2),
        event("A", "critical", NOW - 2 * HOUR),
        event("B", "critical", NOW - HOUR),
        event("C", "warning", NOW - HOUR),
    )
    await scene.store.write(Rows(rows))
    assert (await scene.show())["problems"]["alerts"] == []
    kind = "TamperDetectionActivated"
    scene.overview.hear(
        SecurityEventNoted(**FROM, event_id="e", type=kind, severity="critical", origin="station")
    )
    assert (await scene.show())["problems"]["alerts"] == [
        {"station_id": "B", "type": kind, "count": 1, "last_at": "2026-11-21T11:00:00Z"},
        {"station_id": "A", "type": kind, "count": 3, "last_at": "2026-11-21T10:00:00Z"},
    ]
    assert await scene.overview.alerts(TENANT_ID, frozenset({"north"})) == []


async def test_the_live_view_answers_the_same_and_needs_no_parameters(scene: Scene) -> None:
    view = Overviews(scene.overview).view
    found: Any = await view.read(TENANT_ID, view.parse({}), None)
    assert found.totals.stations == (await scene.show())["totals"]["stations"]
    assert view.keys[type(sampled(power(Decimal(1))))](sampled()) == view.subject(None)


async def test_whoever_may_not_read_stations_sees_no_overview(scene: Scene) -> None:
    routes = overview.block(scene.overview).routes
    async with client(scene.store, *routes, role="nobody") as asked:
        assert (await asked.get("/overview")).status_code == 401
    async with client(scene.store, *routes, role="viewer") as asked:
        assert (await asked.get("/overview")).status_code == 200


async def test_whoever_is_limited_to_sites_has_an_overview_of_these(scene: Scene) -> None:
    def place(connection: Connection) -> int:
        for name, site_id in (("A", "north"), ("B", "south"), ("C", "south"), ("D", "west")):
            here = update(stations).where(stations.c.id == name)
            connection.execute(here.values(site_id=site_id))
        return 0

    await scene.store.write(Function(place))
    await scene.store.write(Rows((session(3, NOW - HOUR, NOW, 0, station_id="B"),)))
    scene.pulse.hear(sampled(power(7400), station_id="A"))
    scene.pulse.hear(sampled(power(50), station_id="B"))

    async def seen(*sites: str) -> Any:
        return await Overviews(scene.overview).read(TENANT_ID, sites=frozenset(sites))

    north, south = await seen("north"), await seen("south")
    assert (north.totals.stations, north.totals.connected, north.totals.power_w) == (1, 1, 7400.0)
    assert (north.totals.faulted, north.totals.sessions) == (1, 1)
    assert north.totals.by_status == {"charging": 1, "faulted": 1}
    assert [each.station_id for each in north.problems.failing_starts] == ["A"]
    assert (south.totals.stations, south.totals.connected, south.totals.power_w) == (2, 0, 50.0)
    assert (south.totals.faulted, south.totals.by_status) == (0, {})
    assert [each.station_id for each in south.problems.offline] == ["B", "C"]
    assert [each.station_id for each in south.problems.failing_starts] == ["B"]
    nothing = await seen()
    assert (nothing.totals.stations, nothing.totals.sessions, nothing.totals.power_w) == (0, 0, 0.0)
    for limited in (north, south, nothing):
        assert (limited.totals.unknown, limited.next) == (0, [])
    whole = await Overviews(scene.overview).read(TENANT_ID)
    every = await seen("north", "south", "west")
    assert every.problems == whole.problems
    assert every.history == whole.history
    assert every.totals == structs.replace(whole.totals, unknown=0)


async def test_of_too_many_who_are_limited_the_oldest_overviews_are_forgotten(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "KEPT_MAX", 6)
    for number in range(10):
        sites = frozenset({str(number)})
        assert (await scene.overview.now(TENANT_ID, sites=sites)).total == 0
    assert len(scene.overview._kept) == 6
