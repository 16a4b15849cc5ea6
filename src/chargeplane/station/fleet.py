"""Many stations with their drivers, in one process.

fleet = Fleet(
    DEMONSTRATION,
    url="ws://127.0.0.1:9000/ocpp",
    soap_url="http://127.0.0.1:9000/soap",
    tokens=["DEADBEEF"],
)
await fleet.run()  # until it is cancelled
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from chargeplane.ocpp.versions import Version
from chargeplane.runtime.links import Wheel
from chargeplane.station.drivers import PUBLIC, Day, Visit, visits
from chargeplane.station.inventory import EvseSpec, Inventory
from chargeplane.station.signals import Online
from chargeplane.station.station import Station

__all__ = ["DEMONSTRATION", "Fleet", "Member"]

FIRST_ARRIVAL_S_MAX = 60.0
"""Each EVSE sees its first driver within this time, so that there is something to see."""


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
        hour: float = 8.0,
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
            hour: of the day at which it begins.

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
        self._rng = Random(seed)
        self._speed = speed
        self._day, self._hour = day, hour
        self.stations: dict[str, Station] = {}
        self.visits: Counter[str] = Counter()
        """How many drivers have left, by station."""

    async def run(self) -> None:
        """Live. Ends only when it is cancelled, or with an error that is a bug."""
        wheel = Wheel()
        async with asyncio.TaskGroup() as tasks:
            for member in self._members:
                seed = self._rng.getrandbits(64)
                tasks.create_task(self._live(member, Random(seed), wheel))

    async def _live(self, member: Member, rng: Random, wheel: Wheel) -> None:
        station = Station(
            member.identity,
            url=self._soap_url if member.soap else self._url,
            version=member.version,
            password=member.password,
            inventory=member.inventory,
            speed=self._speed,
            seed=rng.getrandbits(64),
            quirks=member.quirks,
            variables=member.variables,
            ready_timeout_s=None,
            wheel=wheel,
        )
        self.stations[member.identity] = station
        async with station, asyncio.TaskGroup() as tasks:
            await station.wait_for(Online, timeout_s=None)  # nobody comes before it is in service
            for evse_id in station.core.hub.evses:
                drivers = visits(
                    Random(rng.getrandbits(64)), self._tokens, self._day, hour=self._hour
                )
                first_s = rng.uniform(0, FIRST_ARRIVAL_S_MAX)
                tasks.create_task(self._serve(station, evse_id, drivers, first_s))

    async def _serve(
        self, station: Station, evse_id: int, drivers: Iterator[Visit], first_s: float
    ) -> None:
        """One driver after the other at one EVSE."""
        wait_s: float | None = first_s
        for visit in drivers:
            await self._pass(visit.after_s if wait_s is None else wait_s)
            wait_s = None
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
