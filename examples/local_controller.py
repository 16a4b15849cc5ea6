"""Two stations share 22 kW behind a local controller: python examples/local_controller.py [URL].

Give the address of a central system that knows the stations CP1 and CP2, the controller LC, and the
token DEADBEEF, such as ws://127.0.0.1:9000/ocpp of a demonstration that accepts every station
(CHARGEPLANE_UNKNOWN_STATIONS=accept chargeplane demo).
"""

from __future__ import annotations

import asyncio
import sys

from chargeplane.station import Ev, Station
from chargeplane.station.local_controller import LocalController, Own
from chargeplane.station.signals import TransactionStarted

CHARGING_S = 2.0


async def main(url: str, charging_s: float = CHARGING_S) -> None:
    """Let two vehicles charge, then lift the limit."""
    async with (
        LocalController(url, own=Own("LC"), site_limit_w=22_000) as controller,
        Station("CP1", url=controller.url, speed=60) as one,
        Station("CP2", url=controller.url, speed=60) as two,
    ):
        for station in (one, two):
            await station.plug_in(1, Ev(soc=0.3))
            await station.tap("DEADBEEF", 1)
            await station.wait_for(TransactionStarted)
        await asyncio.sleep(charging_s)
        show("22 kW together", controller, one, two)
        controller.set_site_limit(None)
        await asyncio.sleep(charging_s)
        show("no limit", controller, one, two)
        for station in (one, two):
            await station.tap("DEADBEEF", 1)
            await station.unplug(1)


def show(title: str, controller: LocalController, *stations: Station) -> None:
    """How it is."""
    shares = {each.identity: each.share_w for each in controller.standings()}
    for station in stations:
        power_w, identity = station.evse(1).power_w, station.identity
        print(f"{title}: {identity} takes {power_w:.0f} W of {shares[identity] or 'any'}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:9000/ocpp"))
