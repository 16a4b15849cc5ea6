"""The program put together: parts are entered in order, served, and left in the opposite order."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from litestar import get

from chargeplane.cli.composition import Announcement, Contribution, Foundation, given_token, run
from chargeplane.runtime.rest import PUBLIC, Injected, Routes
from chargeplane.runtime.settings import Settings, SettingsError
from chargeplane.runtime.store import tenants
from tests.cli.calling import free_port


class Bell:
    """A service of a part."""

    def ring(self) -> str:
        return "ding"


@get("/bell", opt=PUBLIC)
async def ring(bell: Injected[Bell]) -> str:
    return bell.ring()


class Parts:
    """Two parts that write down when they begin and end."""

    def __init__(self) -> None:
        self.told: list[str] = []

    @asynccontextmanager
    async def first(self, base: Foundation) -> AsyncIterator[Contribution]:
        self.told.append("first begins")
        try:
            yield Contribution([Routes("Bell", (ring,), {"bell": Bell()})], {"Bell": "here"})
        finally:
            assert await base.store.read(tenants.known), "the store outlives the parts"
            self.told.append("first ends")

    @asynccontextmanager
    async def second(self, base: Foundation) -> AsyncIterator[Contribution]:
        self.told.append("second begins")
        yield Contribution()
        address = f"http://127.0.0.1:{base.settings.port}/health/live"
        async with httpx.AsyncClient() as client:
            with pytest.raises(httpx.ConnectError):
                await client.get(address)
        self.told.append("second ends, after the web server")


async def test_parts_are_served_announced_and_left_in_order(data: Path) -> None:
    parts, ready = Parts(), asyncio.Queue[Announcement]()
    program = asyncio.create_task(
        run(
            Settings(data=data, port=free_port()),
            ready.put_nowait,
            parts=[parts.first, parts.second],
            environment={},
        )
    )
    announced = await ready.get()
    assert announced.addresses == {"Bell": "here"}
    assert announced.introduced is not None
    async with httpx.AsyncClient(base_url=announced.address) as client:
        assert (await client.get("api/v1/bell")).text == "ding"
    os.kill(os.getpid(), signal.SIGTERM)
    await program
    assert parts.told == [
        "first begins",
        "second begins",
        "second ends, after the web server",
        "first ends",
    ]


async def test_a_part_that_cannot_begin_ends_those_before_it(data: Path) -> None:
    parts = Parts()

    @asynccontextmanager
    async def broken(base: Foundation) -> AsyncIterator[Contribution]:
        if base.settings.ocpp_port:
            raise OSError("no such port")
        yield Contribution()

    settings = Settings(data=data, port=free_port())
    with pytest.raises(OSError, match="no such port"):
        await run(settings, print, parts=[parts.first, broken], environment={})
    assert parts.told == ["first begins", "first ends"]


def test_a_token_that_is_not_set_or_empty_is_none() -> None:
    assert given_token({}) is None
    assert given_token({"CHARGEPLANE_API_TOKEN": ""}) is None
    assert given_token({"CHARGEPLANE_API_TOKEN": "long-enough"}) == "long-enough"
    with pytest.raises(SettingsError, match="it must have"):
        given_token({"CHARGEPLANE_API_TOKEN": "short"})
