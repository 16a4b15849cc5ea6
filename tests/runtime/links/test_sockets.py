"""What is asked of the operating system."""

import resource
import socket
import subprocess
import sys

import pytest

from chargeplane.runtime.links import Transport, room_for_connections
from chargeplane.web.patience import over_max
from tests.runtime.links.harness import site


def test_the_process_may_open_as_many_files_as_the_system_allows() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    program = (
        "import resource\n"
        "from chargeplane.runtime.links import raise_open_files_max\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, (64, {hard}))\n"
        "said = raise_open_files_max()\n"
        "assert said == resource.getrlimit(resource.RLIMIT_NOFILE)[0], said\n"
        "assert said == raise_open_files_max()\n"
        "print(said)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert int(done.stdout) == hard


@pytest.mark.parametrize("files_max", [128, 256, 1_024, 4_096, 20_000, 1_048_576])
def test_all_connections_that_are_let_in_find_a_file(files_max: int) -> None:
    room = room_for_connections(files_max)
    # The web server cuts off who is so many above its bound.
    connections = room.stations + room.stations_over + room.web + over_max(room.web)
    assert files_max - connections >= min(files_max // 32, 512)
    assert room.of_one_source + room.stations_over < room.stations
    assert room.stations_over > 0 < room.web


async def test_the_system_watches_each_connection(transport: Transport) -> None:
    async with site(transport) as at:
        await at.upgraded()
        wire = at.station.link._wire
        found = wire._transport.get_extra_info("socket")  # type: ignore[attr-defined]
        assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
