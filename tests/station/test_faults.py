"""Faults by name, over sockets and in simulated time."""

from __future__ import annotations

import asyncio
from itertools import islice
from random import Random

import pytest

from chargeplane.ocpp import v16
from chargeplane.ocpp.versions import Version
from chargeplane.station import Fleet, Member, Station, Tally
from chargeplane.station.faults import FAULTS, Strike, strikes
from chargeplane.station.signals import Disconnected, Online, Restarting
from chargeplane.station.virtual_time import Agenda, VirtualFleet, VirtualStation, YesCentral
from chargeplane.station.wires.impairment import Impairment
from tests.station.server import server

AT_ONCE = {
    "OCPPCommCtrlr.RetryBackOffWaitMinimum": "0",
    "OCPPCommCtrlr.RetryBackOffRandomRange": "0",
}
NAMES = {
    "drop",
    "half-open",
    "latency",
    "clock-skew",
    "reboot",
    "power-loss",
    "meter-reset",
    "connector-lock-failure",
    "ground-failure",
}


class Case:
    """One station in simulated time that charges."""

    def __init__(self, version: Version) -> None:
        self.frames: list[tuple[float, str, str]] = []
        self.centrals: list[YesCentral] = []
        self.fleet = VirtualFleet(
            [Member("A", version, variables=AT_ONCE)],
            tokens=["CAFE"],
            seed=2,
            ends=self._end,
            frame=self._note,
        )
        self.station: VirtualStation = self.fleet.stations["A"]
        while not self.station.core.hub.is_busy:
            assert self.fleet.agenda.step()
        self.fleet.run(30)
        self.live()
        self.frames.clear()

    def live(self) -> None:
        """Let the station notice how late it is."""
        self.station.step(self.station.core.advance)
        for evse in self.station.core.hub.evses.values():
            self.station.core.hub.live(evse)

    def _end(self, member: Member, agenda: Agenda) -> YesCentral:
        self.centrals.append(YesCentral(member.version, agenda.now))
        return self.centrals[-1]

    def _note(self, _identity: str, way: str, text: str) -> None:
        self.frames.append((self.fleet.agenda.now_s, way, text))

    def sent(self, *words: str) -> list[str]:
        """The frames with all these words."""
        texts = (text for _, way, text in self.frames if way == "sent")
        return [text for text in texts if all(word in text for word in words)]


