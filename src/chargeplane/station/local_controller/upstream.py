"""The connections upwards: one for each station, dialled as the station dials (2.x Part 4, 6.2)."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol
from urllib.parse import quote, urlsplit

from chargeplane.runtime.links import Ending, Link, LinkClosed, LinkSettings, Wheel, connect

__all__ = ["BackOff", "Hearer", "Line", "Upstream"]

DIAL_TIMEOUT_S = 6.0
"""Shorter than the time that a station has for its handshake, which waits for it."""


class Hearer(Protocol):
    """Who is told what happens on a line."""

    def from_central(self, text: str) -> None:
        """A frame has come."""

    def central_lost(self, line: Line) -> None:
        """The line is over."""


class Line:
    """One connection to the central system. What comes before somebody hears it waits."""

    def __init__(self) -> None:
        self._link: Link
        self._hearer: Hearer | None = None

    def opened(self, link: Link) -> Line:
        """The link is there; this line is its receiver."""
        self._link = link
        link.hold()
        return self

    @property
    def subprotocol(self) -> str | None:
        """What the central system has chosen."""
        return self._link.facts.subprotocol

    @property
    def is_open(self) -> bool:
        return self._link.is_open

    def give_to(self, hearer: Hearer) -> None:
        """Tell this one, now and from now on."""
        self._hearer = hearer
        self._link.go_on()

    def send(self, text: str) -> None:
        """Send a frame; one that finds no connection any more is lost, and ``central_lost`` comes.

        The relay has noted every request, so that none is forgotten with it.
        """
        try:
            self._link.send(text)
        except LinkClosed:
            self._link.cut("the connection is over")

    def close(self) -> None:
        """End it, and tell nobody."""
        self._hearer = None
        self._link.close()

    def received(self, text: str) -> None:
        """The link tells of a frame."""
        if self._hearer is not None:
            self._hearer.from_central(text)

    def closed(self, ending: Ending) -> None:
        """The link tells of its end."""
        if self._hearer is not None:
            self._hearer.central_lost(self)


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where the central system is."""

    url: str
    """``ws`` or ``wss``. With a path: stations are found below it, by their identity. Without one:
    under the path that each station uses itself."""
    tls: ssl.SSLContext | None = None
    """With the certificate of the controller for profile 3; None: the system's trust."""
    settings: LinkSettings = field(default_factory=LinkSettings)
    wheel: Wheel = field(default_factory=Wheel)

    def url_of(self, identity: str, target: str) -> str:
        """Where a station is dialled for that came in with this request target."""
        if urlsplit(self.url).path.strip("/"):
            return f"{self.url.rstrip('/')}/{quote(identity, safe='')}"
        path = target.partition("?")[0].partition("#")[0]
        return self.url.rstrip("/") + path

    async def dial(self, url: str, subprotocols: Sequence[str], authorization: str | None) -> Line:
        """Open a connection.

        Raises:
            HandshakeRefused: the central system does not want the station.
            OSError: there is no connection.
        """
        line = Line()
        await connect(
            url,
            line.opened,
            subprotocols=subprotocols,
            headers=() if authorization is None else (("Authorization", authorization),),
            tls=self.tls,
            settings=self.settings,
            timeout_s=DIAL_TIMEOUT_S,
            wheel=self.wheel,
        )
        return line


@dataclass(slots=True)
class BackOff:
    """How long to wait before the next attempt (2.x Part 4, 5.3)."""

    rng: Random
    wait_s_min: float = 5.0
    random_s_max: float = 5.0
    doublings_max: int = 5
    failures: int = 0

    def next_s(self) -> float:
        """The next pause; each is about twice as long as the last, up to a bound."""
        base_s: float = self.wait_s_min * 2 ** min(self.failures, self.doublings_max)
        self.failures += 1
        return base_s + self.rng.uniform(0, self.random_s_max)
