"""Peers that read slowly or never, and peers that send too fast."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from chargeplane.runtime.links import (
    EndedBy,
    Link,
    LinkClosed,
    LinkSettings,
    Transport,
    new_event_loop,
)
from chargeplane.runtime.links.deflate import OFFER, Deflate
from tests.runtime.links.harness import (
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Peer,
    Site,
    Station,
    frame,
    site,
    upgrade,
)
from tests.waiting import until

OUTGOING_MAX = 262_144
BOUNDED = LinkSettings(
    ping_interval_s=None,
    close_timeout_s=0.1,
    outgoing_bytes_max=OUTGOING_MAX,
    compression=False,
)
# What the systems of both ends keep for a connection, generously.
KERNEL_BYTES_MAX = 8 * 1024 * 1024
LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "fastest": new_event_loop,
}


@pytest.fixture(params=LOOPS)
def loop_factory(request: pytest.FixtureRequest) -> Callable[[], asyncio.AbstractEventLoop]:
    return LOOPS[str(request.param)]


async def deaf_peer(at: Site) -> Peer:
    """A peer that reads nothing after the handshake, and whose system keeps little for it."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", at.port))
    reader, writer = await asyncio.open_connection(sock=connection, limit=1024)
    peer = Peer(reader, writer)
    at.peers.append(peer)
    peer.send(upgrade())
    assert (await peer.response()).status == 101
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    return peer


def run(
    loop_factory: Callable[[], asyncio.AbstractEventLoop], what: Callable[[], Awaitable[None]]
) -> None:
    async def main() -> None:
        await what()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main())


