"""TLS: what admission sees of it, and that links behave alike over it."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography import x509

from chargeplane.runtime.links import (
    Accept,
    Attempt,
    HandshakeRefused,
    Link,
    LinkSettings,
    Listener,
    ListenerSettings,
    Transport,
    connect,
    new_event_loop,
)
from tests.runtime.links.certificates import Authority
from tests.runtime.links.harness import QUICK, Station
from tests.waiting import until

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "fastest": new_event_loop,
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def server_context(authority: Authority, *, mutual: bool) -> ssl.SSLContext:
    identity = authority.issue("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate_path, identity.key_path)
    if mutual:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority.root.certificate_path)
    return context


def client_context(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority.root.certificate_path)


class Secure:
    """A listener on a TLS port."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self.stations: list[Station] = []
        self.clients: list[Station] = []
        self.url = ""
        self.listener: Listener

    async def admit(self, attempt: Attempt) -> Accept:
        self.attempts.append(attempt)
        return Accept(attempt.identity or "")

    def opened(self, link: Link) -> Station:
        self.stations.append(Station(link))
        return self.stations[-1]

    def dialled(self, link: Link) -> Station:
        self.clients.append(Station(link))
        return self.clients[-1]

    async def dial(self, tls: ssl.SSLContext, settings: LinkSettings = QUICK) -> Link:
        return await connect(
            self.url, self.dialled, subprotocols=["ocpp2.0.1"], tls=tls, settings=settings
        )


@asynccontextmanager
async def secure(
    transport: Transport, context: ssl.SSLContext, settings: ListenerSettings
) -> AsyncIterator[Secure]:
    at = Secure()
    at.listener = listener = Listener(at.admit, at.opened, settings=settings, transport=transport)
    at.url = f"wss://127.0.0.1:{await listener.listen('127.0.0.1', 0, context)}/ocpp/CP1"
    yield at
    await listener.drain(1.0)
    await until(lambda: listener.reception.connections == 0)


@pytest.mark.parametrize("loop_name", LOOPS)
def test_admission_sees_the_certificate_of_a_station(
    transport: Transport, authority: Authority, loop_name: str
) -> None:
    async def main() -> None:
        context = server_context(authority, mutual=True)
        station = authority.issue("CP1")
        async with secure(transport, context, ListenerSettings(link=QUICK)) as at:
            tls = client_context(authority)
            tls.load_cert_chain(station.certificate_path, station.key_path)
            link = await at.dial(tls)
            (attempt,) = at.attempts
            assert attempt.tls is not None
            assert attempt.tls.version == "TLSv1.3"
            assert attempt.tls.cipher.startswith("TLS_")
            assert attempt.tls.client_certificate is not None
            shown = x509.load_der_x509_certificate(attempt.tls.client_certificate)
            assert shown == station.certificate
            assert attempt.peer.host == "127.0.0.1"
            assert at.stations[0].link.facts.tls == attempt.tls
            # And the link works both ways, with messages of several records.
            link.send("é" * 100_000)
            await until(lambda: at.stations[0].texts == ["é" * 100_000])
            at.stations[0].link.send("x" * 100_000)
            await until(lambda: at.clients[0].texts == ["x" * 100_000])
            assert await link.ping() < 5
            link.close(1000, "bye")
            assert (await at.stations[0].ending()).reason == "bye"
            assert (await at.clients[0].ending()).code == 1000

    with asyncio.Runner(loop_factory=LOOPS[loop_name]) as runner:
        runner.run(main())


async def test_a_station_without_a_certificate_is_refused_where_one_is_asked_for(
    transport: Transport, authority: Authority, tmp_path: Path
) -> None:
    context = server_context(authority, mutual=True)
    stranger = Authority(tmp_path, "stranger").issue("CP1")
    async with secure(transport, context, ListenerSettings(link=QUICK)) as at:
        wrong = client_context(authority)
        wrong.load_cert_chain(stranger.certificate_path, stranger.key_path)
        for tls in (client_context(authority), wrong):
            # With TLS 1.3 the client learns of it only when it reads.
            with pytest.raises((OSError, HandshakeRefused)):
                await at.dial(tls)
        assert not at.attempts


async def test_without_a_client_certificate_there_is_none_to_see(
    transport: Transport, authority: Authority
) -> None:
    context = server_context(authority, mutual=False)
    async with secure(transport, context, ListenerSettings(link=QUICK)) as at:
        await at.dial(client_context(authority))
        assert at.attempts[0].tls is not None
        assert at.attempts[0].tls.client_certificate is None


