"""Dialling: against our own listener, and against servers that answer wrongly."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from hashlib import sha1
from http import HTTPStatus
from typing import cast

import pytest

from chargeplane.runtime.links import (
    Accept,
    Attempt,
    EndedBy,
    HandshakeRefused,
    Link,
    LinkSettings,
    Refuse,
    Transport,
    Wheel,
    connect,
)
from tests.runtime.links.harness import QUICK, Site, Station, site
from tests.waiting import until

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


async def dial(at: Site, path: str = "/ocpp/CP1", **options: object) -> Station:
    return await dial_port(at.port, path, **options)


async def dial_port(port: int, path: str = "/ocpp/CP1", **options: object) -> Station:
    stations: list[Station] = []

    def opened(link: Link) -> Station:
        stations.append(Station(link))
        return stations[-1]

    given: dict[str, object] = {"subprotocols": ["ocpp2.0.1", "ocpp1.6"], "settings": QUICK}
    await connect(f"ws://127.0.0.1:{port}{path}", opened, **(given | options))  # type: ignore[arg-type]
    return stations[0]


async def test_both_ends_agree(transport: Transport) -> None:
    async with site(transport) as at:
        client = await dial(at, "/ocpp/RDAM%7C123?x=1")
        for link in (client.link, at.station.link):
            assert link.identity == "RDAM|123"
            assert link.facts.subprotocol == "ocpp2.0.1"
            assert link.facts.compression is not None
        for text in ("", "short", "é" * 100_000):
            client.link.send(text)
            assert await at.station.heard.get() == text
            at.station.link.send(text)
            assert await client.heard.get() == text
        assert await client.link.ping() < 5
        assert await at.station.link.ping() < 5


@pytest.mark.parametrize("closer", ["client", "server"])
async def test_either_end_closes(transport: Transport, closer: str) -> None:
    async with site(transport) as at:
        client = await dial(at)
        ends = {"client": client, "server": at.station}
        ends[closer].link.close(4001, "enough")
        for name, station in ends.items():
            ending = await station.ending()
            assert (ending.code, ending.reason) == (4001, "enough")
            assert ending.by is (EndedBy.US if name == closer else EndedBy.PEER)


async def test_a_client_notices_a_dead_server(transport: Transport) -> None:
    pinged = LinkSettings(ping_interval_s=0.1, ping_timeout_s=0.1)
    wheel = Wheel()
    async with site(transport) as at:
        client = await dial(at, settings=pinged, wheel=wheel)
        assert len(wheel) == 1
        await asyncio.sleep(0.6)
        assert client.link.is_open
        at.station.link.hold()
        assert (await client.ending()).reason == "no answer to a ping"
        assert len(wheel) == 0
        at.station.link.cut("it is over")


async def test_a_refusal_says_what_the_server_said(transport: Transport) -> None:
    async def admit(attempt: Attempt) -> Accept | Refuse:
        return Refuse(HTTPStatus.UNAUTHORIZED, (("WWW-Authenticate", "Basic"),), "no such user")

    async with site(transport, admit=admit) as at:
        with pytest.raises(HandshakeRefused, match="401: no such user") as caught:
            await dial(at)
        assert caught.value.status == 401
        assert caught.value.headers.get("www-authenticate") == "Basic"


async def test_without_a_common_version_the_link_says_so_and_ends(transport: Transport) -> None:
    async with site(transport) as at:
        client = await dial(at, subprotocols=["ocpp9.9"])
        assert client.link.facts.subprotocol is None
        assert (await client.ending()).code == 1002


async def test_headers_and_no_compression_are_as_asked(transport: Transport) -> None:
    attempts: list[Attempt] = []

    async def admit(attempt: Attempt) -> Accept:
        attempts.append(attempt)
        return Accept("CP1", default_subprotocol="ocpp1.6")

    async with site(transport, admit=admit) as at:
        client = await dial(
            at,
            headers=[("Authorization", "Basic eA==")],
            subprotocols=[],
            settings=LinkSettings(compression=False),
        )
        assert attempts[0].headers.get("authorization") == "Basic eA=="
        assert attempts[0].offered == ()
        assert client.link.facts.compression is None


@asynccontextmanager
async def server(answer: bytes) -> AsyncIterator[int]:
    """A server that answers anything with the same bytes, then waits for the end."""
    tasks: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(cast("asyncio.Task[None]", asyncio.current_task()))
        head = await reader.readuntil(b"\r\n\r\n")
        key = head.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0].decode()
        accept = b64encode(sha1((key + GUID).encode(), usedforsecurity=False).digest())
        writer.write(answer.replace(b"KEY", accept))
        if answer and b"END" not in answer:
            with suppress(ConnectionError):
                await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        yield listening.sockets[0].getsockname()[1]
        await asyncio.gather(*tasks)


SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: KEY\r\n"

WRONG = {
    "nothing": (b"", 0),
    "not HTTP": (b"SSH-2.0-x\r\n\r\n", 0),
    "endless": (b"x" * 20_000, 0),
    "malformed header": (b"HTTP/1.1 101 X\r\nbad header\r\n\r\n", 0),
    "200": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200),
    "redirect": (b"HTTP/1.1 302 Found\r\nLocation: ws://x/\r\n\r\n", 302),
    "error cut short": (b"HTTP/1.1 500 X\r\nContent-Length: 99\r\n\r\nEND", 500),
    "error of any length": (b"HTTP/1.1 500 X\r\nContent-Length: 99999999\r\n\r\n", 500),
    "wrong accept": (b"HTTP/1.1 101 X\r\nSec-WebSocket-Accept: AAAA\r\n\r\n", 101),
    "no accept": (b"HTTP/1.1 101 X\r\n\r\n", 101),
    "other sub-protocol": (SWITCH + b"Sec-WebSocket-Protocol: mqtt\r\n\r\n", 101),
    "other extension": (SWITCH + b"Sec-WebSocket-Extensions: x\r\n\r\n", 101),
    "context kept": (SWITCH + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", 101),
}


@pytest.mark.parametrize(("answer", "status"), WRONG.values(), ids=WRONG.keys())
async def test_a_wrong_answer_is_refused(answer: bytes, status: int) -> None:
    async with server(answer) as port:
        with pytest.raises(HandshakeRefused) as caught:
            await dial_port(port)
        assert caught.value.status == status


async def test_a_frame_in_the_same_breath_as_the_answer_is_not_lost() -> None:
    async with server(SWITCH + b"\r\n\x81\x05hello") as port:
        client = await dial_port(port)
        assert await client.heard.get() == "hello"
        client.link.cut("enough")
        await client.ending()


async def test_a_masked_frame_of_a_server_is_a_fault() -> None:
    async with server(SWITCH + b"\r\n\x81\x81aaaa\x00") as port:
        client = await dial_port(port)
        assert (await client.ending()).code == 1002


async def test_a_server_that_says_nothing_is_given_up() -> None:
    async with server(b"HTTP/1.1 ") as port:
        with pytest.raises(TimeoutError):
            await dial_port(port, timeout_s=0.2)


async def test_a_server_that_does_not_hang_up_after_the_close_is_left() -> None:
    async with server(SWITCH + b"\r\n\x88\x02\x03\xe8") as port:
        client = await dial_port(port)
        assert (await client.ending()).code == 1000


async def test_nobody_there_is_an_os_error() -> None:
    async with server(b"") as port:
        pass
    with pytest.raises(OSError, match="refused|Connect call failed"):
        await dial_port(port)


@pytest.mark.parametrize("url", ["http://x/", "ws:///CP1", "CP1"])
async def test_only_websocket_addresses_are_dialled(url: str) -> None:
    with pytest.raises(ValueError, match="is no ws"):
        await connect(url, Station, subprotocols=[])


async def test_many_clients_share_a_wheel(transport: Transport) -> None:
    wheel = Wheel()
    pinged = LinkSettings(ping_interval_s=0.2, ping_timeout_s=5)
    async with site(transport) as at:
        clients = [await dial(at, f"/CP{n}", settings=pinged, wheel=wheel) for n in range(20)]
        assert len(wheel) == 20
        await asyncio.sleep(0.6)
        assert all(client.link.is_open for client in clients)
        for client in clients:
            client.link.close()
        await until(lambda: all(client.endings for client in clients))
