"""The client side: a virtual station dials a central system, or a tool dials anything."""

from __future__ import annotations

import asyncio
import os
import re
import ssl
from base64 import b64encode
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from chargeplane.runtime.links.deflate import OFFER, Deflate, accepted_by_server
from chargeplane.runtime.links.heads import Headers, HttpFault, encoded_head, parsed_fields
from chargeplane.runtime.links.identity import identity_of_target
from chargeplane.runtime.links.intake import Intake, IntakeEnded, IntakeFull
from chargeplane.runtime.links.link import Link
from chargeplane.runtime.links.peers import address_of, tls_of
from chargeplane.runtime.links.receivers import LinkFacts, Receiver
from chargeplane.runtime.links.settings import LinkSettings
from chargeplane.runtime.links.sockets import tune_socket
from chargeplane.runtime.links.upgrading import accept_key
from chargeplane.runtime.links.websockets_wire import WebsocketsWire
from chargeplane.runtime.links.wheel import Wheel

__all__ = ["HandshakeRefused", "connect"]

_STATUS_LINE = re.compile(r"HTTP/1\.[01] ([1-5][0-9]{2})(?: .*)?")
_HEAD_BYTES_MAX = 16_384
_HEADERS_MAX = 64
_BODY_BYTES_MAX = 65_536
_PORTS = {"ws": 80, "wss": 443}


class HandshakeRefused(Exception):
    """The server did not open a WebSocket; ``status`` is 0 if it did not even answer HTTP."""

    def __init__(self, reason: str, status: int = 0, headers: Headers | None = None) -> None:
        super().__init__(f"{status}: {reason}" if status else reason)
        self.status = status
        self.headers = headers or Headers()
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Endpoint:
    host: str
    port: int
    target: str
    authority: str
    is_secure: bool

    @classmethod
    def of_url(cls, url: str) -> _Endpoint:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(f"{url!r} is no ws:// or wss:// address")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        port = parts.port or _PORTS[parts.scheme]
        authority = parts.netloc.rpartition("@")[2]
        return cls(parts.hostname, port, target, authority, parts.scheme == "wss")


class _Waiting(asyncio.Protocol):
    """A connection that waits for the server's answer."""

    def __init__(self) -> None:
        self.intake = Intake()

    def data_received(self, data: bytes) -> None:
        self.intake.feed(data)

    def eof_received(self) -> bool:
        self.intake.end()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.intake.end()


async def connect(
    url: str,
    opened: Callable[[Link], Receiver],
    *,
    subprotocols: Sequence[str],
    headers: Iterable[tuple[str, str]] = (),
    left_out: Collection[str] = (),
    tls: ssl.SSLContext | None = None,
    settings: LinkSettings | None = None,
    timeout_s: float = 10.0,
    wheel: Wheel | None = None,
) -> Link:
    """Dial, and open a link. A fleet shares one wheel.

    ``left_out`` names headers, in small letters, that odd stations do not send.

    A server that has no sub-protocol in common finishes the handshake without one: see
    ``link.facts.subprotocol``.

    Raises:
        HandshakeRefused: if the server answers anything but a correct 101.
        OSError: if there is no connection (TLS errors and timeouts included).
    """
    endpoint = _Endpoint.of_url(url)
    context = (tls or ssl.create_default_context()) if endpoint.is_secure else None
    settings = settings or LinkSettings()
    async with asyncio.timeout(timeout_s):
        transport, waiting = await asyncio.get_running_loop().create_connection(
            _Waiting, endpoint.host, endpoint.port, ssl=context
        )
        linked = False
        try:
            tune_socket(transport.get_extra_info("socket"))
            key = b64encode(os.urandom(16)).decode()
            fields = _fields(endpoint, key, subprotocols, settings)
            kept = [each for each in fields if each[0].lower() not in left_out]
            first_line = f"GET {endpoint.target} HTTP/1.1"
            transport.write(encoded_head(first_line, [*kept, *headers]))
            answer = await _answer(waiting.intake)
            link = _opened_link(transport, endpoint, answer, key, subprotocols, settings, wheel)
            link.attach(opened(link))
            linked = True
        finally:
            if not linked:
                transport.abort()
    link.begin_reading(waiting.intake.rest())
    return link


def _fields(
    endpoint: _Endpoint, key: str, subprotocols: Sequence[str], settings: LinkSettings
) -> list[tuple[str, str]]:
    fields = [
        ("Host", endpoint.authority),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", key),
    ]
    if subprotocols:
        fields.append(("Sec-WebSocket-Protocol", ", ".join(subprotocols)))
    if settings.compression:
        fields.append(("Sec-WebSocket-Extensions", OFFER))
    return fields


async def _answer(intake: Intake) -> Headers:
    """The headers of a 101."""
    try:
        raw = await intake.until(b"\r\n\r\n", _HEAD_BYTES_MAX)
        first_line, *lines = raw.decode("latin-1").split("\r\n")
        headers = parsed_fields(lines, _HEADERS_MAX)
    except (IntakeFull, IntakeEnded, HttpFault) as error:
        raise HandshakeRefused("the server gave no HTTP answer") from error
    match = _STATUS_LINE.fullmatch(first_line)
    if match is None:
        raise HandshakeRefused("the server gave no HTTP answer")
    status = int(match[1])
    if status != 101:
        raise HandshakeRefused(await _reason(intake, headers), status, headers)
    return headers


async def _reason(intake: Intake, headers: Headers) -> str:
    length = headers.get("Content-Length") or "0"
    if not length.isdecimal() or int(length) > _BODY_BYTES_MAX:
        return ""
    try:
        return (await intake.exactly(int(length))).decode(errors="replace").strip()
    except IntakeEnded:
        return ""


def _opened_link(
    transport: asyncio.Transport,
    endpoint: _Endpoint,
    answer: Headers,
    key: str,
    subprotocols: Sequence[str],
    settings: LinkSettings,
    wheel: Wheel | None,
) -> Link:
    if answer.get("Sec-WebSocket-Accept") != accept_key(key):
        raise HandshakeRefused("the server answered another handshake", 101, answer)
    name = answer.get("Sec-WebSocket-Protocol")
    if name is not None and name not in subprotocols:
        raise HandshakeRefused(f"the server chose {name!r}, which was not offered", 101, answer)
    facts = LinkFacts(
        identity=identity_of_target(endpoint.target) or "",
        subprotocol=name,
        peer=address_of(transport),
        tls=tls_of(transport),
        compression=_agreed(answer, settings),
    )
    link = Link(facts, settings, Wheel() if wheel is None else wheel, is_client=True)
    link.open(WebsocketsWire(transport, link, is_client=True))
    return link


def _agreed(answer: Headers, settings: LinkSettings) -> Deflate | None:
    extensions = answer.listed("Sec-WebSocket-Extensions")
    if not extensions:
        return None
    compression = accepted_by_server(extensions[0])
    if compression is None or len(extensions) > 1 or not settings.compression:
        raise HandshakeRefused("the server uses extensions that were not offered", 101, answer)
    return compression
