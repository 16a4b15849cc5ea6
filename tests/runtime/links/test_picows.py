"""picows is used in a way that it does not document: these tests fail when that changes."""

import ast
import asyncio
import inspect
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import pytest

from chargeplane.runtime.links import Transport, default_transport, picows_wire
from chargeplane.runtime.links.picows_wire import PicowsWire, WSProtocol

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
