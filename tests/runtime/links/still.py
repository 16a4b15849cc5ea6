"""A station that connects and then does nothing: `python -m tests.runtime.links.still PORT`."""

import asyncio
import sys

from chargeplane.runtime.links import Ending, Link, LinkSettings, connect


class Still:
    """Hears, and says nothing."""

    def __init__(self, link: Link) -> None:
        self.over = asyncio.Event()

    def received(self, text: str) -> None:
        pass

    def closed(self, ending: Ending) -> None:
        self.over.set()


async def main(port: str) -> None:
    stations: list[Still] = []

    def opened(link: Link) -> Still:
        stations.append(Still(link))
        return stations[-1]

    url = f"ws://127.0.0.1:{port}/ocpp/CP1"
    await connect(
        url, opened, subprotocols=["ocpp1.6"], settings=LinkSettings(ping_interval_s=None)
    )
    await stations[0].over.wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
