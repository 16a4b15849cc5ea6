"""A station that comes late, or whose central system does, and a fleet that is large."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from chargeplane.ocpp.versions import Version
from chargeplane.runtime.clock import SystemClock
from chargeplane.station import Fleet, Member, Station, Tally
from chargeplane.station.fleets import fleet
from chargeplane.station.hub import WAITING_MAX
from tests.station.server import server
from tests.station.stage import Stage, online

OFTEN = {"AlignedDataCtrlr.Interval": "10", "SampledDataCtrlr.TxUpdatedInterval": "10"}
BOTH = pytest.mark.parametrize("version", [Version.V1_6, Version.V2_0_1])


def beats(stage: Stage) -> int:
    return stage.central.names().count("Heartbeat")


@BOTH
def test_what_a_station_missed_is_done_once_and_its_vehicle_charged_meanwhile(
    version: Version,
) -> None:
    stages = [online(version) for _ in range(2)]
    for stage, stood_still_s in zip(stages, (0.0, 3_500.0), strict=True):
        stage.plug_in()
        stage.tap().central.heard.clear()
        stage.core.skip_to(stood_still_s)
        stage.now_s = 3_599.0
        stage.core.advance(stage.now_s)
        stage.carry()
    assert beats(stages[0]) > beats(stages[1]) == 1
    energy_wh, same_wh = (stage.core.evse(1).register for stage in stages)
    assert energy_wh > 5_000
    assert energy_wh == pytest.approx(same_wh)
    stages[1].wait(300)
    assert beats(stages[1]) == 2


def test_time_that_is_skipped_never_runs_back() -> None:
    stage = online("2.1").wait(600)
    stage.core.skip_to(100.0)
    assert stage.core.hub.now_s == 600.0


@BOTH
def test_a_station_that_waits_for_answers_leaves_out_what_comes_again_anyhow(
    version: Version,
) -> None:
    stage = online(version, variables=OFTEN)
    stage.central.interval_s = 10
    stage.plug_in()
    stage.tap().is_deaf = True
    hub, waiting = stage.core.hub, []
    for _ in range(60):
        stage.wait(10)
        waiting.append(hub.conversation.waiting)
    asked_at_once_max = 1 + len(hub.evses)
    assert WAITING_MAX < max(waiting) <= WAITING_MAX + asked_at_once_max
    assert len(hub.outbox) < 30  # ten minutes would have made 120
    stage.is_deaf = False
    stage.wait(300).central.heard.clear()
    stage.wait(300)
    assert (hub.is_behind, len(hub.outbox)) == (False, 0)
    names = stage.central.names()
    samples = "MeterValues" if version is Version.V1_6 else "TransactionEvent"
    assert names.count(samples) >= 30


class Leaping(SystemClock):
    """A clock under which the machine stands still when it is told so."""

    lost_s = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.lost_s)

    def monotonic_s(self) -> float:
        return super().monotonic_s() + self.lost_s


async def test_a_machine_that_stood_still_has_not_to_make_up_for_it() -> None:
    clock = Leaping()
    async with server() as at, Station("A", url=at.url, version="2.0.1", clock=clock) as station:
        central = at.centrals["A"]
        clock.lost_s = 3_600.0
        station.act(lambda _core, _now_s: None)
        await station.until(lambda core: not core.hub.conversation.waiting)
        assert central.names().count("Heartbeat") == 1


async def test_the_first_of_a_fleet_serve_before_the_last_one_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fleet, "MADE_AT_ONCE_MAX", 1)
    members = [Member(f"S{number}", Version.V2_0_1) for number in range(50)]
    tally, online_when_made = Tally(), []

    def made(station: Station) -> None:
        online_when_made.append(tally.online)
        tally.follow(station)

    async with server() as at, asyncio.timeout(30):
        large = Fleet(members, url=at.url, tokens=["CAFE"], made=made, has_drivers=False)
        running = asyncio.create_task(large.run())
        while tally.online < len(members):
            await asyncio.sleep(0.01)
            assert not running.done()
        large.leave()
        await running
    assert online_when_made[:2] == [0, 0]
    assert 0 < online_when_made[-1] < len(members)
