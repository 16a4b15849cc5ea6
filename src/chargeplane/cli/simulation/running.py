"""A fleet of virtual stations that runs for a while: what is run, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from chargeplane.cli.simulation.controller import ControllerPlan, Site, site_of, through
from chargeplane.station import Fleet, Member, Station, Storm, Tally
from chargeplane.station.control import Panel, create_control
from chargeplane.station.fleets.drivers import Day
from chargeplane.station.local_controller import LocalController
from chargeplane.station.quirks import QUIRKS
from chargeplane.web.server import WebServer

__all__ = ["Outcome", "Plan", "simulate"]

STORMS_MAX = 1_000
"""Storms that are kept for the end; the oldest are forgotten first."""

DELIVERY_S_MAX = 10.0
"""How long the end waits for what a local controller still has to deliver."""

Watching = Callable[[Tally], Coroutine[Any, Any, None]]
"""Shows the progress until it is cancelled."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run."""

    members: tuple[Member, ...]
    url: str
    soap_url: str | None
    tokens: tuple[str, ...]
    seed: int
    speed: float
    day: Day
    duration_s: float | None = None
    """None: until it is told to stop."""
    storm_every_s: float | None = None
    faults: Mapping[str, float] = field(default_factory=dict)
    """What breaks at each station, and the mean time between two of a kind in seconds."""
    control: tuple[str, int] | None = None
    """Where stations are controlled by hand; then nobody comes of their own accord."""
    controller: ControllerPlan | None = None
    """Between the stations that speak JSON and the central system."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it."""

    plan: Plan
    tally: Tally
    online: int
    """Stations that were in service when the end began."""
    storms: tuple[Storm, ...]
    duration_s: float
    site: Site | None = None
    """What became of the local controller, if there was one."""

    @property
    def is_good(self) -> bool:
        """Whether nothing went wrong."""
        return not self.tally.faults

    def facts(self) -> dict[str, Any]:
        """Everything, for programs."""
        tally = self.tally
        return {
            "seed": self.plan.seed,
            "duration_s": round(self.duration_s, 3),
            "stations": {
                "all": len(self.plan.members),
                "online_at_the_end": self.online,
                "online_most": tally.online_most,
            },
            "boots": tally.boots,
            "reconnects": tally.reconnects,
            "transactions": {
                "started": tally.started,
                "ended": tally.ended,
                "energy_wh": tally.energy_wh,
            },
            "messages": tally.messages,
            "answers": dict(tally.answers),
            "commands": dict(tally.commands),
            "tokens": dict(tally.tokens),
            "storms": [
                {
                    "dropped": each.dropped,
                    "back": each.dropped - len(each.missing),
                    "duration_s": round(each.duration_s, 3),
                }
                for each in self.storms
            ],
            "errors": [
                {"kind": each.kind, "count": each.count, "example": each.example}
                for each in tally.faults
            ],
        } | ({} if self.site is None else {"local_controller": self.site.facts()})


async def simulate(
    plan: Plan,
    stop: asyncio.Event,
    *,
    watching: Watching,
    stormed: Callable[[Storm], None] = lambda _: None,
) -> Outcome:
    """Run the fleet until its time is over or it is told to stop, then let everybody leave.

    Args:
        plan: what is run.
        stop: ends it early.
        watching: shows the progress.
        stormed: told of each storm when it is over.
    """
    async with through(plan.controller, plan.url) as controller:
        outcome = await _simulate(plan, controller, stop, watching, stormed)
        if controller is None or plan.controller is None:
            return outcome
        return replace(outcome, site=site_of(controller, plan.controller, outcome.tally))


async def _simulate(
    plan: Plan,
    controller: LocalController | None,
    stop: asyncio.Event,
    watching: Watching,
    stormed: Callable[[Storm], None],
) -> Outcome:
    """The same, with what stations dial instead of the central system."""
    tally = Tally()
    stations: dict[str, Station] = {}
    panel = Panel(stations, sorted(QUIRKS)) if plan.control else None

    def made(station: Station) -> None:
        stations[station.identity] = station
        tally.follow(station)

    fleet = _fleet(plan, controller, panel, made)
    storms: list[Storm] = []
    now_s = asyncio.get_running_loop().time
    since_s = now_s()
    async with _controlled(panel, plan.control), asyncio.TaskGroup() as tasks:
        tasks.create_task(fleet.run())
        shown = tasks.create_task(watching(tally))
        weather = _Weather(fleet, tally, storms, stormed)
        storming = tasks.create_task(weather.go_on(plan.storm_every_s))
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), plan.duration_s)
        await weather.calm(storming, stop)
        online, duration_s = tally.online, now_s() - since_s
        shown.cancel()
        _note_absent(fleet, tally)
        if controller is not None:
            await controller.delivered(DELIVERY_S_MAX)
        fleet.leave()
    _note_undelivered(fleet, tally)
    return Outcome(plan, tally, online, tuple(storms), duration_s)


def _fleet(
    plan: Plan,
    controller: LocalController | None,
    panel: Panel | None,
    made: Callable[[Station], None],
) -> Fleet:
    """The fleet of a plan; with a panel people do what drivers would do."""
    return Fleet(
        plan.members,
        url=plan.url if controller is None else controller.url,
        soap_url=plan.soap_url,
        tokens=plan.tokens,
        seed=plan.seed,
        speed=plan.speed,
        day=plan.day,
        faults=plan.faults,
        made=made,
        frame=panel.note if panel else None,
        has_drivers=panel is None,
    )


def _note_absent(fleet: Fleet, tally: Tally) -> None:
    for station in fleet.stations.values():
        if tally.never_online(station.identity):
            tally.note("never in service", station.identity, station.why_offline)


def _note_undelivered(fleet: Fleet, tally: Tally) -> None:
    for station in fleet.stations.values():
        if station.undelivered:
            waiting = f"{station.undelivered} transaction messages"
            tally.note("not delivered at the end", station.identity, waiting)


@asynccontextmanager
async def _controlled(panel: Panel | None, address: tuple[str, int] | None) -> AsyncIterator[None]:
    """Serve the control interface meanwhile, if it is wanted."""
    if panel is None or address is None:
        yield
        return
    async with WebServer(create_control(panel), *address):
        yield


class _Weather:
    """One storm after the other; never two at once, however slowly stations come back."""

    def __init__(
        self,
        fleet: Fleet,
        tally: Tally,
        storms: list[Storm],
        stormed: Callable[[Storm], None],
    ) -> None:
        self._fleet, self._tally = fleet, tally
        self._storms, self._stormed = storms, stormed
        self._calm = asyncio.Event()

    async def go_on(self, every_s: float | None) -> None:
        """Until ``calm``; None: there are no storms."""
        now_s = asyncio.get_running_loop().time
        next_s = now_s()
        while every_s is not None:
            next_s = max(next_s + every_s, now_s())
            with suppress(TimeoutError):
                await asyncio.wait_for(self._calm.wait(), next_s - now_s())
            if self._calm.is_set():
                return
            await self._blow()

    async def calm(self, storming: asyncio.Task[None], stop: asyncio.Event) -> None:
        """Let the last storm pass, so that nothing stays untold; unless it has to stop at once."""
        self._calm.set()
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({storming, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        storming.cancel()

    async def _blow(self) -> None:
        storm = await self._fleet.storm()
        for identity in storm.missing:
            self._tally.note("not back after a storm", identity, "waited for too long")
        self._storms.append(storm)
        del self._storms[:-STORMS_MAX]
        self._stormed(storm)
