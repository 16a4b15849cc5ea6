"""Plays a scenario in simulated time against a central system in process that says yes."""

from __future__ import annotations

from typing import Any

from chargeplane.ocpp.catalogue import find
from chargeplane.ocpp.codec import build
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request
from chargeplane.station.core import Core
from chargeplane.station.fleets.members import Member, Seeds
from chargeplane.station.scenarios.play import TOKEN, Frames, Played, play
from chargeplane.station.scenarios.scenario import Scenario
from chargeplane.station.virtual_time import Agenda, VirtualStation, YesCentral
from chargeplane.station.virtual_time.agenda import START

__all__ = ["play_virtually"]

READY_S = 3_600.0
"""Within which a station must be in service; some quirks take their time."""


def play_virtually(scenario: Scenario, version: Version, seed: int = 1) -> Played:
    """Play it. The same seed gives the same frames.

    Raises:
        ValueError: a quirk or variable is none of this version.
    """
    agenda, frames = Agenda(), Frames()
    central = YesCentral(version, agenda.now)
    seeds = Seeds([Member("SCENARIO", version)], [TOKEN], seed)
    core = Core(
        "SCENARIO",
        version,
        started_at=START,
        rng=seeds.rng("SCENARIO", "station"),
        quirks=scenario.quirks,
        variables=scenario.variables,
    )
    rng = seeds.rng("SCENARIO", "back-off")
    station = VirtualStation(core, agenda, central, rng, frames.note)
    agenda.after(core.disguise.first_dial_s, station.dial)
    _pass(agenda, READY_S, lambda: core.hub.is_online)

    def ask(action: str, payload: dict[str, Any]) -> None:
        found = find(version.newest_of_family, action)
        if found is None:
            raise ValueError(f"{version} has no {action}")
        request = build(found.request, payload)
        assert isinstance(request, Request)
        central.ask(request, agenda.now_s)
        station.hear()

    story = play(scenario, station, frames, ask)
    try:
        wait = next(story)
        while True:
            held = _pass(agenda, wait.seconds, wait.holds)
            station.step(core.advance)
            wait = story.send(held)
    except StopIteration as end:
        played: Played = end.value
        return played


def _pass(agenda: Agenda, duration_s: float, holds: Any) -> bool:
    """Let time pass until something holds."""
    until_s = agenda.now_s + duration_s
    while not holds():
        if agenda.next_s is None or agenda.next_s > until_s:
            agenda.run_until(until_s)
            return bool(holds())
        agenda.step()
    return True
