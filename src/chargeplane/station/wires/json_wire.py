"""OCPP-J: frames over a WebSocket."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable
from urllib.parse import quote

from chargeplane.ocpp.versions import Version
from chargeplane.runtime.links import (
    Ending,
    HandshakeRefused,
    Link,
    LinkClosed,
    LinkSettings,
    Wheel,
    connect,
)
from chargeplane.station.wires.handshake import Handshake
from chargeplane.station.wires.hello import say_hello
from chargeplane.station.wires.lines import Heard, NotConnected

__all__ = ["JsonDialer"]

DIAL_TIMEOUT_S = 10.0


class JsonDialer:
    """Dials ``url/identity``, percent-encoded, and offers the version of the station."""

    def __init__(
        self,
        url: Callable[[], str],
        identity: str,
        version: Version,
        *,
        password: Callable[[], str | bytes | None],
        dressed: Callable[[Handshake], Handshake],
        ping_interval_s: Callable[[], float],
        tls: Callable[[], ssl.SSLContext | None] = lambda: None,
        wheel: Wheel | None = None,
    ) -> None:
        """Dial nothing yet.

        Args:
            url: asked before each attempt: of the central system, without the identity.
            identity: of the station.
            version: its sub-protocol is offered.
            password: asked before each attempt; text, or the bytes of a 1.6 key; None: no header.
            dressed: may change the handshake.
            ping_interval_s: asked before each attempt; 0: no pings.
            tls: asked before each attempt, for ``wss``; None: the system's trust.
            wheel: shared by the stations of a fleet.
        """
        self._url = url
        self._identity = identity
        self._version = version
        self._password = password
        self._dressed = dressed
        self._ping_interval_s = ping_interval_s
        self._tls = tls
        self._wheel = wheel

    async def start(self) -> None:
        """Nothing to get ready."""

    async def stop(self) -> None:
        """Nothing to give back."""

    async def dial(self, heard: Heard) -> JsonLine:
        """Open a connection.

        Raises:
            NotConnected: nobody answers, the station is refused, or the version is.
        """
        url = f"{self._url().rstrip('/')}/{quote(self._identity, safe='')}"
        handshake = self._dressed(Handshake(url, (self._version.subprotocol,)))
        line, tls = JsonLine(heard), self._tls()
        try:
            if handshake.needs_root and tls is None and handshake.url.startswith("wss:"):
                await say_hello(handshake.url, DIAL_TIMEOUT_S)
                raise NotConnected("the station has no root certificate")
            link = await connect(
                handshake.url,
                line.opened,
                subprotocols=handshake.subprotocols,
                headers=self._headers(),
                left_out=handshake.left_out,
                tls=tls,
                settings=self._settings(handshake),
                timeout_s=DIAL_TIMEOUT_S,
                wheel=self._wheel,
            )
        except HandshakeRefused as error:
            raise NotConnected(str(error), error.status) from error
        except OSError as error:
            raise NotConnected(_reason(error)) from error
        if handshake.subprotocols and link.facts.subprotocol is None:
            link.cut("no common version")
            raise NotConnected(f"the central system does not speak {self._version.subprotocol}")
        return line

    def _settings(self, handshake: Handshake) -> LinkSettings:
        interval_s = handshake.pings_after_s or self._ping_interval_s() or None
        return LinkSettings(ping_interval_s=interval_s, answers_pings=handshake.answers_pings)

    def _headers(self) -> list[tuple[str, str]]:
        password = self._password()
        if password is None:
            return []
        secret = password.encode() if isinstance(password, str) else password
        credentials = b64encode(self._identity.encode() + b":" + secret).decode()
        return [("Authorization", f"Basic {credentials}")]


def _reason(error: OSError) -> str:
    """In the system's words, without the numbers around them."""
    if isinstance(error, TimeoutError):
        return "there was no answer in time"
    if error.errno is None or isinstance(error, ssl.SSLError | socket.gaierror):
        return str(error)
    return os.strerror(error.errno)


class JsonLine:
    """An open WebSocket."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._over = asyncio.Event()
        self._reason = "the connection was lost"
        self._link: Link

    def opened(self, link: Link) -> JsonLine:
        """The link is there; this line is its receiver."""
        self._link = link
        return self

    def send(self, text: str) -> None:
        try:
            self._link.send(text)
        except LinkClosed:
            self._over.set()

    def close(self) -> None:
        self._link.close()

    async def run(self) -> str:
        await self._over.wait()
        return self._reason

    def received(self, text: str) -> None:
        """The link tells of a frame."""
        self._heard(text)

    def closed(self, ending: Ending) -> None:
        """The link tells of its end."""
        self._reason = f"{ending.code}: {ending.reason}" if ending.reason else str(ending.code)
        self._over.set()
