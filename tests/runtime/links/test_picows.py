"""picows is used in a way that it does not document: these tests fail when that changes."""

import ast
import asyncio
import inspect
import random
import socket
import subprocess
import sys
import weakref
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeplane.runtime.links import Transport, default_transport, picows_wire
from chargeplane.runtime.links.picows_wire import PicowsWire, WSProtocol
from tests.runtime.links.harness import TEXT, frame, site

SOURCE = Path(picows_wire.__file__)
PINNED = "2.3.1"


def arguments() -> set[str]:
    """The keywords that we give to the constructor."""
    for node in ast.walk(ast.parse(SOURCE.read_text())):
        match node:
            case ast.Call(func=ast.Name(id="WSProtocol"), keywords=keywords):
                return {str(keyword.arg) for keyword in keywords}
    raise AssertionError("WSProtocol is not constructed")


def test_picows_is_the_version_that_was_read() -> None:
    assert version("picows") == PINNED, "read picows.pyx again before you change this"


async def test_the_constructor_takes_our_arguments_all_of_them_and_no_others() -> None:
    given = dict.fromkeys(arguments())
    for left_out in sorted(given):
        fewer = {name: value for name, value in given.items() if name != left_out}
        with pytest.raises(TypeError, match="positional argument"):
            WSProtocol(**fewer)
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        WSProtocol(**given, another=None)


def test_one_file_knows_picows() -> None:
    package = Path(inspect.getfile(default_transport)).parents[2]
    knowing = [path for path in package.rglob("*.py") if "import picows" in _imports(path)]
    assert knowing == [SOURCE]


def _imports(path: Path) -> str:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.ImportFrom(module=str(module), level=0):
                found.append(f"import {module}")
            case ast.Import(names=names):
                found += [f"import {each.name}" for each in names]
    return "\n".join(found)


def test_picows_is_the_default() -> None:
    assert default_transport() is Transport.PICOWS


class Gone(asyncio.Transport):
    """A connection whose socket is closed already, and that tells so next."""

    def __init__(self) -> None:
        super().__init__()
        self.protocol: Any = None
        self._socket = socket.socket()
        self._socket.close()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._socket if name == "socket" else default

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol


class Told:
    """A link, as far as a wire sees it."""

    message_bytes_max = 1_000

    def __init__(self) -> None:
        self.is_lost = False

    def on_lost(self) -> None:
        self.is_lost = True


async def lose_a_connection_while_its_wire_is_made() -> None:
    """In a process of its own: picows may follow a null pointer."""
    gone, told = Gone(), Told()
    PicowsWire(gone, cast("Any", told))
    gone.protocol.connection_lost(None)
    assert told.is_lost


def test_a_socket_that_is_gone_while_its_wire_is_made_ends_the_link_and_not_the_process() -> None:
    program = (
        "import asyncio\n"
        "from tests.runtime.links.test_picows import lose_a_connection_while_its_wire_is_made\n"
        "asyncio.run(lose_a_connection_while_its_wire_is_made())\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


async def test_connections_share_the_request_that_picows_keeps_of_each() -> None:
    requests = []
    for _ in range(2):
        connection = Gone()
        PicowsWire(connection, cast("Any", Told()))
        requests.append(connection.protocol.transport.request)
    assert requests[0].headers is requests[1].headers


class Cable(Gone):
    """A connection on which bytes come in pieces of some length."""

    def brings(self, data: bytes, piece_bytes: int) -> None:
        while data:
            buffer = self.protocol.get_buffer(-1)
            count = min(len(buffer), piece_bytes, len(data))
            buffer[:count] = data[:count]
            self.protocol.buffer_updated(count)
            data = data[count:]

    @property
    def room_bytes(self) -> int:
        return len(self.protocol.get_buffer(-1))


class Heard(Told):
    """Writes down the lengths of texts."""

    message_bytes_max = 1_000_000

    def __init__(self) -> None:
        super().__init__()
        self.lengths: list[int] = []

    def on_text(self, text: str) -> None:
        self.lengths.append(len(text))


LENGTHS = st.one_of(st.integers(0, 200), st.integers(3_900, 4_200), st.integers(0, 70_000))


@given(st.lists(LENGTHS, max_size=12), st.integers(1_000, 80_000))
async def test_frames_long_and_short_are_all_read_however_they_are_cut(
    lengths: list[int], piece_bytes: int
) -> None:
    cable, heard = Cable(), Heard()
    wire = PicowsWire(cable, cast("Any", heard))
    frames = b"".join(frame(TEXT, b"x" * length) for length in lengths)
    wire.feed(frames[:5_000])
    cable.brings(frames[5_000:], piece_bytes)
    assert heard.lengths == lengths


async def test_a_long_frame_leaves_no_large_buffer_behind() -> None:
    cable, heard = Cable(), Heard()
    wire = PicowsWire(cable, cast("Any", heard))
    at_first_bytes = cable.room_bytes
    first = weakref.ref(cable.protocol.transport)
    for _ in range(3):
        cable.brings(frame(TEXT, b"x" * 500_000), 65_536)
        assert cable.room_bytes == at_first_bytes
    wire.feed(frame(TEXT, b"x" * 300_000))
    assert cable.room_bytes == at_first_bytes
    assert heard.lengths == [500_000, 500_000, 500_000, 300_000]
    assert first() is None  # without the help of the collector


async def test_long_frames_come_over_a_socket_without_a_pause() -> None:
    lengths = [random.Random(1).randrange(100_000) for _ in range(200)]
    async with site(Transport.PICOWS) as here:
        peer = await here.upgraded()
        for length in lengths:
            peer.frame(TEXT, b"x" * length)
        station = here.station
        assert [len(await station.heard.get()) for _ in lengths] == lengths
