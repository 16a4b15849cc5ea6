"""A TLS handshake that ends after its first word, byte by byte."""

from __future__ import annotations

import asyncio

import pytest

from chargeplane.station.wires.hello import say_hello

HANDSHAKE = 0x16  # RFC 8446, 5.1: what a record holds
CLIENT_HELLO = 1


class Ear(asyncio.Protocol):
    """Keeps what one client says, and says a byte when it has heard something."""

    def __init__(self, *, answers: bool) -> None:
        self.heard = b""
        self.ended = asyncio.get_running_loop().create_future()
        self._answers = answers
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard += data
        if self._answers:
            self._transport.write(bytes([HANDSHAKE]))

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set_result(None)


async def listening(ear: Ear) -> tuple[asyncio.Server, str]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: ear, "127.0.0.1", 0)
    return server, f"wss://127.0.0.1:{server.sockets[0].getsockname()[1]}/ocpp/CP1"


async def test_a_server_hears_one_hello_and_then_nothing_not_even_an_alert() -> None:
    ear = Ear(answers=True)
    server, url = await listening(ear)
    async with server, asyncio.timeout(5):
        await say_hello(url, 5.0)
        await ear.ended
    assert (ear.heard[0], ear.heard[5]) == (HANDSHAKE, CLIENT_HELLO)
    assert len(ear.heard) == 5 + int.from_bytes(ear.heard[3:5])  # one record


async def test_a_server_that_says_nothing_is_not_waited_for_for_ever() -> None:
    ear = Ear(answers=False)
    server, url = await listening(ear)
    async with server, asyncio.timeout(5):
        with pytest.raises(TimeoutError):
            await say_hello(url, 0.05)
        await ear.ended


async def test_an_address_without_a_host_is_none() -> None:
    with pytest.raises(ValueError, match="no address"):
        await say_hello("wss:///ocpp", 1.0)
