"""Many stations with their drivers, in one process.

fleet = Fleet(
    DEMONSTRATION,
    url="ws://127.0.0.1:9000/ocpp",
    soap_url="http://127.0.0.1:9000/soap",
    tokens=["DEADBEEF"],
)
await fleet.run()  # until it is cancelled, or until `fleet.leave()`
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from random import Random

from chargeplane.ocpp.versions import Version
from chargeplane.runtime.links import Wheel
from chargeplane.station.drivers import PUBLIC, Day, Visit, visits
from chargeplane.station.inventory import EvseSpec, Inventory
from chargeplane.station.signals import Online
from chargeplane.station.station import Station

__all__ = ["DEMONSTRATION", "Fleet", "Member", "Storm"]

BACK_S_MAX = 120.0
"""How long a station may take to come back after a storm."""


@dataclass(frozen=True, slots=True)
class Member:
    """One station of a fleet."""

    identity: str
    version: Version
    soap: bool = False
    quirks: tuple[str, ...] = ()
    inventory: Inventory = field(default_factory=Inventory)
    password: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Storm:
    """How the stations came back after all had lost their connections at once."""

    dropped: int
    missing: tuple[str, ...]
    """The stations that did not come back in time."""
    duration_s: float
    """Until the last one was back that came back."""


_FAST = Inventory(model="Virtual Fast", evses=(EvseSpec(150_000.0, 0, 400.0, ("cCCS2",)),))
_ONE = Inventory(evses=(EvseSpec(11_000.0),))

DEMONSTRATION = (
    Member("DEMO-12S", Version.V1_2, soap=True, inventory=_ONE),
    Member("DEMO-15S", Version.V1_5, soap=True, inventory=_ONE),
    Member("DEMO-16S", Version.V1_6, soap=True),
    Member("DEMO-16J", Version.V1_6),
    Member("DEMO-201", Version.V2_0_1),
    Member("DEMO-21", Version.V2_1),
    Member("DEMO-21-FAST", Version.V2_1, inventory=_FAST),
    Member(
        "DEMO-ODD-16J",
        Version.V1_6,
        quirks=("null-members", "numeric-values", "times-without-zone", "duplicate-start"),
    ),
    Member("DEMO-ODD-201", Version.V2_0_1, quirks=("repeated-seq-no", "status-of-evse-0")),
)
"""Every version and transport, and two stations that misbehave."""


class Fleet:
    """Stations that live until they are cancelled, each with drivers at each of its EVSEs."""

    def __init__(
        self,
        members: Sequence[Member],
        *,
        url: str,
        tokens: Sequence[str],
        soap_url: str | None = None,
        seed: int | None = None,
        speed: float = 1.0,
        day: Day = PUBLIC,
        hour: float | None = None,
        made: Callable[[Station], None] = lambda _: None,
    ) -> None:
        """Dial nothing yet.

        Args:
            members: the stations.
            url: of the central system, for JSON.
            tokens: of the drivers.
            soap_url: of its Central System service, for the members that speak SOAP.
            seed: of all chance; None: another fleet each time.
            speed: seconds that drivers, vehicles and meters live through in one second.
            day: how busy each EVSE is.
            hour: of the day at which it begins; None: when the day says.
            made: told each station before it dials, such as ``Tally.follow``.

        Raises:
            ValueError: there are no tokens, or a member speaks SOAP and there is no address.
        """
        if not tokens:
            raise ValueError("drivers need tokens")
        if soap_url is None and any(each.soap for each in members):
            raise ValueError("a member speaks SOAP: give soap_url")
        self._members = tuple(members)
        self._url, self._soap_url = url, soap_url or ""
        self._tokens = tuple(tokens)
        rng = Random(seed)
        self._seeds = {each.identity: rng.getrandbits(64) for each in self._members}
        self._speed = speed
        self._day, self._hour = day, hour
        self._made = made
        self._leaving = asyncio.Event()
        self.stations: dict[str, Station] = {}
        self.visits: Counter[str] = Counter()
        """How many drivers have left, by station."""

    async def run(self) -> None:
        """Live until ``leave``. Ends otherwise only when cancelled, or with an error: a bug."""
        wheel = Wheel()
        async with asyncio.TaskGroup() as tasks:
            for member in self._members:
                tasks.create_task(self._live(member, wheel))

    def leave(self) -> None:
        """Let all drivers leave, all transaction messages be told, and all connections end."""
        self._leaving.set()

    async def storm(self, back_s_max: float = BACK_S_MAX) -> Storm:
        """Cut the connections of all stations in service at once; how they came back."""
        now_s = asyncio.get_running_loop().time
        since_s = now_s()
        dropped = [each for each in self.stations.values() if each.is_online]
        back_at_s = await asyncio.gather(*(_back_at_s(each, back_s_max) for each in dropped))
        missing = [
            each.identity for each, at_s in zip(dropped, back_at_s, strict=True) if at_s is None
        ]
        last_s = max((at_s for at_s in back_at_s if at_s is not None), default=since_s)
        return Storm(len(dropped), tuple(missing), last_s - since_s)

    def drivers(self, identity: str) -> dict[int, Iterator[Visit]]:
        """The visits to come to each EVSE of a station; the same ones for the same seed.

        Raises:
            KeyError: it is none of the fleet.
        """
        rng = self._rng(identity)
        (member,) = (each for each in self._members if each.identity == identity)
        return {evse_id: self._visits(rng) for evse_id, _ in enumerate(member.inventory.evses, 1)}

    def _rng(self, identity: str) -> Random:
        """Where the chance of the drivers of a station comes from."""
        return Random(f"{self._seeds[identity]} drivers")

    def _visits(self, rng: Random) -> Iterator[Visit]:
        coming = visits(Random(rng.getrandbits(64)), self._tokens, self._day, hour=self._hour)
        first_s = rng.uniform(0, self._day.first_s_max)
        return chain([replace(next(coming), after_s=first_s)], coming)

    async def _live(self, member: Member, wheel: Wheel) -> None:
        station = Station(
            member.identity,
            url=self._soap_url if member.soap else self._url,
            version=member.version,
            password=member.password,
            inventory=member.inventory,
            speed=self._speed,
            seed=self._seeds[member.identity],
            quirks=member.quirks,
            variables=member.variables,
            ready_timeout_s=None,
            wheel=wheel,
        )
        self.stations[member.identity] = station
        self._made(station)
        async with station:
            async with asyncio.TaskGroup() as tasks:
                driving = tasks.create_task(self._drive(station))
                await self._leaving.wait()
                driving.cancel()
            for evse_id, evse in station.core.hub.evses.items():
                if evse.ev is not None:
                    await station.unplug(evse_id)

    async def _drive(self, station: Station) -> None:
        await station.wait_for(Online, timeout_s=None)  # nobody comes before it is in service
        async with asyncio.TaskGroup() as tasks:
            for evse_id, drivers in self.drivers(station.identity).items():
                tasks.create_task(self._serve(station, evse_id, drivers))

    async def _serve(self, station: Station, evse_id: int, drivers: Iterator[Visit]) -> None:
        """One driver after the other at one EVSE."""
        for visit in drivers:
            await self._pass(visit.after_s)
            await self._visit(station, evse_id, visit)
            self.visits[station.identity] += 1

    async def _visit(self, station: Station, evse_id: int, visit: Visit) -> None:
        """Plug, present a token, charge, leave."""
        if visit.tap_first:
            await station.tap(visit.token, evse_id)
            await self._pass(visit.pause_s)
            await station.plug_in(evse_id, visit.ev)
        else:
            await station.plug_in(evse_id, visit.ev)
            await self._pass(visit.pause_s)
            await station.tap(visit.token, evse_id)
        await self._pass(visit.pause_s)
        may_charge = station.evse(evse_id).token is not None  # or it was refused, perhaps later
        await self._pass(visit.stay_s if may_charge else visit.pause_s)
        if visit.stops_by_token and station.evse(evse_id).token is not None:
            await station.tap(visit.token, evse_id)
            await self._pass(visit.pause_s)
        await station.unplug(evse_id)

    async def _pass(self, duration_s: float) -> None:
        """Let time pass for people."""
        await asyncio.sleep(duration_s / self._speed)


async def _back_at_s(station: Station, back_s_max: float) -> float | None:
    """Lose the connection; when there is one again, on the clock of the loop. None: too late."""
    try:
        await station.drop()
        await station.until(lambda core: not core.hub.is_online, timeout_s=back_s_max)
        await station.until(lambda core: core.hub.is_online, timeout_s=back_s_max)
    except TimeoutError:
        return None
    return asyncio.get_running_loop().time()
