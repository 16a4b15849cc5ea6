"""One station over real sockets: its connection, the one upwards, and the relay between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.links import CloseCode, Ending, HandshakeRefused, Link, LinkClosed
from chargeplane.station.alarm import Alarm
from chargeplane.station.local_controller.downward import Done
from chargeplane.station.local_controller.relay import Relay
from chargeplane.station.local_controller.upstream import BackOff, Line, Upstream

__all__ = ["Guest", "Session"]

_UNWANTED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


@dataclass(frozen=True, slots=True)
class Guest:
    """A station that may come in: what admission knows of it."""

    relay: Relay
    version: Version
    url: str
    """Where it is dialled for."""
    authorization: str | None
    """What is shown there."""
    line: Line | None
    """To the central system; None: that one is away."""


class Session:
    """As long as the station is connected. It is the receiver of the station's link."""

    def __init__(
        self,
        guest: Guest,
        down: Link,
        upstream: Upstream,
        *,
        clock: Clock,
        back_off: Callable[[], BackOff],
        save: Callable[[], None],
        over: Callable[[Session], None],
    ) -> None:
        """Nothing is sent yet; ``begin`` begins.

        Args:
            guest: the station.
            down: its link.
            upstream: where the central system is.
            clock: read for the time; its seconds must pass like those of the machine.
            back_off: makes the pauses between attempts to reach the central system again.
            save: keeps what has changed; called before anything is sent.
            over: told when the station is gone.
        """
        self.guest = guest
        self.relay = guest.relay
        self._down = down
        self._line = guest.line
        self._upstream = upstream
        self._clock = clock
        self._back_off = back_off
        self._save = save
        self._over = over
        self._alarm = Alarm(self._on_time)
        self._redialling: asyncio.Task[None] | None = None
        self.is_over = False

    @property
    def identity(self) -> str:
        return self.relay.identity

    def begin(self) -> None:
        """Both ends are here, or the station alone."""
        self.relay.station_opened(self.guest.version)
        line = self._line
        if line is not None and line.is_open:
            self.relay.central_opened(self._clock.monotonic_s())
            line.give_to(self)
        else:
            self._line = None
            self.relay.central_lost(self._clock.monotonic_s())
            self._redial()
        self._flush()

    def ask(self, request: Request, done: Done) -> None:
        """Ask the station something of our own; see ``Relay.ask``."""
        self.relay.ask(request, self._clock.monotonic_s(), done)
        self._flush()

    def end(self, code: CloseCode, reason: str) -> None:
        """End both connections."""
        if self.is_over:
            return
        self.is_over = True
        self._alarm.cancel()
        if self._redialling is not None:
            self._redialling.cancel()
        if self._line is not None:
            self._line.close()
        self._over(self)
        self.relay.station_lost()
        self._save()
        self._down.close(code, reason)

    @property
    def is_running(self) -> bool:
        """Whether something of it still runs."""
        return self._redialling is not None and not self._redialling.done()

    async def ended(self) -> None:
        """Wait until nothing of it runs."""
        if self._redialling is not None:
            await asyncio.wait([self._redialling])

    # What the links tell.

    def received(self, text: str) -> None:
        """The station sends a frame."""
        if not self.is_over:
            self.relay.from_station(text, self._clock.monotonic_s())
            self._flush()

    def closed(self, ending: Ending) -> None:
        """The station is gone."""
        self.end(CloseCode.NORMAL, ending.reason)

    def from_central(self, text: str) -> None:
        self.relay.from_central(text, self._clock.monotonic_s())
        self._flush()

    def central_lost(self, line: Line) -> None:
        if self.is_over or line is not self._line:
            return
        self._line = None
        self.relay.central_lost(self._clock.monotonic_s())
        self._redial()
        self._flush()

    # Time.

    def _on_time(self) -> None:
        if not self.is_over:
            self.relay.advance(self._clock.monotonic_s())
            self._flush()

    def _flush(self) -> None:
        if self.is_over:
            return
        self._save()
        for text in self.relay.to_central():
            if self._line is not None:
                self._line.send(text)
        for text in self.relay.to_station():
            try:
                self._down.send(text)
            except LinkClosed:
                break  # the link tells of its end, and the station asks again
        if self.relay.wants_close:
            self.end(CloseCode.GOING_AWAY, self.relay.wants_close)
        else:
            self._alarm.set(self.relay.deadline_s, self._clock.monotonic_s())

    def _redial(self) -> None:
        if self.relay.keeps:
            self._redialling = asyncio.get_running_loop().create_task(self._dial_again())

    async def _dial_again(self) -> None:
        pauses = self._back_off()
        while True:
            await asyncio.sleep(pauses.next_s())
            guest = self.guest
            try:
                line = await self._upstream.dial(
                    guest.url, (guest.version.subprotocol,), guest.authorization
                )
            except HandshakeRefused as refusal:
                if refusal.status in _UNWANTED:
                    self.end(CloseCode.POLICY_VIOLATION, "the central system refuses the station")
                    return
            except OSError:
                continue
            else:
                if line.subprotocol == guest.version.subprotocol:
                    self._back(line)
                    return
                line.close()

    def _back(self, line: Line) -> None:
        self._line = line
        self.relay.central_opened(self._clock.monotonic_s())
        line.give_to(self)
        self._flush()
