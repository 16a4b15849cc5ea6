"""What flows at one station, as it is asked for and as it is watched."""

from __future__ import annotations

from functools import partial

import msgspec
import pytest
from sqlalchemy import update

from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known, stations
from chargeplane.csms.overview.api import routes
from chargeplane.csms.overview.service import Overview
from chargeplane.csms.pulse import Pulse
from chargeplane.csms.transactions import active_count, day
from chargeplane.domain.events import Event
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.rest import Problem
from chargeplane.runtime.store import Function, Store
from chargeplane.web.live.hub import TURN_S, Hub
from tests.csms.making import NOW, TENANT_ID
from tests.csms.rest import client
from tests.csms.test_pulse import power, sampled
from tests.web.live.watching import Watcher, viewer


async def test_a_watcher_sees_every_new_power_and_nobody_elsewhere_does(
    sqlite_store: Store,
) -> None:
    known = Known(TENANT_ID, "CP1", 0, None, Registration.ACCEPTED, 0)
    await sqlite_store.write(Function(partial(register, known=known, now=NOW)))
    put = update(stations).values(site_id="yard")
    await sqlite_store.write(Function(lambda c: c.execute(put).rowcount))
    clock = SimulatedClock(NOW)
    pulse = Pulse(clock)
    of_block = routes(Overview(sqlite_store, clock, pulse, lambda *_: True, day, active_count))
    hub = Hub(of_block.views, clock)

    async def hear(event: Event) -> None:
        pulse.hear(event)
        hub.hear(event)
        for _ in range(5):
            await clock.advance(TURN_S)
            await hub.turn()

    async def watch(sites: frozenset[str] | None, station_id: str = "CP1") -> Watcher:
        watcher, who = Watcher(), viewer(tenant_id=TENANT_ID, sites=sites)
        watcher.begin(await hub.open(who, "power", {"id": station_id}, watcher))
        return watcher

    everybody, gardener = await watch(None), await watch(frozenset({"yard"}))
    for sites, station_id in ((frozenset({"hall"}), "CP1"), (None, "CP2"), (None, "\0")):
        with pytest.raises(Problem, match="station"):
            await watch(sites, station_id)
    await hear(sampled(power(3000)))
    await hear(sampled(power(7400)))
    for watcher in (everybody, gardener):
        assert watcher.state["power_w"] == 7400.0
        assert [each["power_w"] for each in watcher.state["flows"]] == [7400.0]
    async with client(sqlite_store, of_block) as rest:
        answer = await rest.get("/stations/CP1/power")
        assert (await rest.get("/stations/CP2/power")).status_code == 404
    assert msgspec.json.decode(answer.content) == everybody.state
