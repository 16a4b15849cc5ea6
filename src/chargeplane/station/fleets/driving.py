"""The drivers of one EVSE, one after the other, without a task: a wheel of the fleet wakes them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial

from chargeplane.domain.tokens import IdToken
from chargeplane.runtime.links import Wheel
from chargeplane.station.core import Core
from chargeplane.station.faults import Strike
from chargeplane.station.fleets.drivers import Deed, Pass, Plug, Present, Unplug, Visit, deeds
from chargeplane.station.signals import TokenDecided
from chargeplane.station.station import Station

__all__ = ["Drivers", "Trouble"]


class Drivers:
    """They plug, present a token, wait until it is decided, charge and leave."""

    def __init__(
        self,
        station: Station,
        evse_id: int,
        coming: Iterator[Visit],
        wheel: Wheel,
        speed: float,
        left: Callable[[], None],
    ) -> None:
        """Args: where, who, what wakes them, how fast they live, what to do when one leaves."""
        self._station = station
        self._evse_id = evse_id
        self._wheel = wheel
        self._speed = speed
        self._evse = station.core.hub.evses[evse_id]
        self._story = self._told(coming, left)
        self._is_waiting = False
        station.hears(TokenDecided, self._on_decided)

    def begin(self) -> None:
        """Let the first one come."""
        self._wheel.put(self, asyncio.get_running_loop().time())

    def stop(self) -> None:
        """Nobody comes any more, and nobody does anything."""
        self._is_waiting = False
        self._wheel.drop(self)

    def look(self, now_s: float) -> float | None:
        """Go on until time has to pass; as ``Timed``."""
        for deed in self._story:
            if isinstance(deed, Pass):
                return now_s + deed.duration_s / self._speed
            if isinstance(deed, Present):
                self._is_waiting = True  # until it is decided, which may be at once
                self._station.act(partial(_tap, IdToken(deed.token), self._evse_id))
                return None
            self._station.act(partial(_move, deed, self._evse_id))
        return None

    def _told(self, coming: Iterator[Visit], left: Callable[[], None]) -> Iterator[Deed]:
        for visit in coming:
            yield from deeds(visit, self._may_charge)
            left()

    def _may_charge(self) -> bool:
        return self._evse.token is not None

    def _on_decided(self, decided: TokenDecided) -> None:
        if self._is_waiting and decided.evse_id in {None, self._evse_id}:
            self._is_waiting = False
            self._wheel.put(self, asyncio.get_running_loop().time())


class Trouble:
    """What breaks at one station, one thing after the other."""

    def __init__(
        self, station: Station, coming: Iterator[tuple[float, Strike]], wheel: Wheel
    ) -> None:
        """Args: who suffers, from what, and what wakes it."""
        self._station = station
        self._coming = coming
        self._wheel = wheel
        self._next: Strike | None = None

    def begin(self) -> None:
        """From now on."""
        self._wheel.put(self, asyncio.get_running_loop().time())

    def stop(self) -> None:
        """Nothing breaks any more."""
        self._wheel.drop(self)

    def look(self, now_s: float) -> float | None:
        """Let it happen, and wait for the next; as ``Timed``."""
        if self._next is not None:
            self._station.strike(self._next)
        after_s, self._next = next(self._coming, (0.0, None))
        return None if self._next is None else now_s + after_s


def _tap(token: IdToken, evse_id: int, core: Core, now_s: float) -> None:
    core.tap(token, now_s, evse_id)


def _move(deed: Plug | Unplug, evse_id: int, core: Core, now_s: float) -> None:
    """Plug or unplug, unless somebody else has done so."""
    is_free = core.hub.evses[evse_id].ev is None
    if isinstance(deed, Plug) and is_free:
        core.plug_in(evse_id, deed.ev, now_s)
    elif isinstance(deed, Unplug) and not is_free:
        core.unplug(evse_id, now_s)