@pytest.fixture(params=[Version.V1_6, Version.V2_1], ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


def test_every_fault_of_the_list_has_a_name_and_a_text() -> None:
    assert set(FAULTS) == NAMES
    assert all(each.text and each.name == name for name, each in FAULTS.items())


def test_a_drop_loses_the_connection_and_dials_again(case: Case) -> None:
    case.station.strike("drop")
    assert not case.station.core.hub.is_online
    case.fleet.run(1)
    assert [case.station.core.hub.is_online, case.station.is_connected] == [True, True]
    assert not case.sent("BootNotification")


def test_half_open_swallows_frames_both_ways_and_ends_with_the_connection(case: Case) -> None:
    before = case.centrals[0].heard.total()
    case.station.strike(Strike("half-open", duration_s=700))
    case.fleet.run(699)
    assert case.sent()  # the station does not know
    assert (case.station.is_connected, case.centrals[0].heard.total()) == (True, before)
    case.fleet.run(60)
    assert case.station.is_connected
    assert case.centrals[0].heard.total() > before
    assert not case.station.core.hub.outbox


def test_latency_delays_answers_and_keeps_their_order(case: Case) -> None:
    case.station.strike(Strike("latency", amount_s=3.0, duration_s=600))
    case.frames.clear()
    case.fleet.run(400)
    at_s = {text.split('"')[1]: moment for moment, way, text in case.frames if way == "sent"}
    waited = [
        moment - at_s[text.split('"')[1]]
        for moment, way, text in case.frames
        if way == "heard" and text.split('"')[1] in at_s
    ]
    assert waited
    assert waited == pytest.approx([6.0] * len(waited))
    case.fleet.run(300)
    assert case.station.core.hub.is_online


def test_a_wrong_clock_shows_until_the_next_heartbeat(case: Case) -> None:
    hub = case.station.core.hub
    case.station.strike(Strike("clock-skew", amount_s=7_200))
    assert (hub.time() - case.fleet.agenda.now()).total_seconds() == pytest.approx(7_200, abs=1)
    case.fleet.run(400)
    case.live()
    assert (hub.time() - case.fleet.agenda.now()).total_seconds() == pytest.approx(0, abs=1)


@pytest.mark.parametrize(("fault", "reason"), [("reboot", "Watchdog"), ("power-loss", "PowerUp")])
def test_a_station_that_stopped_boots_when_it_is_back(case: Case, fault: str, reason: str) -> None:
    case.station.strike(Strike(fault, duration_s=50))
    case.fleet.run(49)
    assert not case.station.is_connected
    assert not case.sent("BootNotification")
    case.fleet.run(10)
    (boot,) = case.sent("BootNotification")
    assert case.station.core.is_1x or reason in boot
    assert case.station.core.hub.is_online


def test_a_meter_that_is_reset_begins_at_0(case: Case) -> None:
    evse = next(case.station.core.hub.transactions())
    assert evse.register_wh > 0
    case.station.strike(Strike("meter-reset", evse.id))
    assert evse.register_wh == 0
    case.fleet.run(60)
    case.live()
    assert evse.register_wh > 0


@pytest.mark.parametrize("fault", ["connector-lock-failure", "ground-failure"])
def test_a_broken_evse_ends_its_transaction_and_works_again_later(case: Case, fault: str) -> None:
    evse = next(case.station.core.hub.transactions())
    case.station.strike(Strike(fault, evse.id, duration_s=100))
    assert (evse.transaction, evse.power_w) == (None, 0)
    assert case.sent("Faulted")
    case.fleet.run(101)
    assert evse.fault == ""


def test_a_fault_or_an_evse_that_does_not_exist_is_told() -> None:
    station = Case(Version.V1_6).station
    with pytest.raises(ValueError, match="there is no fault 'rain'; there are drop"):
        station.strike("rain")
    with pytest.raises(KeyError):
        station.strike(Strike("ground-failure", evse_id=9))
    with pytest.raises(ValueError, match="no fault 'rain'"):
        Fleet([], url="ws://host", tokens=["A"], faults={"rain": 60})
    with pytest.raises(ValueError, match="needs a time"):
        VirtualFleet([], tokens=["A"], seed=1, faults={"drop": 0})


def test_faults_come_from_the_seed_at_their_mean_time() -> None:
    def drawn(seed: int) -> list[tuple[float, Strike]]:
        every_s = {"drop": 600.0, "reboot": 1_200.0}
        return list(islice(strikes(Random(seed), every_s, 2), 300))

    assert drawn(1) == drawn(1) != drawn(2)
    drops = [each for _, each in drawn(1) if each.name == "drop"]
    assert len(drops) == pytest.approx(200, abs=30)
    assert sum(after_s for after_s, _ in drawn(1)) == pytest.approx(300 * 400, rel=0.2)
    assert not list(strikes(Random(1), {}, 2))


def test_a_day_with_every_fault_is_the_same_for_the_same_seed_and_nothing_is_lost() -> None:
    def day(seed: int) -> VirtualFleet:
        fleet = VirtualFleet(
            [Member(each.value, each) for each in Version],
            tokens=["CAFE"],
            seed=seed,
            faults=dict.fromkeys(FAULTS, 7_200.0),
        )
        fleet.run(8 * 3_600)
        return fleet

    fleet = day(3)
    assert set(fleet.struck) == NAMES
    assert fleet.visits > 10
    assert fleet.digest.digest() == day(3).digest.digest() != day(4).digest.digest()


def test_what_was_on_its_way_is_lost_with_the_connection_and_nothing_overtakes() -> None:
    agenda, arrived = Agenda(), list[str]()
    wire = Impairment(agenda.after, agenda.monotonic_s)
    wire.delay_s = 5.0
    wire.carry("a", arrived.append, inward=True)
    wire.delay_s = 0.0
    wire.carry("b", arrived.append, inward=True)
    wire.carry("other way", arrived.append, inward=False)
    assert arrived == ["other way"]
    agenda.run_until(5)
    wire.carry("c", arrived.append, inward=True)
    assert arrived == ["other way", "a", "b", "c"]
    wire.delay_s = 5.0
    wire.carry("lost", arrived.append, inward=True)
    wire.begin()
    agenda.run_until(20)
    assert len(arrived) == 4


async def test_faults_work_over_real_sockets() -> None:
    async with server() as at, asyncio.timeout(20):
        odd = Station("A", url=at.url, version="1.6", variables=AT_ONCE, seed=1)
        async with odd as station:
            station.strike(Strike("half-open", duration_s=0.05))
            await station.wait_for(Disconnected)
            await station.wait_for(Online)
            station.strike(Strike("power-loss", duration_s=0.05))
            await station.wait_for(Restarting)
            await station.wait_for(Online)
            station.strike(Strike("latency", amount_s=0.05, duration_s=10))
            station.strike(Strike("ground-failure", duration_s=0.01))
            await station.until(lambda core: not core.hub.evses[1].fault)
    heard = at.centrals["A"].all(v16.StatusNotificationRequest)
    assert [each.error_code.value for each in heard].count("GroundFailure") == 1
    assert len(at.centrals["A"].all(v16.BootNotificationRequest)) == 2


async def test_a_fleet_over_sockets_suffers_and_lives_on() -> None:
    tally = Tally()
    async with server() as at, asyncio.timeout(30):
        fleet = Fleet(
            [Member("A", Version.V2_1, variables=AT_ONCE)],
            url=at.url,
            tokens=["CAFE"],
            seed=1,
            faults={"drop": 0.1},
            made=tally.follow,
        )
        running = asyncio.create_task(fleet.run())
        while tally.reconnects < 3:
            await asyncio.sleep(0.01)
            assert not running.done()
        fleet.leave()
        await running
