"""Fleets of virtual stations in simulated time, without sockets: station-hours per CPU second.

A station-hour is one hour of one station with one EVSE of 11 kW: a heartbeat every 5 minutes, a
quarter of the stations charging (the share that was found is printed), meter values every 15 or
every 5 minutes while they do, and all that starts and ends a visit. Every request leaves the
station, keeps its schema, is read and answered by the peer of a central system, and its answer is
read. Beside it runs the *floor*: two peers, without a station, that exchange as many heartbeats.
The garbage collector is set as ``chargeplane simulate`` sets it.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import mean, median

from bench.measure import seconds
from chargeplane.ocpp import v16
from chargeplane.ocpp.events import Called
from chargeplane.ocpp.peer import Peer
from chargeplane.ocpp.versions import Role, Version
from chargeplane.runtime.process import tune
from chargeplane.station import EvseSpec, Inventory, Member
from chargeplane.station.fleets.drivers import Day
from chargeplane.station.virtual_time import VirtualFleet
from chargeplane.station.virtual_time.agenda import START

STATIONS = 50
HOURS = 12
ROUNDS = 3
WARM_UP_S = 3_600
FLOOR_REQUESTS = 20_000
# A gap of 4 hours and a stay of 1.5: one in four is in use, also while people hold their cables.
QUARTER = Day((1 / 4,) * 24, stay_s_mean=5_400.0, first_s_max=5.0 * 3_600)
ONE = Inventory(evses=(EvseSpec(11_000.0),))


TOKENS = ("CAFE", "DEADBEEF")


def members_of(interval_s: int, versions: tuple[Version, ...]) -> list[Member]:
    """The stations, with meter values at this interval."""
    return [
        Member(
            f"S{number:03}",
            versions[number % len(versions)],
            inventory=ONE,
            variables={"SampledDataCtrlr.TxUpdatedInterval": str(interval_s)},
        )
        for number in range(STATIONS)
    ]


def fleet(interval_s: int, versions: tuple[Version, ...]) -> VirtualFleet:
    """A fleet that has been running for a while."""
    members = members_of(interval_s, versions)
    running = VirtualFleet(members, tokens=TOKENS, seed=7, day=QUARTER)
    running.run(WARM_UP_S)
    return running


def run() -> Iterator[str]:
    """All lines of this benchmark."""
    tune()
    yield f"{STATIONS} stations for {HOURS} simulated hours on one core; heartbeats every 300 s"
    every = tuple(Version)
    floor_s = median(seconds(floor) for _ in range(ROUNDS)) / FLOOR_REQUESTS
    for interval_s in (900, 300):
        yield _line(f"mixed, {interval_s} s", interval_s, every, floor_s)
    for version in Version:
        yield _line(f"{version}, 900 s", 900, (version,), floor_s)


def _line(name: str, interval_s: int, versions: tuple[Version, ...], floor_s: float) -> str:
    rates, ratios, shares = [], [], []
    requests = 0.0
    for _ in range(ROUNDS):
        running = fleet(interval_s, versions)
        before, took_s = running.frames, 0.0
        for _ in range(HOURS):
            took_s += seconds(lambda fleet=running: fleet.run(3_600))  # type: ignore[misc]
            shares.append(charging(running))
        requests = (running.frames - before) / 2
        rates.append(STATIONS * HOURS / took_s)
        ratios.append(floor_s * requests / took_s)
    return (
        f"  {name:<13} {median(rates):>6,.0f} station-hours/cpu-s   "
        f"{requests / STATIONS / HOURS:4.1f} requests each, {mean(shares):4.0%} charge   "
        f"floor ratio {median(ratios):4.2f}"
    )


def charging(running: VirtualFleet) -> float:
    """The share of stations through which power flows."""
    evses = [each.core.hub.evses[1] for each in running.stations.values()]
    return mean(each.power_w > 0 for each in evses)


def floor() -> None:
    """Two peers, and nothing behind them."""
    station, central = Peer(Version.V1_6, Role.STATION), Peer(Version.V1_6, Role.CSMS)
    for _ in range(FLOOR_REQUESTS):
        station.call(v16.HeartbeatRequest(), 0.0)
        for text in station.outgoing():
            for event in central.receive(text, 0.0):
                assert isinstance(event, Called)
                central.answer(event.message_id, v16.HeartbeatResponse(current_time=START))
        for text in central.outgoing():
            station.receive(text, 0.0)
