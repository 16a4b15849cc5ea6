"""The application on a real port: started and stopped inside a running loop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from litestar import Litestar, Request, get, post

from chargeplane.runtime.rest import PUBLIC
from chargeplane.web import WebServer
from chargeplane.web.patience import over_max
from chargeplane.web.server import HEADER_BYTES_MAX
from tests.web.serving import Serving

HOST = "127.0.0.1"


class Slow:
    """One request that is at work until it is let go."""

    def __init__(self) -> None:
        self.begun, self.open = asyncio.Event(), asyncio.Event()

        @get("/slow", opt=PUBLIC)
        async def slow() -> str:
            self.begun.set()
            await self.open.wait()
            return "done"

        self.app = Litestar([slow], logging_config=None, openapi_config=None)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


async def test_it_serves_on_any_free_port_and_not_after_its_end(
    rest: Serving, client: httpx.AsyncClient
) -> None:
    async with WebServer(rest.app, HOST, 0) as server:
        address = f"http://{HOST}:{server.port}/health/live"
        answer = await client.get(address)
        assert answer.json() == {"status": "live"}
        assert "server" not in answer.headers
    with pytest.raises(httpx.ConnectError):
        await client.get(address)


async def test_a_port_that_is_taken_is_an_error_at_once(rest: Serving) -> None:
    async with WebServer(rest.app, HOST, 0) as server:
        with pytest.raises(OSError, match="in use"):
            async with WebServer(rest.app, HOST, server.port):
                pytest.fail("two servers on one port")


async def test_a_request_at_work_is_finished_before_the_end(client: httpx.AsyncClient) -> None:
    slow = Slow()
    async with WebServer(slow.app, HOST, 0) as server:
        asking = asyncio.create_task(client.get(f"http://{HOST}:{server.port}/slow"))
        await slow.begun.wait()
        asyncio.get_running_loop().call_later(0.2, slow.open.set)
    assert (await asking).text == "done"


async def test_signals_stay_with_the_program(rest: Serving) -> None:
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    async with WebServer(rest.app, HOST, 0):
        assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before


async def test_headers_beyond_the_bound_are_refused_and_others_are_served(
    rest: Serving, client: httpx.AsyncClient
) -> None:
    async with WebServer(rest.app, HOST, 0) as server:
        reader, writer = await asyncio.open_connection(HOST, server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 2 * HEADER_BYTES_MAX)
        await writer.drain()
        assert (await reader.readline()).startswith(b"HTTP/1.1 4")
        writer.close()
        await writer.wait_closed()
        address = f"http://{HOST}:{server.port}/health/live"
        assert (await client.get(address)).status_code == 200


async def dialled(port: int, said: bytes) -> asyncio.StreamReader:
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(said)
    test = asyncio.current_task()
    assert test is not None
    test.add_done_callback(lambda _: writer.close())
    return reader


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf",
    ],
    ids=["nothing", "half a head", "half a body"],
)
async def test_who_does_not_end_what_he_says_is_given_up(
    rest: Serving, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chargeplane.web.patience.HEAD_S", 0.3)
    monkeypatch.setattr("chargeplane.web.patience.SILENCE_S", 0.3)
    async with WebServer(rest.app, HOST, 0) as server:
        reader = await dialled(server.port, said)
        async with asyncio.timeout(5):
            with suppress(ConnectionError):  # what it has not read yet makes it a reset
                await reader.read()


async def test_half_of_a_further_head_is_given_up(
    rest: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chargeplane.web.patience.HEAD_S", 0.3)
    async with WebServer(rest.app, HOST, 0) as server:
        reader, writer = await asyncio.open_connection(HOST, server.port)
        head = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"
        writer.write(head + b"\r\n")
        await reader.readuntil(b'{"status":"live"}')
        writer.write(head)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()


async def test_who_says_it_slowly_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    @post("/", opt=PUBLIC)
    async def echo(request: Request[Any, Any, Any]) -> str:
        return (await request.body()).decode()

    monkeypatch.setattr("chargeplane.web.patience.HEAD_S", 0.3)
    monkeypatch.setattr("chargeplane.web.patience.SILENCE_S", 0.3)
    app = Litestar([echo], logging_config=None, openapi_config=None)
    async with WebServer(app, HOST, 0) as server:
        reader, writer = await asyncio.open_connection(HOST, server.port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n")
        writer.write(b"Content-Length: 6\r\n\r\n")
        for each in b"slowly":
            await asyncio.sleep(0.15)
            writer.write(bytes((each,)))
        assert (await reader.read()).endswith(b"slowly")
        writer.close()


async def test_a_flood_of_connections_is_cut_off(rest: Serving) -> None:
    async with WebServer(rest.app, HOST, 0, connections_max=2) as server:
        waiting = [await dialled(server.port, b"") for _ in range(2 + over_max(2))]
        flood = [await dialled(server.port, b"") for _ in range(20)]
        async with asyncio.timeout(5):
            for each in flood:
                with suppress(ConnectionError):
                    assert await each.read() == b""
        assert not any(each.at_eof() for each in waiting)


async def test_a_connection_too_many_is_turned_away_and_the_next_one_served(
    rest: Serving, client: httpx.AsyncClient
) -> None:
    async with WebServer(rest.app, HOST, 0, connections_max=2) as server:
        address = f"http://{HOST}:{server.port}/health/live"
        idle = [await asyncio.open_connection(HOST, server.port) for _ in range(2)]
        for _, writer in idle:
            writer.write(b"GET /health/live HTTP/1.1\r\n")  # and no more for now
        assert (await client.get(address)).status_code == 503
        for reader, writer in idle:
            writer.write(b"Host: x\r\nConnection: close\r\n\r\n")
            await reader.read()
            writer.close()
            await writer.wait_closed()
        assert (await client.get(address)).status_code == 200
