"""Deadlines and caps of a listener, and its end."""

import asyncio

import pytest

from chargeplane.runtime.links import (
    Accept,
    Attempt,
    Link,
    LinkSettings,
    Listener,
    ListenerSettings,
    Transport,
)
from tests.runtime.links.harness import (
    CLOSE,
    QUICK,
    Peer,
    Site,
    Station,
    admit_all,
    site,
    upgrade,
)
from tests.waiting import until


def bounds(**changes: float) -> ListenerSettings:
    return ListenerSettings(link=QUICK, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("start", [b"", b"GET /ocpp/CP1 HTTP/1.1\r\nHost: x\r\n", upgrade()[:-2]])
async def test_half_a_head_is_given_up_after_the_deadline(
    transport: Transport, start: bytes
) -> None:
    async with site(transport, settings=bounds(handshake_timeout_s=0.3)) as at:
        peer = await at.dial()
        peer.send(start)
        started_s = asyncio.get_running_loop().time()
        assert (await peer.response()).status == 408
        assert 0.25 < asyncio.get_running_loop().time() - started_s < 1.3


async def test_a_head_that_trickles_in_does_not_put_the_deadline_off(
    transport: Transport,
) -> None:
    async with site(transport, settings=bounds(handshake_timeout_s=0.3)) as at:
        peer = await at.dial()

        async def trickle() -> None:
            for each in upgrade(x_a="x" * 5_000):
                peer.send(bytes((each,)))
                await asyncio.sleep(0.01)

        trickling = asyncio.ensure_future(trickle())
        assert (await peer.response()).status == 408
        trickling.cancel()


async def test_slow_admission_counts_against_the_deadline(transport: Transport) -> None:
    async def admit(attempt: Attempt) -> Accept:
        await asyncio.sleep(10)
        return Accept("CP1")

    async with site(transport, settings=bounds(handshake_timeout_s=0.2), admit=admit) as at:
        peer = await at.dial()
        peer.send(upgrade())
        assert (await peer.response()).status == 408


async def test_hundreds_of_slow_peers_cost_a_station_nothing(transport: Transport) -> None:
    async with site(transport, settings=bounds(handshake_timeout_s=1.0)) as at:
        for _ in range(300):
            peer = await at.dial()
            peer.send(b"GET /ocpp/")
        async with asyncio.timeout(0.9):
            await at.upgraded()
        await until(lambda: at.listener.reception.connections == 1)
        assert at.listener.reception.refusals[408] == 300


async def fill(at: Site, count: int) -> list[Peer]:
    peers = [await at.upgraded(f"/CP{number}") for number in range(count)]
    await until(lambda: at.listener.reception.connections == count)
    return peers


async def test_one_connection_too_many_is_told_503(transport: Transport) -> None:
    async with site(transport, settings=bounds(connections_max=3)) as at:
        first, *_ = await fill(at, 3)
        late = await at.dial()
        late.send(upgrade("/CP4"))
        answer = await late.response()
        assert answer.status == 503
        assert answer.headers["retry-after"] == "10"
        assert len(at.listener.reception.links) == 3
        first.leave()
        await until(lambda: at.listener.reception.connections == 2)
        await at.upgraded("/CP4")


async def test_one_connection_too_many_of_a_source_is_told_429(transport: Transport) -> None:
    async with site(transport, settings=bounds(per_source_max=2)) as at:
        await fill(at, 2)
        late = await at.dial()
        late.send(upgrade("/CP3"))
        assert (await late.response()).status == 429
        other = Peer(
            *await asyncio.open_connection("127.0.0.1", at.port, local_addr=("127.0.0.2", 0))
        )
        at.peers.append(other)
        other.send(upgrade("/CP4"))
        assert (await other.response()).status == 101


async def test_a_flood_above_the_bound_is_cut_without_a_word(transport: Transport) -> None:
    async with site(transport, settings=bounds(connections_max=2, over_max=3)) as at:
        await fill(at, 2)
        over = [await at.dial() for _ in range(3)]
        await until(lambda: at.listener.reception.connections == 5)
        flood = await at.dial()
        assert await flood.ended()
        over[0].send(upgrade())
        assert (await over[0].response()).status == 503


async def test_one_source_that_says_nothing_does_not_fill_the_port_for_all(
    transport: Transport,
) -> None:
    async with site(
        transport, settings=bounds(connections_max=8, per_source_max=3, over_max=2)
    ) as at:
        silent = [await at.dial() for _ in range(20)]
        async with asyncio.timeout(2):
            assert all([await each.ended() for each in silent[5:]])
        other = Peer(
            *await asyncio.open_connection("127.0.0.1", at.port, local_addr=("127.0.0.2", 0))
        )
        at.peers.append(other)
        other.send(upgrade("/CP4"))
        assert (await other.response()).status == 101


async def test_connections_are_counted_down_again(transport: Transport) -> None:
    async with site(transport) as at:
        for number in range(20):
            peer = await at.upgraded(f"/CP{number}") if number % 2 else await at.dial()
            if number % 3:
                peer.leave()
            else:
                peer.send(b"\r\n\r\n")
                peer.writer.write_eof()
        await until(lambda: at.listener.reception.connections == 0)
        assert not at.listener.reception.links
        assert not at.listener.reception._sources


async def test_a_drain_closes_links_with_1001_and_waits_for_them(transport: Transport) -> None:
    async with site(transport) as at:
        peers = await fill(at, 3)
        draining = asyncio.ensure_future(at.listener.drain(5.0))
        for peer in peers:
            first, payload = await peer.read_frame()
            assert first == 0x80 | CLOSE
            assert int.from_bytes(payload[:2]) == 1001
            peer.frame(CLOSE, payload[:2])
        async with asyncio.timeout(1):
            await draining
        assert [station.endings[0].code for station in at.stations] == [1001] * 3
        with pytest.raises(OSError, match="refused|Connect call failed"):
            await at.dial()


async def test_a_drain_does_not_wait_for_ever() -> None:
    patient = LinkSettings(ping_interval_s=None, close_timeout_s=30)
    never = asyncio.Event()

    async def admit(attempt: Attempt) -> Accept:
        if attempt.identity == "CP9":
            await never.wait()
        return Accept("CP1")

    async with site(Transport.PICOWS, link=patient, admit=admit) as at:
        await fill(at, 2)
        waiting = await at.dial()
        waiting.send(upgrade("/CP9"))
        await until(lambda: at.listener.reception.connections == 3)
        async with asyncio.timeout(1.5):
            await at.listener.drain(0.3)
        assert all(station.endings for station in at.stations)
        assert not at.listener.reception.links


async def test_a_request_in_flight_at_a_drain_is_told_503(transport: Transport) -> None:
    asked, release = asyncio.Event(), asyncio.Event()

    async def admit(attempt: Attempt) -> Accept:
        asked.set()
        await release.wait()
        return Accept("CP1")

    async with site(transport, admit=admit) as at:
        peer, idle = await at.dial(), await at.dial()
        peer.send(upgrade())
        await asked.wait()
        draining = asyncio.ensure_future(at.listener.drain(2.0))
        await asyncio.sleep(0.05)
        release.set()
        assert (await peer.response()).status == 503
        idle.send(upgrade())
        assert (await idle.response()).status == 503
        await draining


async def test_who_has_said_nothing_is_cut_off_at_the_end_of_a_drain(transport: Transport) -> None:
    async with site(transport) as at:
        silent = await at.dial()
        await until(lambda: at.listener.reception.connections == 1)
        await at.listener.drain(0.05)
        assert await silent.reader.read() == b""
        assert at.listener.reception.silent == set()


async def test_one_listener_counts_over_all_of_its_ports(transport: Transport) -> None:
    stations: list[Station] = []

    def opened(link: Link) -> Station:
        stations.append(Station(link))
        return stations[-1]

    listener = Listener(admit_all, opened, settings=bounds(connections_max=2), transport=transport)
    sites = [Site(listener, stations, await listener.listen("127.0.0.1", 0)) for _ in range(2)]
    for at in sites:
        await at.upgraded()
    late = await sites[0].dial()
    late.send(upgrade())
    assert (await late.response()).status == 503
    for peer in (*sites[0].peers, *sites[1].peers):
        peer.leave()
    await listener.drain(0.2)
