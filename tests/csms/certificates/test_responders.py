"""Which responders of other authorities are asked: those that an operator allows, and no others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from chargeplane.csms.certificates.status import ANSWER_BYTES_MAX, HttpResponders
from chargeplane.runtime.pki import PkiFault


class Canary:
    """A host that counts who asks it, and always answers the same."""

    def __init__(self, head: str, body: bytes) -> None:
        self.answer = f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        self.asked: list[bytes] = []
        self.host = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head)
        writer.write(self.answer)
        writer.close()


@asynccontextmanager
async def canary(head: str = "200 OK", body: bytes = b"answer") -> AsyncIterator[Canary]:
    host = Canary(head, body)
    server = await asyncio.start_server(host.serve, "127.0.0.1", 0)
    host.host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield host
    finally:
        server.close()


async def test_a_responder_that_is_allowed_is_asked() -> None:
    async with canary() as host:
        found = await HttpResponders([host.host]).ask(f"http://{host.host}/ocsp", b"question")
        assert (found, len(host.asked)) == (b"answer", 1)
        assert host.asked[0].startswith(b"POST /ocsp HTTP/1.1")


@pytest.mark.parametrize(
    "url",
    [
        "http://{host}/",
        "http://ocsp.example@{host}/",
        "http://ocsp.example:80@{host}/",
        "http://{host}#ocsp.example",
        "ftp://ocsp.example/",
        "file:///etc/passwd",
        "//ocsp.example/",
        "",
    ],
)
async def test_an_address_of_a_station_reaches_no_other_host(url: str) -> None:
    async with canary() as host:
        with pytest.raises(PkiFault, match="not among those"):
            await HttpResponders(["ocsp.example"]).ask(url.format(host=host.host), b"question")
        assert not host.asked


async def test_a_responder_sends_us_nowhere_else() -> None:
    async with (
        canary() as inside,
        canary(f"302 Found\r\nLocation: http://{inside.host}/") as responder,
    ):
        with pytest.raises(PkiFault, match="answers 302"):
            await HttpResponders([responder.host]).ask(f"http://{responder.host}/", b"question")
        assert (len(responder.asked), inside.asked) == (1, [])


async def test_a_long_answer_is_not_read_to_its_end() -> None:
    async with canary(body=bytes(ANSWER_BYTES_MAX + 1)) as host:
        with pytest.raises(PkiFault, match="too long"):
            await HttpResponders([host.host]).ask(f"http://{host.host}/", b"question")


async def test_a_responder_that_is_away_is_told() -> None:
    with pytest.raises(PkiFault, match="cannot be asked"):
        await HttpResponders(["127.0.0.1:1"]).ask("http://127.0.0.1:1/", b"question")