async def test_a_client_refuses_a_server_that_it_cannot_trust(
    transport: Transport, authority: Authority
) -> None:
    context = server_context(authority, mutual=False)
    async with secure(transport, context, ListenerSettings(link=QUICK)) as at:
        with pytest.raises(ssl.SSLCertVerificationError):
            await at.dial(ssl.create_default_context())


async def test_a_tls_handshake_that_never_ends_is_given_up(
    transport: Transport, authority: Authority
) -> None:
    context = server_context(authority, mutual=False)
    settings = ListenerSettings(link=QUICK, handshake_timeout_s=0.3)
    async with secure(transport, context, settings) as at:
        port = int(at.url.split(":")[2].split("/")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(2):
            assert await reader.read() == b""
        writer.close()


async def test_what_piled_up_while_nobody_read_is_all_delivered(
    transport: Transport, authority: Authority
) -> None:
    context = server_context(authority, mutual=False)
    link = LinkSettings(ping_interval_s=None, compression=False, outgoing_bytes_max=4_000_000)
    texts = [str(number) * 40_000 for number in range(10, 30)]
    async with secure(transport, context, ListenerSettings(link=link)) as at:
        client = await at.dial(client_context(authority), link)
        station = at.stations[0]
        station.link.hold()
        for text in texts:
            client.send(text)
        station.link.go_on()
        await until(lambda: len(station.texts) == len(texts))
        assert station.texts == texts


async def test_the_system_watches_connections_with_tls_as_well(
    transport: Transport, authority: Authority
) -> None:
    context = server_context(authority, mutual=False)
    async with secure(transport, context, ListenerSettings(link=QUICK)) as at:
        await at.dial(client_context(authority))
        carrier = cast("Any", at.stations[0].link)._wire._transport
        found = carrier.get_extra_info("socket")
        assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_with_picows_openssl_uses_the_socket_itself(
    transport: Transport, authority: Authority
) -> None:
    context = server_context(authority, mutual=False)
    async with secure(transport, context, ListenerSettings(link=QUICK)) as at:
        await at.dial(client_context(authority))
        carrier = cast("Any", at.stations[0].link)._wire._transport
        buffered = transport is not Transport.PICOWS
        assert carrier.get_extra_info("ssl_incoming_use_membio") is buffered
        assert carrier.get_extra_info("ssl_outgoing_use_membio") is buffered


async def test_a_slow_consumer_over_tls_is_cut_off_at_the_bound(
    transport: Transport, authority: Authority
) -> None:
    context = server_context(authority, mutual=False)
    link = LinkSettings(
        ping_interval_s=None,
        close_timeout_s=0.1,
        outgoing_bytes_max=262_144,
        compression=False,
        message_bytes_max=1_000_000,
    )
    async with secure(transport, context, ListenerSettings(link=link)) as at:
        client = await at.dial(client_context(authority), link)
        client.hold()
        server = at.stations[0].link
        count = 0
        while server.is_open and count < 6_400:
            server.send("x" * 10_000)
            count += 1
            if not count % 10:
                await asyncio.sleep(0)
        assert count < 1_000
        assert (await at.stations[0].ending()).reason == "slow consumer"
        client.cut("enough")


async def test_one_who_begins_no_handshake_is_counted_and_fills_the_port_for_nobody(
    transport: Transport, authority: Authority
) -> None:
    context = server_context(authority, mutual=False)
    settings = ListenerSettings(link=QUICK, connections_max=8, per_source_max=3, over_max=2)
    async with secure(transport, context, settings) as at:
        port = int(at.url.split(":")[2].split("/")[0])
        silent = [
            await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
            for _ in range(20)
        ]
        async with asyncio.timeout(2):
            assert [await reader.read() for reader, _ in silent[5:]] == [b""] * 15
        assert at.listener.reception.connections == 5
        await at.dial(client_context(authority))
        for _, writer in silent:
            writer.close()
        await until(lambda: at.listener.reception.connections == 1)


async def test_a_handshake_that_fails_is_counted_down_again(
    transport: Transport, authority: Authority
) -> None:
    context = server_context(authority, mutual=False)
    async with secure(transport, context, ListenerSettings(link=QUICK)) as at:
        port = int(at.url.split(":")[2].split("/")[0])
        for first in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + bytes(99)):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(first)
            writer.close()
        with pytest.raises(ssl.SSLCertVerificationError):
            await at.dial(ssl.create_default_context())
        await until(lambda: at.listener.reception.connections == 0)
        assert not at.listener.reception._sources
