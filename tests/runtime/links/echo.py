"""An echo server made of the links: for the Autobahn cases, the benchmark, and half-open peers.

Run as a program it prints its port and echoes until it is terminated:
`python -m tests.runtime.links.echo TRANSPORT`.
"""

import asyncio
import signal
import sys

from chargeplane.runtime.links import (
    Accept,
    Attempt,
    Ending,
    Link,
    LinkSettings,
    Listener,
    ListenerSettings,
    Transport,
    new_event_loop,
    raise_open_files_max,
)

# Autobahn sends up to 16 MiB, and up to a thousand messages without waiting for their echo.
SETTINGS = LinkSettings(
    ping_interval_s=None,
    message_bytes_max=16 * 1024 * 1024,
    outgoing_bytes_max=64 * 1024 * 1024,
    compress_bytes_min=0,
)


class Echo:
    """Sends back what comes."""

    def __init__(self, link: Link) -> None:
        self.link = link

    def received(self, text: str) -> None:
        self.link.send(text)

    def received_bytes(self, data: bytes) -> None:
        self.link.send_bytes(data)

    def closed(self, ending: Ending) -> None:
        pass


async def anybody(attempt: Attempt) -> Accept:
    """Autobahn's peers and load generators have no identity and offer no sub-protocol."""
    return Accept(attempt.identity or "anybody", default_subprotocol="echo")


async def serve(transport: Transport) -> None:
    listener = Listener(
        anybody,
        Echo,
        settings=ListenerSettings(connections_max=raise_open_files_max(), link=SETTINGS),
        transport=transport,
    )
    terminated = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminated.set)
    sys.stdout.write(f"{await listener.listen('127.0.0.1', 0)}\n")
    sys.stdout.flush()
    await terminated.wait()
    await listener.drain(1.0)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serve(Transport(sys.argv[1])))
