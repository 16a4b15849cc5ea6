"""The small HTTP client, against servers that answer in all sorts of ways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from chargeplane.station.wires import http_post as module
from chargeplane.station.wires.http_post import HttpFailed, http_post


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that reads one request and says this."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head + await reader.readexactly(4))
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/soap?x=1", asked


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"hi"),
        (b"HTTP/1.0 500 Oh\r\n\r\nhi", b"hi"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a\r\nh\r\n1\r\ni\r\n0\r\n\r\n",
            b"hi",
        ),
    ],
    ids=["length", "until the end", "chunks"],
)
async def test_an_answer_is_read_however_its_end_is_marked(answer: bytes, body: bytes) -> None:
    async with answering(answer) as (url, asked):
        found = await http_post(url, b"ping", [("X-A", "b")], timeout_s=5)
    assert found.body == body
    assert found.status == int(answer[9:12])
    assert asked[0].startswith(b"POST /soap?x=1 HTTP/1.1\r\n")
    assert b"X-A: b\r\n" in asked[0]
    assert asked[0].endswith(b"Content-Length: 4\r\nConnection: close\r\nX-A: b\r\n\r\nping")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 200,
    ],
    ids=["nothing", "other protocol", "half a head", "bad chunk", "too long"],
)
async def test_what_is_no_answer_is_said_to_be_none(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ANSWER_BYTES_MAX", 100)
    async with answering(answer) as (url, _):
        with pytest.raises(HttpFailed):
            await http_post(url, b"ping", [], timeout_s=5)


async def test_nobody_there_and_nobody_in_time_are_failures_too() -> None:
    async with answering(b"") as (url, _):
        pass
    with pytest.raises(HttpFailed):
        await http_post(url, b"ping", [], timeout_s=5)
    over = asyncio.Event()

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(HttpFailed):
            await http_post(f"http://127.0.0.1:{port}", b"ping", [], timeout_s=0.05)
        over.set()
