"""The inbox of unknown stations: page by page, and watched without an event."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.gateway.admission import remember_unknown
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.store import Function, Store
from chargeplane.web.live.hub import TURN_S, Hub
from tests.csms.making import NOW, TENANT_ID
from tests.csms.rest import client
from tests.web.live.watching import Watcher, viewer


async def knock(store: Store, identity: str, after_s: float) -> None:
    facts: dict[str, Any] = {
        "tenant_id": TENANT_ID,
        "identity": identity,
        "remote_host": "192.0.2.1",
        "subprotocols": ("ocpp1.6",),
        "now": NOW + timedelta(seconds=after_s),
    }
    await store.write(Function(partial(remember_unknown, **facts)))


async def test_who_knocks_is_seen_by_all_who_watch(sqlite_store: Store) -> None:
    clock = SimulatedClock(NOW)
    routes = CentralSystem(sqlite_store, clock).routes
    hub = Hub((view for each in routes for view in each.views), clock)
    watcher, other = Watcher(), Watcher()
    who = viewer(tenant_id=TENANT_ID)
    for each in (watcher, other):
        each.begin(await hub.open(who, "unknown-stations", {"limit": 2}, each))
    assert watcher.items == []

    async def turns(seconds: float) -> None:
        for _ in range(int(seconds / TURN_S) + 1):
            await clock.advance(TURN_S)
            await hub.turn()

    await knock(sqlite_store, "GARAGE-1", 0)
    await knock(sqlite_store, "GARAGE-2", 1)
    await knock(sqlite_store, "GARAGE-3", 2)
    await turns(4)
    assert watcher.order == other.order == ["GARAGE-3", "GARAGE-2"]
    await knock(sqlite_store, "GARAGE-2", 3)
    await turns(4)
    assert watcher.order == ["GARAGE-2", "GARAGE-3"]
    assert watcher.shown["GARAGE-2"]["attempts"] == 2
    async with client(sqlite_store, *routes) as rest:
        page = (await rest.get("/unknown-stations", params={"limit": 2})).json()
        assert page["items"] == watcher.items
        rest_of_it = {"limit": 2, "cursor": page["next"]}
        page = (await rest.get("/unknown-stations", params=rest_of_it)).json()
        assert [each["id"] for each in page["items"]] == ["GARAGE-1"]
        assert (await rest.delete("/unknown-stations/GARAGE-2")).status_code == 204
    hub.changed(TENANT_ID)
    await turns(2)
    assert watcher.order == ["GARAGE-3", "GARAGE-1"]
