"""A station with people before it: what they do with it, what they see, and what they wait for."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeVar

from chargeplane.domain.tokens import IdToken
from chargeplane.station.core import Core
from chargeplane.station.evse import Evse
from chargeplane.station.signals import Happening, Signal, TokenDecided
from chargeplane.station.vehicle import Ev
from chargeplane.station.watch import Watch

__all__ = ["Attended"]

T = TypeVar("T")
H = TypeVar("H", bound=Happening)
S = TypeVar("S", bound=Signal)


class Attended(ABC):
    """A core in real time. Whoever keeps the time says how a step is made, and waited for."""

    def __init__(self, core: Core) -> None:
        """Args: the station itself."""
        self.core = core
        self.identity, self.version = core.hub.identity, core.hub.version
        self._watch = Watch()

    @abstractmethod
    def _step(self, act: Callable[[float], T]) -> T:
        """Do something at this moment, and carry what follows."""

    @abstractmethod
    def _expect(self, found: Callable[[], Any]) -> asyncio.Future[Any]:
        """What this finds, now or after a later step; None counts as not found.

        Raises:
            RuntimeError: nothing will happen, since the station does not run.
        """

    # What people do.

    async def plug_in(self, evse_id: int = 1, ev: Ev | None = None, connector_id: int = 1) -> Ev:
        """Connect a vehicle; it, which changes while it charges.

        Raises:
            KeyError: there is no such EVSE.
            ValueError: it is taken, or has no such connector.
        """
        vehicle = Ev() if ev is None else ev
        self._step(lambda now_s: self.core.plug_in(evse_id, vehicle, now_s, connector_id))
        return vehicle

    async def unplug(self, evse_id: int = 1) -> Ev:
        """Pull the cable; the vehicle as it leaves.

        Raises:
            KeyError: there is no such EVSE.
            ValueError: no vehicle is connected.
        """
        return self._step(lambda now_s: self.core.unplug(evse_id, now_s))

    async def tap(self, token: str | IdToken, evse_id: int | None = None) -> TokenDecided:
        """Hold a token to the reader, and wait for what comes of it. It starts, or it stops.

        Raises:
            LocalError: the token is longer than the version can say.
        """
        presented = IdToken(token) if isinstance(token, str) else token
        since = self._watch.count
        self._step(lambda now_s: self.core.tap(presented, now_s, evse_id))

        def is_mine(each: TokenDecided) -> bool:
            return each.token == presented and (evse_id is None or each.evse_id == evse_id)

        def found() -> TokenDecided | None:
            return self._watch.first(TokenDecided, is_mine, since)

        decided: TokenDecided = await self._expect(found)
        return decided

    async def set_fault(self, evse_id: int, fault: str) -> None:
        """Break an EVSE (a 1.6 error code), or mend it (an empty text)."""
        self._step(lambda now_s: self.core.set_fault(evse_id, fault, now_s))

    async def set_limit(self, evse_id: int, limit_w: float | None) -> None:
        """Limit what an EVSE offers, as an energy manager on the site does; None: no limit."""
        self._step(lambda now_s: self.core.set_limit(evse_id, limit_w, now_s))

    async def restart(self) -> None:
        """Switch the station off and on."""
        self._step(self.core.restart)

    async def lose_power(self, reason: str = "PowerUp") -> None:
        """Cut its power for a moment; with ``Watchdog`` its software crashes."""
        self._step(lambda now_s: self.core.lose_power(now_s, reason))

    def act(self, act: Callable[[Core, float], T]) -> T:
        """Do something with the core at this moment, and carry what follows."""
        return self._step(lambda now_s: act(self.core, now_s))

    # What can be seen.

    def evse(self, evse_id: int = 1) -> Evse:
        """An EVSE as it is now: meter, power, vehicle, transaction."""
        self._step(self.core.advance)
        return self.core.evse(evse_id)

    @property
    def is_online(self) -> bool:
        """Whether it is connected and accepted."""
        return self.core.hub.is_online

    @property
    def undelivered(self) -> int:
        """Transaction messages that wait to be sent, or for their answers."""
        return len(self.core.hub.outbox)

    def hears(self, kind: type[S], handler: Callable[[S], None]) -> None:
        """Tell this handler of each signal of exactly this kind, at once and in order.

        For what counts or records: nothing is kept or waited for, and the handler must be quick.
        """
        self.core.hub.hears(kind, handler)

    async def wait_for(
        self,
        kind: type[H],
        where: Callable[[H], bool] = lambda _: True,
        *,
        timeout_s: float | None = 30.0,
    ) -> H:
        """The first thing of this kind since the last one that was waited for; waits if need be.

        So a script reads as a story: what happened while it did something else is not missed.

        Raises:
            TimeoutError: it does not happen.
        """
        waiting = self._expect(lambda: self._watch.first(kind, where))
        happened: H = await asyncio.wait_for(waiting, timeout_s)
        return happened

    async def until(self, holds: Callable[[Core], bool], *, timeout_s: float = 30.0) -> None:
        """Wait until something holds, looked at after each step of the station.

        Raises:
            TimeoutError: it does not.
        """
        await asyncio.wait_for(self._expect(lambda: holds(self.core) or None), timeout_s)
