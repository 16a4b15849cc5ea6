"""Floods, and stations that are slow, silent or half there: none costs another one anything.

The server is a process of its own, so that what the wild stations cost is not ours.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from random import Random
from statistics import median

import pytest

from chargeplane.ocpp.versions import Version
from chargeplane.runtime.links import new_event_loop
from chargeplane.runtime.store import Settings
from tests.faults.hosting import Host
from tests.faults.ledgers import furnish
from tests.faults.saying import event
from tests.faults.wild import TEXT, Wild, frame, junk
from tests.faults.wire import Wire

AUTHORIZE = '[2,"e","Authorize",{"idToken":{"idToken":"A","type":"Local"}}]'

VERSIONS = Version.V1_6, Version.V2_0_1, Version.V2_1
WILDS = 50
PATIENCE_S = 5.0
NOTICEABLE_S = 0.1
MESSAGES = 100


def run(settings: Settings, test: Callable[[int], Awaitable[None]]) -> None:
    """Run a test against a server: it is given the port."""

    async def main() -> None:
        async with Host(settings) as host:
            furnish(settings, ["good", *(f"wild{number}" for number in range(WILDS))])
            await host.start()
            await test(await host.port())

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())


@asynccontextmanager
async def wilds(port: int) -> AsyncIterator[list[Wild]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(Wild.dial(port, f"wild{n}", VERSIONS[n % 3]))
            for n in range(WILDS)
        ]


async def charges(good: Wire, patience_s: float = PATIENCE_S) -> list[float]:
    """A transaction, each message answered in time; how long each one took (s)."""
    times_s: list[float] = []
    for number in range(MESSAGES):
        kind = "Updated" if number else "Started"
        start_s = time.monotonic()
        async with asyncio.timeout(patience_s):
            assert (await good.answer("TransactionEvent", event("t", number, kind)))[0] == 3
        times_s.append(time.monotonic() - start_s)
    assert not good.ending.done()
    return times_s


def test_a_flood_of_junk_from_many_sockets_does_not_stop_a_good_station(
    settings: Settings,
) -> None:
    sent_count = dials_count = 0

    async def flood(port: int, number: int) -> None:
        nonlocal sent_count, dials_count
        dice = Random(number)
        while True:
            with suppress(ConnectionError):
                async with Wild.dial(port, f"wild{number}", VERSIONS[number % 3]) as wild:
                    dials_count += 1
                    while True:
                        await wild.send(b"".join(junk(dice) for _ in range(10)))
                        sent_count += 10
            await asyncio.sleep(0.01)  # and once more

    async def test(port: int) -> None:
        floods = [asyncio.create_task(flood(port, number)) for number in range(WILDS)]
        good = await Wire.dial(port, "good", Version.V2_0_1)
        await charges(good)
        assert not any(task.done() for task in floods)
        for task in floods:
            task.cancel()
        await asyncio.gather(*floods, return_exceptions=True)
        good.link.close()

    run(settings, test)
    assert sent_count > 1_000
    assert dials_count > WILDS


TALK: dict[str, Callable[[int], str]] = {
    "requests, each a new one": lambda number: json.dumps([2, f"{number}", "Heartbeat", {}]),
    "one request for ever": lambda number: AUTHORIZE,
    "answers to nobody": lambda number: '[3,"nobody asked",{}]',
}


@pytest.mark.parametrize("what", TALK)
def test_a_station_that_talks_without_end_and_never_reads_costs_nobody_else_anything(
    settings: Settings, what: str
) -> None:
    sent_count = 0

    async def talk(wild: Wild) -> None:
        nonlocal sent_count
        with suppress(ConnectionError):  # it may be cut off
            while True:
                some = range(sent_count, sent_count + 100)
                await wild.send(b"".join(frame(TEXT, TALK[what](n).encode()) for n in some))
                sent_count += 100

    async def test(port: int) -> None:
        good = await Wire.dial(port, "good", Version.V2_0_1)
        async with Wild.dial(port, "wild1", Version.V2_0_1) as wild:
            talking = asyncio.create_task(talk(wild))
            times_s = await charges(good, patience_s=2.0)
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)
        good.link.close()
        assert median(times_s) < NOTICEABLE_S

    run(settings, test)
    assert sent_count > 1_000


HALVES = {
    "half a frame": frame(TEXT, b'[2,"m","TransactionEvent",{}]')[:9],
    "half a message": frame(TEXT, b'[2,"m","Transac', flags=0),
    "half a head": b"\x81",
    "nothing": b"",
}


@pytest.mark.parametrize("what", HALVES)
def test_stations_that_break_off_make_nobody_wait(settings: Settings, what: str) -> None:
    async def test(port: int) -> None:
        async with wilds(port) as broken:
            for wild in broken:
                await wild.send(HALVES[what])
            good = await Wire.dial(port, "good", Version.V2_0_1)
            await charges(good)
            good.link.close()

    run(settings, test)


def test_half_a_handshake_makes_nobody_wait(settings: Settings) -> None:
    async def test(port: int) -> None:
        halves = [socket.create_connection(("127.0.0.1", port)) for _ in range(WILDS)]
        for half in halves:
            half.sendall(b"GET /ocpp/good HTTP/1.1\r\nHost: local")
        good = await Wire.dial(port, "good", Version.V2_0_1)
        await charges(good)
        good.link.close()
        for half in halves:
            half.close()

    run(settings, test)
