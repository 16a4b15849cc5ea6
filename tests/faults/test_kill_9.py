"""kill -9 at any moment, under load: what was acknowledged is there, and counts once.

And the same kills find a central system that answers before its commit.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from random import Random
from statistics import median

import pytest

from chargeplane.runtime.links import new_event_loop
from chargeplane.runtime.store import Settings
from tests.faults.fleet import Fleet
from tests.faults.hosting import Host
from tests.faults.ledgers import Audit, audit, furnish, say_all_was_told
from tests.soak import cases

STATIONS = 40
KILLS_MIN = cases(50, 8)
ENOUGH_KILLS = 50
ACKNOWLEDGED_MIN = 400 * KILLS_MIN
START_S_MAX = 2.0


@dataclass
class Outcome:
    """What the kills have found."""

    kills: int
    fleet: Fleet
    starts_s: list[float]
    audit: Audit


async def kill_servers(settings: Settings, seed: int, kills: int, *options: str) -> Outcome:
    """Let servers live until some number of acknowledgements, then kill them at any moment."""
    dice = Random(seed)
    async with Host(settings, *options) as host:
        fleet = Fleet(host.port, STATIONS, seed)
        furnish(settings, [station.name for station in fleet.stations])
        done = 0
        running = asyncio.create_task(fleet.run())
        while done < kills or fleet.acknowledged_count < 400 * kills:
            await host.bear()
            if dice.random() < 0.9:
                await host.ready()
                await fleet.more(dice.randrange(1, 900))
            await asyncio.sleep(dice.uniform(0, 0.02))  # any moment, whatever we know of it
            await host.kill()
            say_all_was_told(settings)
            done += 1
        fleet.is_last_round = True
        await host.start()
        await running
    return Outcome(done, fleet, host.starts_s, audit(settings, fleet))


def run(settings: Settings, seed: int, kills: int, *options: str) -> Outcome:
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(kill_servers(settings, seed, kills, *options))


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_no_acknowledged_message_is_lost_and_none_counts_twice(empty: Settings) -> None:
    found = run(empty, 1, KILLS_MIN)
    assert found.kills >= KILLS_MIN
    assert len(found.fleet.acknowledged) >= ACKNOWLEDGED_MIN
    assert not found.audit.faults
    if found.kills >= ENOUGH_KILLS:  # some were committed, and their answer was never seen
        assert found.audit.repeated_count
    assert not found.fleet.refused_count
    assert median(found.starts_s) < START_S_MAX


def test_the_same_kills_find_a_server_that_answers_before_its_commit(settings: Settings) -> None:
    found = run(settings, 2, 5, "--mutant", "early-answer")
    assert found.audit.lost
