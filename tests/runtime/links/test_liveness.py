"""Dead peers are noticed in time, living ones are left alone."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from chargeplane.runtime.links import EndedBy, LinkClosed, LinkSettings, Transport
from tests.runtime.links.harness import PING, PONG, TEXT, site
from tests.waiting import until

INTERVAL_S, TIMEOUT_S = 0.25, 0.25
PINGED = LinkSettings(ping_interval_s=INTERVAL_S, ping_timeout_s=TIMEOUT_S, close_timeout_s=0.1)
NEVER = LinkSettings(ping_interval_s=None, close_timeout_s=0.1)
ROOT = Path(__file__).parents[3]


def now_s() -> float:
    return asyncio.get_running_loop().time()


async def test_a_peer_that_answers_no_ping_is_noticed_in_time(transport: Transport) -> None:
    async with site(transport, link=PINGED) as at:
        peer = await at.upgraded()
        heard_at_s = now_s()
        assert await peer.read_frame() == (0x80 | PING, b"")
        ending = await at.station.ending()
        assert (ending.code, ending.by) == (1006, EndedBy.US)
        assert ending.reason == "no answer to a ping"
        noticed_s = at.station.closed_at_s - heard_at_s
        assert INTERVAL_S + TIMEOUT_S - 0.05 <= noticed_s <= INTERVAL_S + TIMEOUT_S + 1


async def test_a_stopped_process_is_noticed_in_time(transport: Transport) -> None:
    async with site(transport, link=PINGED) as at:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.runtime.links.still", str(at.port), cwd=ROOT
        )
        await until(lambda: bool(at.stations), 20)
        # It lives for several intervals, because it answers pings.
        await asyncio.sleep(2 * (INTERVAL_S + TIMEOUT_S))
        assert at.station.link.is_open
        os.kill(child.pid, signal.SIGSTOP)
        stopped_at_s = now_s()
        assert (await at.station.ending()).reason == "no answer to a ping"
        assert at.station.closed_at_s - stopped_at_s <= INTERVAL_S + TIMEOUT_S + 1
        child.kill()
        await child.wait()


@pytest.mark.parametrize("sign_of_life", ["pong", "text"])
async def test_any_sign_of_life_counts(transport: Transport, sign_of_life: str) -> None:
    async with site(transport, link=PINGED) as at:
        peer = await at.upgraded()
        until_s = now_s() + 2 * (INTERVAL_S + TIMEOUT_S)
        pings = 0
        while now_s() < until_s:
            if sign_of_life == "pong":
                first, payload = await peer.read_frame()
                assert first == 0x80 | PING
                pings += 1
                peer.frame(PONG, payload)
            else:
                peer.frame(TEXT, b"x")
                await asyncio.sleep(INTERVAL_S / 4)
        assert at.station.link.is_open
        # Who talks is not pinged.
        assert (pings > 1) == (sign_of_life == "pong")


async def test_pings_can_be_off_for_a_station(transport: Transport) -> None:
    async with site(transport, link=NEVER) as at:
        peer = await at.upgraded()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.6):
                await peer.reader.read(1)
        assert at.station.link.is_open
        assert len(at.listener.reception.wheel) == 0


async def test_pings_can_be_tuned_while_the_link_is_open(transport: Transport) -> None:
    async with site(transport, link=NEVER) as at:
        await at.upgraded()
        link = at.station.link
        link.tune_ping(60, 60)
        link.tune_ping(0.1, 0.1)
        tuned_at_s = now_s()
        await at.station.ending()
        assert at.station.closed_at_s - tuned_at_s < 1.2
        link.tune_ping(0.1, 0.1)
        assert len(at.listener.reception.wheel) == 0

    async with site(transport, link=PINGED) as at:
        await at.upgraded()
        at.station.link.tune_ping(None, 0.1)
        await asyncio.sleep(INTERVAL_S + TIMEOUT_S + 0.5)
        assert at.station.link.is_open


async def test_who_is_not_read_is_not_dead(transport: Transport) -> None:
    async with site(transport, link=PINGED) as at:
        peer = await at.upgraded()
        at.station.link.hold()
        for _ in range(3):
            await asyncio.sleep(INTERVAL_S)
            peer.frame(TEXT, b"x")
        assert at.station.link.is_open


async def test_a_ping_measures_the_way_to_the_peer_and_back(transport: Transport) -> None:
    async with site(transport, link=NEVER) as at:
        peer = await at.upgraded()
        link = at.station.link
        both = asyncio.gather(link.ping(), link.ping())
        first, payload = await peer.read_frame()
        assert first == 0x80 | PING
        peer.frame(PONG, b"another")
        await asyncio.sleep(0.05)
        assert not both.done()
        peer.frame(PONG, payload)
        assert all(0.05 <= each_s < 5 for each_s in await both)
        # A pong that comes twice, and one ping for whoever asks next.
        peer.frame(PONG, payload)
        again = asyncio.ensure_future(link.ping())
        first, later = await peer.read_frame()
        assert later != payload
        peer.frame(PONG, later)
        assert await again < 5


async def test_a_ping_ends_with_the_link(transport: Transport) -> None:
    async with site(transport, link=NEVER) as at:
        peer = await at.upgraded()
        waiting = asyncio.ensure_future(at.station.link.ping())
        await peer.read_frame()
        peer.leave()
        with pytest.raises(LinkClosed):
            await waiting
        with pytest.raises(LinkClosed):
            await at.station.link.ping()
