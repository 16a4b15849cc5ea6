"""``chargeplane simulate --scenario FILE``: one station that plays a file, and a report."""

from __future__ import annotations

from chargeplane.station import Member, Station
from chargeplane.station.scenarios.play import Frames, Played, play_over_sockets
from chargeplane.station.scenarios.scenario import Scenario
from chargeplane.station.scenarios.virtual import play_virtually

__all__ = ["play_here", "play_there"]


def play_here(scenario: Scenario, member: Member, seed: int) -> Played:
    """In simulated time, against a central system in process that says yes."""
    return play_virtually(scenario, member.version, seed)


async def play_there(
    scenario: Scenario, member: Member, url: str, seed: int, speed: float
) -> Played:
    """Against a real central system.

    Raises:
        TimeoutError: the station is not accepted.
    """
    frames = Frames()
    station = Station(
        member.identity,
        url=url,
        version=member.version,
        password=member.password,
        inventory=member.inventory,
        speed=speed,
        seed=seed,
        quirks=scenario.quirks,
        variables=scenario.variables,
        frame=frames.note,
    )
    async with station:
        return await play_over_sockets(scenario, station, frames, speed)
