"""The local controller over real sockets.

    async with LocalController("ws://csms.example/ocpp", port=9100) as controller:
        ...  # stations dial ws://127.0.0.1:9100/<any path>/<identity>

It needs no secrets of the stations: what a station shows goes up, and the central system judges.
Only while that one is away, a station is let in that was accepted before with the same credentials.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from chargeplane.runtime.clock import Clock, SystemClock
from chargeplane.runtime.links import (
    CloseCode,
    Link,
    Listener,
    ListenerSettings,
    Receiver,
)
from chargeplane.station.local_controller.alone import KnownTokens
from chargeplane.station.local_controller.entrance import Authorize, Entrance, own_credentials
from chargeplane.station.local_controller.own import Own, OwnStation
from chargeplane.station.local_controller.power import Power
from chargeplane.station.local_controller.relay import Relay
from chargeplane.station.local_controller.session import Guest, Session
from chargeplane.station.local_controller.sharing import LEAST_W
from chargeplane.station.local_controller.upstream import BackOff, Line, Upstream
from chargeplane.station.memory import memory_at
from chargeplane.station.station import Station

__all__ = ["LocalController", "Standing"]

STACK_LEVEL = 1
TAKEN_S_MAX = 15.0
"""How long a connection upwards may wait for its station, whose handshake is not over yet."""
DRAIN_S = 3.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How it is with one station."""

    identity: str
    is_connected: bool
    has_central: bool
    kept: int
    """Messages that the central system has not heard yet."""
    dropped: int
    """Messages that it never will, for want of room; none of a transaction."""
    share_w: float | None
    """The most that it may take; None: no limit of ours."""


