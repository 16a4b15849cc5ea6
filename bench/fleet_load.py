"""One process with a fleet over real sockets; what it cost is printed as JSON.

Started as ``python -m bench.fleet_load PORT STATIONS INTERVAL_S SECONDS ours|bare``. *bare* is the
floor: as many sockets of the same library that send prepared heartbeats, and nothing else.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from chargeplane.ocpp.versions import Version
from chargeplane.runtime.links import new_event_loop, raise_open_files_max
from chargeplane.runtime.process import tune
from chargeplane.station import Fleet, Member, Tally
from chargeplane.station.fleets.drivers import PUBLIC

BARE_OPEN = 16
"""Requests of one bare socket that are prepared beforehand, and sent in turn."""
AT_ONCE = 200


def memory_mb() -> float:
    """What the process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def measured(answered: Callable[[], int], duration_s: float) -> dict[str, float]:
    """Answers for a while, and what they cost."""
    gc.collect()
    first, wall, cpu = answered(), time.perf_counter(), time.process_time()
    await asyncio.sleep(duration_s)
    count = answered() - first
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "per_s": count / wall,
        "per_cpu_s": count / cpu,
        "cpu": cpu / wall,
        "memory_mb": memory_mb(),
    }


async def ours(port: int, stations: int, interval_s: int, duration_s: float) -> dict[str, float]:
    """A fleet of 2.0.1 with drivers, heartbeats and meter values at the interval."""
    every = {
        "AlignedDataCtrlr.Interval": str(interval_s),
        "SampledDataCtrlr.TxUpdatedInterval": str(interval_s),
    }
    members = [Member(f"S{n:05}", Version.V2_0_1, variables=every) for n in range(stations)]
    tally = Tally()
    fleet = Fleet(
        members,
        url=f"ws://127.0.0.1:{port}/ocpp",
        tokens=["CAFE", "DEADBEEF"],
        seed=7,
        day=PUBLIC,
        made=tally.follow,
    )
    tune()
    running = asyncio.create_task(fleet.run())
    while tally.online < stations:
        await asyncio.sleep(0.1)
        if running.done():
            await running
    tune()
    await asyncio.sleep(min(interval_s, duration_s))
    found = await measured(lambda: tally.answers["answered"], duration_s)
    found["faults"] = sum(each.count for each in tally.faults)
    found["online"] = tally.online
    running.cancel()
    await asyncio.wait([running])
    return found


class Bare(WSListener):
    """Sends the next heartbeat when the last one is answered."""

    answered = 0

    def __init__(self, name: str) -> None:
        self._texts = [
            f'[2,"{name}-{number}","Heartbeat",{{}}]'.encode() for number in range(BARE_OPEN)
        ]
        self._next = 0

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._send(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.TEXT:
            Bare.answered += 1
            self._send(transport)

    def _send(self, transport: WSTransport) -> None:
        self._next = (self._next + 1) % BARE_OPEN
        transport.send(WSMsgType.TEXT, self._texts[self._next])


async def bare(port: int, stations: int, _interval_s: int, duration_s: float) -> dict[str, float]:
    """Sockets and nothing else."""
    opened = []
    for first in range(0, stations, AT_ONCE):
        dialling = [
            ws_connect(partial(Bare, f"S{n:05}"), f"ws://127.0.0.1:{port}/S{n:05}")
            for n in range(first, min(first + AT_ONCE, stations))
        ]
        opened += await asyncio.gather(*dialling)
    tune()
    found = await measured(lambda: Bare.answered, duration_s)
    found["online"] = len(opened)
    return found


def main(words: list[str]) -> None:
    """Run one of the two, on the last processor."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    raise_open_files_max()
    port, stations, interval_s, duration_s = (int(each) for each in words[:4])
    load: Callable[[int, int, int, float], Awaitable[dict[str, float]]]
    load = {"ours": ours, "bare": bare}[words[4]]

    async def run() -> dict[str, float]:
        return await load(port, stations, interval_s, duration_s)

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        sys.stdout.write(json.dumps(runner.run(run())) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
