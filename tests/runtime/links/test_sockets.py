"""What is asked of the operating system."""

import resource
import socket
import subprocess
import sys

from chargeplane.runtime.links import Transport
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


async def test_the_system_watches_each_connection(transport: Transport) -> None:
    async with site(transport) as at:
        await at.upgraded()
        wire = at.station.link._wire
        found = wire._transport.get_extra_info("socket")  # type: ignore[attr-defined]
        assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