class LocalController:
    """Stations on one side, the central system on the other."""

    def __init__(
        self,
        upstream: str,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        upstream_tls: ssl.SSLContext | None = None,
        authorization: Authorize = own_credentials,
        keeps: bool = True,
        own: Own | None = None,
        site_limit_w: float | None = None,
        least_w: float = LEAST_W,
        stack_level: int = STACK_LEVEL,
        memory: Path | None = None,
        clock: Clock | None = None,
        rng: Random | None = None,
        back_off: Callable[[Random], BackOff] = BackOff,
        settings: ListenerSettings | None = None,
    ) -> None:
        """Open nothing yet; ``async with`` does.

        Args:
            upstream: the central system, ``ws`` or ``wss``; see ``Upstream.url``.
            host: where stations dial.
            port: 0 for any.
            tls: for stations: a server certificate of the controller's own (6.5).
            upstream_tls: for ``wss``: its client certificate (6.5); None: the system's trust.
            authorization: what is shown to the central system for a station; by default what the
                station shows. Its certificate, if it has one, has to name it.
            keeps: whether stations of 2.x stay connected while the central system is away.
            own: a connection of its own, as a station; None: it has none.
            site_limit_w: what all stations together may take; None: what they like.
            least_w: the least share that is given to an EVSE.
            stack_level: of the profile that limits a station.
            memory: the file for messages that are not delivered; None: they end with the object.
            clock: read for the time; its seconds must pass like those of the machine.
            rng: of the pauses before the central system is dialled again.
            back_off: makes those pauses.
            settings: bounds of the port.

        Raises:
            MemoryFault: the file cannot be used.
        """
        self.host, self.port = host, port
        self._tls = tls
        self._upstream = Upstream(upstream, upstream_tls)
        self._keeps = keeps
        self._clock = clock or SystemClock()
        self._rng = rng or Random()
        self._make_back_off = back_off
        self._memory = memory_at(memory)
        self._tokens = KnownTokens()
        self._relays: dict[str, Relay] = {}
        self._sessions: dict[str, Session] = {}
        self._ending: set[Session] = set()
        self._untaken: set[Line] = set()
        self._delivered: asyncio.Future[None] | None = None
        entrance = Entrance(self._upstream, authorization, self._relays, self._relay, self._welcome)
        self._listener = Listener(entrance.admit, self._opened, settings=settings)
        self._power = Power(self._sessions, site_limit_w, least_w=least_w, stack_level=stack_level)
        self._own = None if own is None else self._own_station(own, site_limit_w, memory)

    def _own_station(self, own: Own, limit_w: float | None, memory: Path | None) -> OwnStation:
        return OwnStation(
            own,
            self._upstream.url,
            limit_w=limit_w,
            changed=self._power.set_central_limit,
            tls=self._upstream.tls,
            memory=None if memory is None else memory.with_name(f"{memory.name}-own"),
            clock=self._clock,
        )

    @property
    def url(self) -> str:
        """Where stations dial, with their identity behind it."""
        return f"{'wss' if self._tls else 'ws'}://{self.host}:{self.port}"

    def standings(self) -> list[Standing]:
        """How it is with each station that ever came."""
        shares = self._power.sharing.shares()
        return [
            Standing(
                identity,
                identity in self._sessions,
                relay.has_central,
                len(relay.backlog),
                relay.backlog.dropped,
                shares.get(identity),
            )
            for identity, relay in self._relays.items()
        ]

    @property
    def own(self) -> Station | None:
        """The controller as a station."""
        return None if self._own is None else self._own.station

    @property
    def deaf(self) -> list[str]:
        """Stations that follow no limit of ours."""
        return self._power.sharing.deaf

    def set_site_limit(self, limit_w: float | None) -> None:
        """What all stations together may take from now on; None: what they like."""
        self._power.set_limit(limit_w)
        if self._own is not None:
            self._own.set_limit(limit_w)

    async def delivered(self, timeout_s: float) -> bool:
        """Wait until the central system has heard all that is kept; False: it takes too long.

        Of stations that are connected; what is kept for others waits for them.
        """
        if not self._keeps_something():
            return True
        waiter = self._delivered = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait_for(waiter, timeout_s)
        except TimeoutError:
            return False
        return True

    def _keeps_something(self) -> bool:
        return any(session.relay.backlog for session in self._sessions.values())

    def _save(self) -> None:
        """Before anything is sent."""
        self._memory.save()
        waiter = self._delivered
        if waiter is not None and not waiter.done() and not self._keeps_something():
            waiter.set_result(None)

    async def __aenter__(self) -> Self:
        self.port = await self._listener.listen(self.host, self.port, self._tls)
        if self._own is not None:
            await self._own.station.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for session in list(self._sessions.values()):
            session.end(CloseCode.GOING_AWAY, "the local controller ends")
        await self._listener.drain(DRAIN_S)
        for session in list(self._ending):
            await session.ended()
        for line in list(self._untaken):
            self._close_untaken(line)
        if self._own is not None:
            await self._own.station.__aexit__(kind, error, trace)
        self._upstream.wheel.stop()
        self._memory.close()

    # Stations come in.

    def _welcome(self, guest: Guest) -> None:
        """A second connection of a station replaces the first."""
        old = self._sessions.get(guest.relay.identity)
        if old is not None:
            old.end(CloseCode.POLICY_VIOLATION, "the station has another connection")
        if guest.line is not None:
            self._untaken.add(guest.line)
            asyncio.get_running_loop().call_later(TAKEN_S_MAX, self._close_untaken, guest.line)

    def _close_untaken(self, line: Line) -> None:
        if line in self._untaken:
            self._untaken.discard(line)
            line.close()

    def _relay(self, identity: str) -> Relay:
        if identity not in self._relays:
            self._relays[identity] = Relay(
                identity,
                memory=self._memory,
                time=self._clock.now,
                tokens=self._tokens,
                keeps=self._keeps,
                heard=partial(self._power.heard, identity),
                answered=partial(self._power.answered, identity),
            )
        return self._relays[identity]

    def _opened(self, link: Link) -> Receiver:
        guest = link.facts.context
        assert isinstance(guest, Guest)
        if guest.line is not None:
            self._untaken.discard(guest.line)
        session = Session(
            guest,
            link,
            self._upstream,
            clock=self._clock,
            back_off=lambda: self._make_back_off(self._rng),
            save=self._save,
            over=self._on_over,
        )
        old = self._sessions.get(session.identity)
        if old is not None:
            old.end(CloseCode.POLICY_VIOLATION, "the station has another connection")
        self._sessions[session.identity] = session
        session.begin()
        if session.relay.alone.interval_s is not None:
            self._power.join(session.identity)
        return session

    def _on_over(self, session: Session) -> None:
        self._sessions.pop(session.identity, None)
        self._ending = {each for each in self._ending if each.is_running} | {session}
        self._power.leave(session.identity)
