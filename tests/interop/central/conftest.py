"""The program, and one stranger after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

import pytest

from chargeplane.ocpp.versions import Version
from tests.interop.central.node_station import NodeStation
from tests.interop.central.python_station import PythonStation
from tests.interop.central.running import PASSWORD, Rest, Running, running
from tests.interop.central.stranger import Stranger
from tests.interop.central.words import Words, words_of
from tests.interop.central.zeep_station import ZeepStation
from tests.interop.node import needs_node

__all__ = ["Scene"]

STRANGERS = [
    *(("python", each) for each in (Version.V1_6, Version.V2_0_1, Version.V2_1)),
    *(("node", each) for each in (Version.V1_6, Version.V2_0_1)),
    *(("zeep", each) for each in (Version.V1_2, Version.V1_5, Version.V1_6)),
]
NUMBERS = count()
HOW: dict[
    str, tuple[Callable[..., Awaitable[Stranger]], int]
] = {  # to connect, and with which security profile
    "python": (PythonStation.dial, 0),
    "node": (NodeStation.dial, 1),
    "zeep": (ZeepStation.dial, 1),
}


@dataclass
class Scene:
    """A stranger before the program."""

    rest: Rest
    station_id: str
    token: str
    """An id token of this test alone, which is accepted."""
    kind: str
    version: Version
    station: Stranger
    words: Words
    dial: Callable[[], Awaitable[Stranger]]
    """Connects once more."""


@pytest.fixture(scope="session")
def central_system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One for all tests of a worker."""
    folder = tmp_path_factory.mktemp("program")
    with running(folder, "serve", "--min-security-profile", "0") as at:
        yield at


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The only one that calls SOAP stations on its own machine."""
    with running(tmp_path_factory.mktemp("demonstration"), "demo") as at:
        yield at


@pytest.fixture
async def rest(central_system: Running) -> AsyncIterator[Rest]:
    rest = Rest(central_system)
    async with rest.http:
        yield rest


def _marked(kind: str, version: Version) -> Any:
    marks = [needs_node] if kind == "node" else []
    return pytest.param((kind, version), marks=marks, id=f"{kind}-{version}")


@pytest.fixture(params=[_marked(*each) for each in STRANGERS])
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    """A station that has booted. Its library must not find fault with us."""
    kind, version = request.param
    at: Running = request.getfixturevalue("demonstration" if kind == "zeep" else "central_system")
    number = next(NUMBERS)
    name, token = f"{kind}-{version}-{number}", f"TOKEN{number}"
    dial, profile = HOW[kind]
    rest = Rest(at)
    async with rest.http:
        await rest.register(name, profile)
        await rest.add("/id-tokens", {"token": token})
        early = await rest.try_command(name, "clear-cache")
        assert early.status_code == 409
        assert early.json()["type"].endswith(":not-connected")
        again = partial(dial, at.ocpp_port, name, version, PASSWORD if profile else None)
        async with aclosing(await again()) as station:
            words = words_of(station)
            assert await words.boot() == "Accepted"
            yield Scene(rest, name, token, kind, version, station, words, again)
    assert station.memory.violations == []