def test_a_peer_that_never_reads_is_cut_off_at_the_bound(
    transport: Transport, loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def flood() -> None:
        async with site(transport, link=BOUNDED) as at:
            await deaf_peer(at)
            link = at.station.link
            sent_bytes = 0
            while link.is_open and sent_bytes < 64 * 1024 * 1024:
                link.send("x" * 10_000)
                sent_bytes += 10_000
                if sent_bytes % 100_000 == 0:
                    await asyncio.sleep(0)
            with pytest.raises(LinkClosed, match="slow consumer"):
                link.send("x")
            assert OUTGOING_MAX < sent_bytes < OUTGOING_MAX + KERNEL_BYTES_MAX
            ending = await at.station.ending()
            assert (ending.reason, ending.by) == ("slow consumer", EndedBy.US)

    run(loop_factory, flood)


def test_the_bound_holds_for_a_burst_without_a_pause(
    transport: Transport, loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def burst() -> None:
        async with site(transport, link=BOUNDED) as at:
            await deaf_peer(at)
            link = at.station.link
            count = 0
            while link.is_open and count < 10_000:
                link.send("x" * 10_000)
                count += 1
            assert count * 10_000 < OUTGOING_MAX + KERNEL_BYTES_MAX
            assert (await at.station.ending()).reason == "slow consumer"

    run(loop_factory, burst)


def test_a_sender_that_waits_loses_nothing(
    transport: Transport, loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def wait() -> None:
        async with site(transport, link=BOUNDED) as at:
            peer = await deaf_peer(at)
            link = at.station.link
            sent = 0
            with suppress(TimeoutError):
                async with asyncio.timeout(0.3):
                    while sent < 6_400:
                        link.send("x" * 10_000)
                        sent += 1
                        await link.drained()
            assert link.is_open
            assert sent < 6_400
            peer.writer.transport.resume_reading()  # type: ignore[attr-defined]
            waiting = asyncio.ensure_future(link.drained())
            for _ in range(sent):
                assert (await peer.read_frame())[1] == b"x" * 10_000
            await waiting
            await link.drained()

    run(loop_factory, wait)


async def test_who_waits_for_a_peer_that_goes_is_told(transport: Transport) -> None:
    async with site(transport, link=BOUNDED) as at:
        peer = await deaf_peer(at)
        link = at.station.link
        while True:
            link.send("x" * 10_000)
            waiting = asyncio.ensure_future(link.drained())
            await asyncio.sleep(0)
            if not waiting.done():
                break
        peer.leave()
        with pytest.raises(LinkClosed):
            await waiting
        with pytest.raises(LinkClosed):
            await link.drained()


async def test_a_close_behind_a_full_buffer_ends_in_time(transport: Transport) -> None:
    async with site(transport, link=BOUNDED) as at:
        await deaf_peer(at)
        link = at.station.link
        for _ in range(10_000):
            link.send("x" * 10_000)
            try:
                async with asyncio.timeout(0.05):
                    await link.drained()
            except TimeoutError:
                break
        link.close(1000)
        await at.station.ending()


async def test_ten_thousand_pings_are_answered_in_bounded_memory(transport: Transport) -> None:
    async with site(transport, link=BOUNDED) as at:
        peer = await at.upgraded()
        count = 10_000
        sending = asyncio.ensure_future(drip(peer, frame(PING, b"p" * 100), count))
        for _ in range(count):
            assert await peer.read_frame() == (0x8A, b"p" * 100)
        await sending
        assert at.station.link.is_open


async def test_a_ping_flood_of_a_deaf_peer_is_cut_off(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chargeplane.runtime.links.link.FRAMES_S_MAX", 100_000)
    async with site(transport, link=BOUNDED) as at:
        peer = await deaf_peer(at)
        sending = asyncio.ensure_future(drip(peer, frame(PING, b"p" * 125), 100_000))
        assert (await at.station.ending()).reason == "slow consumer"
        sending.cancel()


async def test_a_link_that_is_held_takes_no_more_until_it_goes_on(transport: Transport) -> None:
    async with site(transport, link=BOUNDED) as at:
        peer = await at.upgraded()
        link = at.station.link
        link.hold()
        link.hold()
        sending = asyncio.ensure_future(drip(peer, frame(TEXT, b"x" * 60_000), 500))
        await asyncio.sleep(0.2)
        assert len(at.station.texts) < 10
        assert not sending.done()
        link.go_on()
        await until(lambda: len(at.station.texts) == 500)
        await sending


async def test_what_comes_with_the_handshake_waits_for_an_owner_that_holds(
    transport: Transport,
) -> None:
    def holding(link: Link) -> Station:
        link.hold()
        return Station(link)

    async with site(transport, link=BOUNDED, station=holding) as at:
        peer = await at.dial()
        peer.send(upgrade() + frame(TEXT, b"early"))
        assert (await peer.response()).status == 101
        peer.send(frame(TEXT, b"late"))
        await asyncio.sleep(0.1)
        assert at.station.texts == []
        at.station.link.go_on()
        await until(lambda: at.station.texts == ["early", "late"])


async def test_an_owner_that_lets_go_at_once_is_told_everything(transport: Transport) -> None:
    def hesitating(link: Link) -> Station:
        link.hold()
        link.go_on()
        return Station(link)

    async with site(transport, link=BOUNDED, station=hesitating) as at:
        peer = await at.dial()
        peer.send(upgrade() + frame(TEXT, b"early"))
        assert (await peer.response()).status == 101
        peer.send(frame(TEXT, b"late"))
        await until(lambda: at.station.texts == ["early", "late"])


async def test_a_held_link_can_be_closed(transport: Transport) -> None:
    async with site(transport, link=BOUNDED) as at:
        peer = await at.upgraded()
        at.station.link.hold()
        at.station.link.close(1001)
        assert await peer.close_code() == 1001
        peer.frame(8, b"\x03\xe9")
        assert (await at.station.ending()).code == 1001


async def drip(peer: Peer, data: bytes, count: int) -> None:
    for _ in range(count):
        peer.send(data)
        await peer.writer.drain()


@pytest.mark.parametrize("kind", ["pings", "pongs", "fragments"])
async def test_who_sends_nothing_but_pings_or_fragments_is_read_more_slowly(
    transport: Transport, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chargeplane.runtime.links.link.FRAMES_S_MAX", 5_000)
    monkeypatch.setattr("chargeplane.runtime.links.link.FRAMES_BURST_S", 0.1)
    pinged = LinkSettings(ping_interval_s=0.1, ping_timeout_s=0.1, close_timeout_s=0.1)
    async with site(transport, link=pinged) as at:
        peer = await at.upgraded()
        first, opcode = b"", {"pings": PING, "pongs": PONG, "fragments": CONTINUATION}[kind]
        if kind == "fragments":
            first = frame(TEXT, b"x", fin=False)
        started_s = asyncio.get_running_loop().time()
        peer.send(first + frame(opcode, fin=kind != "fragments") * 5_000)
        await asyncio.sleep(0.1)  # one look may take all of them
        if kind == "fragments":
            peer.frame(CONTINUATION, b"y")
        else:
            peer.frame(TEXT, b"xy")
        assert await asyncio.wait_for(at.station.heard.get(), 10) == "xy"
        took_s = asyncio.get_running_loop().time() - started_s
        assert 0.7 < took_s < 5
        assert at.station.link.is_open  # who is not read is not dead


async def test_long_messages_count_by_their_length_once_they_are_inflated(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chargeplane.runtime.links.link.FRAMES_BURST_S", 0.1)
    async with site(transport, link=LinkSettings(ping_interval_s=None)) as at:
        peer = await at.upgraded(sec_websocket_extensions=OFFER)
        bomb = Deflate().compressed(b"x" * 250_000)
        started_s = asyncio.get_running_loop().time()
        for _ in range(30):  # 30 times 245 of 5,000 in a second
            peer.frame(TEXT, bomb, rsv=4)
        await until(lambda: len(at.station.texts) == 30)  # one look may take all of them
        peer.frame(TEXT, b"after it")
        await until(lambda: len(at.station.texts) == 31)
        assert 1.0 < asyncio.get_running_loop().time() - started_s < 8
        assert at.station.texts[-1] == "after it"


async def test_who_is_closed_and_talks_on_is_read_more_slowly(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chargeplane.runtime.links.link.FRAMES_S_MAX", 100)
    monkeypatch.setattr("chargeplane.runtime.links.link.FRAMES_BURST_S", 0.1)
    async with site(transport, link=LinkSettings(close_timeout_s=0.4)) as at:
        peer = await at.upgraded()
        at.station.link.close(1008, "enough")
        wire = at.station.link._wire
        held: list[float] = []
        monkeypatch.setattr(type(wire), "hold", lambda _: held.append(1.0))
        for _ in range(200):
            peer.frame(TEXT, b"x")
        await at.station.ending()
        assert held


async def test_a_brake_and_an_owner_that_holds_do_not_undo_each_other(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chargeplane.runtime.links.link.FRAMES_S_MAX", 1_000)
    monkeypatch.setattr("chargeplane.runtime.links.link.FRAMES_BURST_S", 0.0)
    async with site(transport) as at:
        peer = await at.upgraded()
        peer.send(frame(PING) * 200)
        await until(lambda: at.station.link._brake is not None)
        at.station.link.hold()
        await until(lambda: at.station.link._brake is None)
        peer.frame(TEXT, b"x")
        await asyncio.sleep(0.3)
        assert at.station.texts == []
        at.station.link.go_on()
        assert await asyncio.wait_for(at.station.heard.get(), 5) == "x"
