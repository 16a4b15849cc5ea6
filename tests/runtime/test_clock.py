"""The clock that a test moves, and the one of the machine."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from chargeplane.runtime.clock import Clock, SimulatedClock, SystemClock

START = datetime(2026, 3, 29, tzinfo=UTC)


def test_the_machine_tells_aware_time_and_time_that_never_runs_back() -> None:
    clock: Clock = SystemClock()
    assert clock.now().tzinfo is UTC
    earlier = clock.monotonic_s()
    assert clock.monotonic_s() >= earlier


async def test_a_simulated_day_takes_no_time_and_wakes_sleepers_in_order() -> None:
    clock = SimulatedClock(START)
    woken: list[tuple[str, datetime]] = []

    async def sleeper(name: str, duration_s: float) -> None:
        await clock.sleep(duration_s)
        woken.append((name, clock.now()))

    async with asyncio.TaskGroup() as group:
        group.create_task(sleeper("late", 86_400))
        group.create_task(sleeper("early", 60))
        await clock.advance(86_400)
    assert woken == [
        ("early", START + timedelta(seconds=60)),
        ("late", START + timedelta(days=1)),
    ]


async def test_who_sleeps_again_wakes_again_within_the_same_advance() -> None:
    clock = SimulatedClock(START)
    ticks = []

    async def ticker() -> None:
        while True:
            await clock.sleep(10)
            ticks.append(clock.monotonic_s())

    task = asyncio.create_task(ticker())
    await clock.advance(35)
    assert ticks == [10, 20, 30]
    assert clock.monotonic_s() == 35
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await clock.advance(100)
    assert len(ticks) == 3


async def test_a_clock_that_is_set_jumps_and_yet_measures_the_same() -> None:
    clock = SimulatedClock(START)
    clock.step(-3600)
    assert clock.now() == START - timedelta(hours=1)
    assert clock.monotonic_s() == 0
    await clock.sleep(0)
