"""A fleet before our whole central system: the same seed gives the same frames, here as well."""

from __future__ import annotations

import asyncio

from bench.fleet import QUARTER, members_of
from bench.fleet_central import TOKENS, central_fleet
from chargeplane.ocpp.versions import Version

STATIONS = 5
"""One of each version."""
DURATION_S = 3_600.0


async def digest_of(seed: int) -> str:
    """Of all frames of a short run."""
    members = members_of(900, tuple(Version))[:STATIONS]
    async with central_fleet(members, tokens=TOKENS, seed=seed, day=QUARTER) as running:
        await running.run(DURATION_S)
        assert running.fleet.frames > 2 * STATIONS * 12  # heartbeats alone
        return running.fleet.digest.hexdigest()


def test_the_same_seed_gives_the_same_frames_before_the_whole_central_system() -> None:
    first, again, other = (asyncio.run(digest_of(seed)) for seed in (7, 7, 8))
    assert first == again
    assert first != other
