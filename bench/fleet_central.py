"""A fleet in simulated time before our whole central system, in one process without sockets.

As ``bench.fleet``, with another peer. Each station has a link like any other; only its wire leads
to the station in the same process. Whatever is answered after a commit is waited for before the
simulated time goes on, so the stations see a central system that answers at once; each commit then
carries one message, which is the dearest case. Its ids are drawn from the seed and the simulated
time, so the same seed gives the same frames: their digest is printed. CPU seconds are those of
stations, central system and store.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from random import Random
from statistics import mean, median
from tempfile import TemporaryDirectory
from time import process_time

from sqlalchemy import Connection

from bench.fleet import QUARTER, STATIONS, charging, members_of
from chargeplane.csms.central import CentralSystem
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import Admitted, register
from chargeplane.csms.inventory import Known
from chargeplane.csms.options import Options
from chargeplane.csms.preferences import UnknownTokens
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.links import Link, LinkSettings, Wheel, new_event_loop
from chargeplane.runtime.links.peers import Address
from chargeplane.runtime.links.receivers import LinkFacts
from chargeplane.runtime.links.wires import TEXT
from chargeplane.runtime.store import Function, Settings, Store, tenants, upgrade
from chargeplane.runtime.store.ids import OURS
from chargeplane.station import Member
from chargeplane.station.fleets.drivers import Day
from chargeplane.station.virtual_time import Agenda, VirtualFleet, VirtualStation
from chargeplane.station.virtual_time.agenda import START

WARM_UP_S = 6 * 3_600
"""Until about as many charge as later."""
HOURS = 4
TOKENS = [f"CARD{number:04}" for number in range(1_000)]
"""Enough that hardly any is in use twice at a time, which a central system refuses."""
TENANT_ID = tenants.DEFAULT_TENANT_ID
ANSWER_S_MAX = 30.0
"""How long an answer may take before the run is given up."""


class AgendaClock:
    """The clock of the central system: the time of the agenda, and real pauses."""

    def __init__(self) -> None:
        self.agenda = Agenda()

    def now(self) -> datetime:
        return self.agenda.now()

    def monotonic_s(self) -> float:
        return self.agenda.now_s

    async def sleep(self, duration_s: float) -> None:
        await asyncio.sleep(duration_s)


class Owed:
    """How many answers all stations wait for."""

    def __init__(self) -> None:
        self._count = 0
        self._none = asyncio.Event()
        self._none.set()

    def add(self, count: int) -> None:
        self._count += count
        if self._count:
            self._none.clear()
        else:
            self._none.set()

    async def settled(self) -> None:
        """Wait for all of them.

        Raises:
            TimeoutError: one does not come.
        """
        if self._count:
            async with asyncio.timeout(ANSWER_S_MAX):
                while self._count:  # what was answered last may have led to another request
                    await self._none.wait()


class DirectWire:
    """A wire that leads to a station in the same process; the end of one station as well."""

    def __init__(self, member: Member, central: CentralSystem, owed: Owed, wheel: Wheel) -> None:
        self._member, self._central, self._owed, self._wheel = member, central, owed, wheel
        self.station: VirtualStation
        self._link: Link
        self._epoch = 0
        self._is_held = self._is_receiving = False
        self._arriving: deque[str] = deque()
        self._leaving: list[str] = []

    # What the station does; see ``End``.

    def opened(self) -> None:
        member = self._member
        known = Known(TENANT_ID, member.identity, 0, None, Registration.ACCEPTED, self._epoch)
        facts = LinkFacts(
            member.identity,
            member.version.subprotocol,
            Address("127.0.0.1", 0),
            context=Admitted(known, ""),
        )
        self._epoch += 1
        self._is_held = False
        self._link = Link(facts, LinkSettings(ping_interval_s=None), self._wheel)
        self._link.open(self)
        self._link.attach(self._central.gateway.opened(self._link))
        self._link.begin_reading(b"")

    def closed(self) -> None:
        self._leaving.clear()
        self._arriving.clear()
        self._link.on_lost()

    def receive(self, text: str, now_s: float) -> None:
        if text.startswith("[2"):
            self._owed.add(1)
        self._arriving.append(text)
        self._is_receiving = True
        self._deliver()
        self._is_receiving = False

    def outgoing(self) -> list[str]:
        texts, self._leaving = self._leaving, []
        return texts

    def _deliver(self) -> None:
        while self._arriving and not self._is_held:
            self._link.on_text(self._arriving.popleft())

    # What the link does; see ``Wire``.

    def write(self, opcode: int, payload: bytes | str, compressed: bool = False) -> None:
        if opcode != TEXT:
            return
        text = payload if isinstance(payload, str) else payload.decode()
        if text.startswith(("[3", "[4")):
            self._owed.add(-1)
        self._leaving.append(text)
        if not self._is_receiving:  # it comes after a commit
            self.station.hear()

    def feed(self, data: bytes) -> None:
        """Nothing comes before the link."""

    def unsent_bytes(self) -> int:
        return 0

    def hang_up(self) -> None:
        """The stations of the benchmark do not lose their connections."""

    def cut(self) -> None:
        """As ``hang_up``."""

    def hold(self) -> None:
        self._is_held = True

    def go_on(self) -> None:
        self._is_held = False
        self._deliver()


class CentralFleet:
    """A virtual fleet and the central system that it speaks with."""

    def __init__(self, fleet: VirtualFleet, owed: Owed) -> None:
        self.fleet, self._owed = fleet, owed

    async def run(self, duration_s: float) -> None:
        """Let so much time pass; it stands still while an answer is owed."""
        agenda = self.fleet.agenda
        until_s = agenda.now_s + duration_s
        while (next_s := agenda.next_s) is not None and next_s <= until_s:
            agenda.step()
            await self._owed.settled()
        agenda.run_until(until_s)


def _store_of(members: Sequence[Member], folder: Path) -> tuple[Settings, Function[None]]:
    settings = Settings(f"sqlite:///{folder / 'store.db'}")
    upgrade(settings)

    def fill(connection: Connection) -> None:
        tenants.ensure(connection, TENANT_ID, "bench", START)
        for each in members:
            known = Known(TENANT_ID, each.identity, 0, None, Registration.ACCEPTED, 0)
            register(connection, known, START)

    return settings, Function(fill)


@contextmanager
def _ids_of(clock: AgendaClock, rng: Random) -> Iterator[None]:
    """Ids of simulated time and seeded chance, in the whole process."""
    OURS.begin_anew(lambda: round(clock.now().timestamp() * 1e9), rng.randbytes)
    try:
        yield
    finally:
        OURS.begin_anew()


@asynccontextmanager
async def central_fleet(
    members: Sequence[Member], *, tokens: Sequence[str], seed: int, day: Day
) -> AsyncIterator[CentralFleet]:
    """The fleet, with a central system of its own that accepts every token."""
    clock, owed, wheel, rng = AgendaClock(), Owed(), Wheel(), Random(f"wire ids {seed}")
    with TemporaryDirectory() as name, _ids_of(clock, Random(f"ids {seed}")):
        settings, fill = _store_of(members, Path(name))
        async with Store(settings) as store:
            await store.write(fill)
            accepting = Options(
                unknown_tokens=UnknownTokens.ACCEPT,
                files=Path(name),
                draw=lambda: rng.randrange(2**31 - 1) + 1,
            )
            central = CentralSystem(store, clock, accepting)
            await central.start()
            wires: dict[str, DirectWire] = {}

            def end(member: Member, agenda: Agenda) -> DirectWire:
                clock.agenda = agenda
                wires[member.identity] = DirectWire(member, central, owed, wheel)
                return wires[member.identity]

            fleet = VirtualFleet(members, tokens=tokens, seed=seed, day=day, ends=end)
            for identity, wire in wires.items():
                wire.station = fleet.stations[identity]
            yield CentralFleet(fleet, owed)
            await central.stop()


def run() -> Iterator[str]:
    """All lines of this benchmark."""
    yield f"{STATIONS} stations for {HOURS} simulated hours before our central system"
    for interval_s in (900, 300):
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            yield runner.run(_line(interval_s))


async def _line(interval_s: int) -> str:
    members = members_of(interval_s, tuple(Version))
    rates, shares = [], []
    async with central_fleet(members, tokens=TOKENS, seed=7, day=QUARTER) as running:
        await running.run(WARM_UP_S)
        before = running.fleet.frames
        for _ in range(HOURS):
            since_s = process_time()
            await running.run(3_600)
            rates.append(STATIONS / (process_time() - since_s))
            shares.append(charging(running.fleet))
        requests = (running.fleet.frames - before) / 2
        digest = running.fleet.digest.hexdigest()
    return (
        f"  mixed, {interval_s} s  {median(rates):>6,.0f} station-hours/cpu-s   "
        f"{requests / STATIONS / HOURS:4.1f} requests each, {mean(shares):4.0%} charge   "
        f"frames {digest[:12]}"
    )
