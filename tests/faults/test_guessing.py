"""Guessing passwords by the thousand: the real station comes in, and nobody loses anything.

The server is a process of its own, so that what the attackers cost is not ours.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from time import perf_counter

import pytest

from chargeplane.ocpp.versions import Version
from chargeplane.runtime.links import HandshakeRefused, connect, new_event_loop
from chargeplane.runtime.store import Settings
from tests.faults.attackers import basic, dial, fill, password_of
from tests.faults.hosting import Host
from tests.faults.saying import event, is_served
from tests.faults.wire import PLAIN, Wire
from tests.soak import cases

pytestmark = pytest.mark.soak

GUESSES = 10_000
GUESSES_S = 10.0
SOURCES = 50
ANSWERED_IN_FULL_MAX = 30
"""Twenty at once, and one more every six seconds."""


def run(settings: Settings, test: Callable[[int], Awaitable[None]]) -> None:
    """Run a test against a server: it is given the port."""

    async def main() -> None:
        async with Host(settings) as host:
            fill(settings, 6)
            await host.start()
            await test(await host.port())

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())


async def link(port: int, number: int) -> Wire:
    """A station with its own password."""
    wire, name = Wire(), f"CP{number}"
    header, _, value = basic(name, password_of(number)).partition(": ")
    wire.link = await connect(
        f"ws://127.0.0.1:{port}/ocpp/{name}",
        lambda _: wire,
        subprotocols=[Version.V2_0_1.subprotocol],
        headers=[(header, value)],
        settings=PLAIN,
    )
    return wire


async def charge(good: Wire, messages: int) -> None:
    """A transaction: each message is answered within a second."""
    for seq_no in range(messages):
        kind = "Updated" if seq_no else "Started"
        async with asyncio.timeout(1.0):
            assert (await good.answer("TransactionEvent", event("t", seq_no, kind)))[0] == 3


def test_ten_thousand_wrong_attempts_in_ten_seconds_cost_the_stations_nothing(
    settings: Settings,
) -> None:
    guesses, statuses = cases(GUESSES), Counter[int]()

    async def guess(port: int, numbers: range, is_half_over: asyncio.Event) -> None:
        for number in numbers:
            source = f"127.0.0.{1 + number % SOURCES}"
            guessed = basic("CP0", b"guess-guess-%05d" % number)
            statuses[(await dial(port, "CP0", guessed, source=source)).status] += 1
            if statuses.total() == guesses // 2:
                is_half_over.set()

    async def come_in(port: int, is_half_over: asyncio.Event) -> float:
        """The real station, from an address that attackers use, in the middle of it."""
        await is_half_over.wait()
        start_s = perf_counter()
        wire = await link(port, 0)
        assert await is_served(wire)
        took_s = perf_counter() - start_s
        wire.link.close()
        return took_s

    async def test(port: int) -> None:
        good, is_half_over = await link(port, 3), asyncio.Event()
        start_s = perf_counter()
        guessing = [
            guess(port, range(first, guesses, SOURCES), is_half_over) for first in range(SOURCES)
        ]
        coming = asyncio.create_task(come_in(port, is_half_over))
        await asyncio.gather(charge(good, guesses // 20), *guessing)
        assert await coming < 1.0
        assert perf_counter() - start_s < 2 * GUESSES_S  # within it on an idle machine
        assert not good.ending.done()
        good.link.close()

    run(settings, test)
    assert statuses.keys() == {401, 429}
    assert statuses[401] <= ANSWERED_IN_FULL_MAX
    assert statuses.total() == guesses


def test_a_right_password_opens_only_the_port_of_its_profile(settings: Settings) -> None:
    """Or the test above would show nothing."""

    async def test(port: int) -> None:
        wire = await link(port, 0)
        assert await is_served(wire)
        wire.link.close()
        with pytest.raises(HandshakeRefused):
            await link(port, 1)  # is pinned to profile 2

    run(settings, test)
