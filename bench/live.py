"""The live stream: a large fleet that reports, and some consoles that watch a page each.

The events come as from the bus, the rows from a real store. Measured is the processor time of the
hub with everybody watching, against the same events with nobody there.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import CONNECTOR_SINK, Known
from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.events import ConnectorStatusChanged, Event, MeterSampled
from chargeplane.domain.metering import POWER, MeterValue
from chargeplane.domain.status import ConnectorStatus
from chargeplane.runtime.bus import Published
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.rest import Principal, Problem
from chargeplane.runtime.store import Function, Rows, Settings, Store, tenants, upgrade
from chargeplane.web.live.feed import Feed
from chargeplane.web.live.hub import Hub

STATIONS = 10_000
UPDATES_PER_S = 5_000
STEPS_PER_S = 50
CLIENTS = 20
PAGE = 100
LASTS_S = 10.0
STATUS_SHARE = 0.1
"""Of the updates: a connector's status, for which rows are read; the others are meter samples."""
TENANT_ID = tenants.DEFAULT_TENANT_ID


@dataclass(eq=False)
class Console:
    """Takes what it is told."""

    messages_count: int = 0
    bytes_count: int = 0
    feeds: list[Feed] = field(default_factory=list)

    def deliver(self, tail: bytes) -> None:
        self.messages_count += 1
        self.bytes_count += len(tail)

    def broken(self, problem: Problem) -> None:
        raise problem


def run() -> Iterator[str]:
    """All lines of this benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(f"sqlite:///{Path(folder) / 'live.db'}")
        upgrade(settings)
        for watching in (0, CLIENTS):
            yield asyncio.run(_measured(settings, watching))


async def _measured(settings: Settings, watching: int) -> str:
    async with Store(settings) as store:
        await fill(store)
        central = CentralSystem(store, SystemClock())
        hub = Hub((view for each in central.routes for view in each.views), SystemClock())
        consoles = [await _watch(hub, number) for number in range(watching)]
        central.bus.listen(hub.hear)
        turning = asyncio.create_task(hub.run())
        events = [[event(number) for number in drawn()] for _ in range(STEPS_PER_S)]
        cpu_s, begin_s = time.process_time(), time.perf_counter()
        sent = 0
        while (now_s := time.perf_counter() - begin_s) < LASTS_S:
            due = int(now_s * STEPS_PER_S)
            for step in range(sent, due):
                central.bus.publish(events[step % STEPS_PER_S])
            sent = due
            await asyncio.sleep(1 / STEPS_PER_S)
        cpu_s = time.process_time() - cpu_s
        turning.cancel()
        await asyncio.gather(turning, return_exceptions=True)
    updates = sent * UPDATES_PER_S // STEPS_PER_S
    messages = sum(each.messages_count for each in consoles)
    sent_mb = sum(each.bytes_count for each in consoles) / 1e6
    return (
        f"  {STATIONS:,} stations, {updates / LASTS_S:,.0f} updates/s, {watching:>2} consoles on"
        f" {PAGE} rows: {100 * cpu_s / LASTS_S:5.1f} % of one processor"
        f" ({1e6 * cpu_s / updates:.1f} us an update), {messages / LASTS_S:,.0f} messages/s,"
        f" {sent_mb / LASTS_S:.2f} MB/s"
    )


async def _watch(hub: Hub, number: int) -> Console:
    """A console on the nth page of stations, which also shows the overview."""
    console = Console()
    grants = frozenset({"*:read"})
    principal = Principal(TENANT_ID, UUID(int=number), "console", "viewer", grants)
    prefix = {"search": f"S{number:02d}"}
    parameters = {**prefix, "limit": PAGE}
    for view, wanted in (("stations", parameters), ("overview", {})):
        console.feeds.append(await hub.open(principal, view, wanted, console))
    return console


async def fill(store: Store) -> None:
    now = SystemClock().now()

    def work(connection: Connection) -> None:
        tenants.ensure(connection, TENANT_ID, "bench", now)
        for number in range(STATIONS):
            known = Known(TENANT_ID, f"S{number:04d}", 0, None, Registration.ACCEPTED, 0)
            register(connection, known, now)

    await store.write(Function(work))
    status = ("available", None, None, None, now, now)
    rows = [
        (CONNECTOR_SINK, (TENANT_ID, f"S{number:04d}", 1, 1, *status)) for number in range(STATIONS)
    ]
    await store.write(Rows(tuple(rows)))


def drawn() -> list[int]:
    return [random.randrange(STATIONS) for _ in range(UPDATES_PER_S // STEPS_PER_S)]


def event(number: int) -> Published:
    at = SystemClock().now()
    station_id, evse = f"S{number:04d}", EvseAddress(1, 1)
    told: Event
    if random.random() < STATUS_SHARE:
        told = ConnectorStatusChanged(
            tenant_id=str(TENANT_ID), station_id=station_id, reported_at=at, received_at=at,
            evse=evse, status=ConnectorStatus.AVAILABLE,
        )  # fmt: skip
    else:
        watts = Decimal(random.randrange(22_000))
        value = MeterValue(sampled_at=at, value=watts, unit="W", measurand=POWER)
        told = MeterSampled(
            tenant_id=str(TENANT_ID), station_id=station_id, reported_at=at, received_at=at,
            evse=evse, meter_values=(value,), transaction_id=f"t{number}", energy_wh=watts,
        )  # fmt: skip
    return Published(TENANT_ID, UUID(int=number), told)
