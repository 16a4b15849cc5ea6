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
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from chargeplane.domain.tokens import IdToken
from chargeplane.runtime.links import Wheel
from chargeplane.station.core import Core
from chargeplane.station.faults import check_faults, strikes
from chargeplane.station.fleets.drivers import PUBLIC, Day, Visit
from chargeplane.station.fleets.driving import Drivers, Trouble
from chargeplane.station.fleets.members import DEMONSTRATION, Member, Seeds
from chargeplane.station.signals import Online
from chargeplane.station.station import Station

__all__ = ["DEMONSTRATION", "Fleet", "Member", "Storm"]

BACK_S_MAX = 120.0
"""How long a station may take to come back after a storm."""
ANSWERS_S_MAX = 3.0
"""How long those who leave wait for what the central system says to their tokens."""
MADE_AT_ONCE_MAX = 50
"""Stations that are made in one turn of the loop: to make one takes about a millisecond."""
TICK_S = 0.01
"""How late drivers and timers may be."""


@dataclass(frozen=True, slots=True)
class Storm:
    """How the stations came back after all had lost their connections at once."""

    dropped: int
    missing: tuple[str, ...]
    """The stations that did not come back in time."""
    duration_s: float
    """Until the last one was back that came back."""


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
        faults: Mapping[str, float] | None = None,
        made: Callable[[Station], None] = lambda _: None,
        frame: Callable[[str, str, str], None] | None = None,
        has_drivers: bool = True,
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
            faults: what breaks now and then at each station: names of ``faults.FAULTS``, and the
                mean time between two of a kind, in seconds of the clock.
            made: told each station before it dials, such as ``Tally.follow``.
            frame: shown each frame: the identity, ``"sent"`` or ``"heard"``, and the text.
            has_drivers: False: nobody comes of their own accord.

        Raises:
            ValueError: there are no tokens, a fault is not known, or a member speaks SOAP and
                there is no address.
        """
        if soap_url is None and any(each.soap for each in members):
            raise ValueError("a member speaks SOAP: give soap_url")
        self._members = tuple(members)
        self._url, self._soap_url = url, soap_url or ""
        self._seeds = Seeds(members, tokens, seed, day, hour)
        self._speed = speed
        self._faults = check_faults(faults or {})
        self._made = made
        self._frame, self._has_drivers = frame, has_drivers
        self._leaving = asyncio.Event()
        self.stations: dict[str, Station] = {}
        self.visits: Counter[str] = Counter()
        """How many drivers have left, by station."""

    async def run(self) -> None:
        """Live until ``leave``. Ends otherwise only when cancelled, or with an error: a bug."""
        pings, moments = Wheel(), Wheel(TICK_S)
        async with asyncio.TaskGroup() as tasks:
            for number, member in enumerate(self._members, 1):
                tasks.create_task(self._live(member, pings, moments))
                if number % MADE_AT_ONCE_MAX == 0:
                    await asyncio.sleep(0)  # those that are made already dial meanwhile

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
        return self._seeds.drivers(identity)

    def _station(self, member: Member, pings: Wheel, moments: Wheel) -> Station:
        return Station(
            member.identity,
            url=self._soap_url if member.soap else self._url,
            version=member.version,
            password=member.password,
            inventory=member.inventory,
            speed=self._speed,
            seed=self._seeds.of(member.identity),
            quirks=member.quirks,
            variables=member.variables,
            ready_timeout_s=None,
            wheel=pings,
            alarms=moments,
            frame=partial(self._note, member.identity),
        )

    async def _live(self, member: Member, pings: Wheel, moments: Wheel) -> None:
        station = self._station(member, pings, moments)
        self.stations[member.identity] = station
        self._made(station)
        crews: list[Drivers | Trouble] = []
        if self._has_drivers:
            crews += self._crews(station, moments)
        rng = self._seeds.rng(member.identity, "faults")
        coming = strikes(rng, self._faults, len(member.inventory.evses))
        crews.append(Trouble(station, coming, moments))

        def begin(_: Online) -> None:
            """Nobody comes before it is in service."""
            while crews and not self._leaving.is_set():
                driving.append(crews.pop(0))
                driving[-1].begin()

        driving: list[Drivers | Trouble] = []
        station.hears(Online, begin)
        async with station:
            await self._leaving.wait()
            for each in driving:
                each.stop()
            await _everybody_leaves(station)

    def _note(self, identity: str, way: str, text: str) -> None:
        if self._frame is not None:
            self._frame(identity, way, text)

    def _crews(self, station: Station, moments: Wheel) -> list[Drivers]:
        def left() -> None:
            self.visits[station.identity] += 1

        return [
            Drivers(station, evse_id, coming, moments, self._speed, left)
            for evse_id, coming in self.drivers(station.identity).items()
        ]


def _has_its_answers(core: Core) -> bool:
    return not core.hub.conversation.waiting


async def _everybody_leaves(station: Station) -> None:
    """Vehicles are unplugged, and tokens that wait for one are taken back."""
    if station.is_online:
        with suppress(TimeoutError):  # a token that is being decided may start something
            await station.until(_has_its_answers, timeout_s=ANSWERS_S_MAX)
    for evse_id, evse in station.core.hub.evses.items():
        if evse.ev is not None:
            await station.unplug(evse_id)
        elif evse.token is not None:
            station.act(partial(_take_back, evse.token, evse_id))


def _take_back(token: IdToken, evse_id: int, core: Core, now_s: float) -> None:
    """Who has presented a token and not plugged yet presents it again, and goes."""
    core.tap(token, now_s, evse_id)


async def _back_at_s(station: Station, back_s_max: float) -> float | None:
    """Lose the connection; when there is one again, on the clock of the loop. None: too late."""
    try:
        await station.drop()
        await station.until(lambda core: not core.hub.is_online, timeout_s=back_s_max)
        await station.until(lambda core: core.hub.is_online, timeout_s=back_s_max)
    except TimeoutError:
        return None
    return asyncio.get_running_loop().time()
