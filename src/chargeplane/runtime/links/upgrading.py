"""The WebSocket handshake of the server: is the request correct, and what is agreed upon."""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Sequence
from hashlib import sha1
from http import HTTPStatus
from typing import NamedTuple

from chargeplane.runtime.links.deflate import Deflate, negotiated
from chargeplane.runtime.links.heads import Head, Headers, HttpFault, encoded_head
from chargeplane.runtime.links.settings import ListenerSettings
from chargeplane.runtime.links.wires import Upgrade

__all__ = [
    "REPAIR_CONNECTION",
    "REPAIR_SUBPROTOCOL",
    "Handshake",
    "accept_key",
    "chosen_subprotocol",
    "refuse_pages",
    "switching_protocols",
    "wanted",
]

REPAIR_CONNECTION = "upgrade-without-connection-header"
REPAIR_SUBPROTOCOL = "subprotocol-missing"

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 1.3
_OFFERED_MAX = 16
_OF_BROWSERS = ("Accept-Language", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Cookie")
_PORT = re.compile(r":[0-9]+$")
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?P<host>[^/?#]+?)(:[0-9]+)?")
_KEY = re.compile(r"[0-9A-Za-z+/]{22}==")  # 16 bytes
_SWITCHING = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: "
)


class Handshake(NamedTuple):
    """What a correct upgrade request asks for."""

    key: str
    offered: tuple[str, ...]
    compression: Deflate | None
    repairs: tuple[str, ...]


def wanted(head: Head, settings: ListenerSettings) -> Handshake | None:
    """What a request asks for; None if it asks for no WebSocket.

    Raises:
        HttpFault: if it asks for one in a way that cannot be granted.
    """
    headers = head.headers
    if not headers.lists("Upgrade", "websocket"):
        return None
    if head.method != "GET":
        raise HttpFault(HTTPStatus.METHOD_NOT_ALLOWED, "GET only", [("Allow", "GET, POST")])
    if head.minor < 1:
        raise HttpFault(HTTPStatus.BAD_REQUEST, "HTTP/1.1 only")
    repairs: tuple[str, ...] = ()
    if not headers.lists("Connection", "upgrade"):
        if not settings.tolerant:
            raise HttpFault(HTTPStatus.BAD_REQUEST, "no Connection: Upgrade")
        repairs = (REPAIR_CONNECTION,)
    versions = headers.all("Sec-WebSocket-Version")
    if versions != ("13",) and set(versions) != {"13"}:
        raise HttpFault(
            HTTPStatus.UPGRADE_REQUIRED,
            "WebSocket version 13 only",
            [("Sec-WebSocket-Version", "13"), ("Upgrade", "websocket")],
        )
    refuse_pages(headers, settings)
    return Handshake(
        key=_key(headers.all("Sec-WebSocket-Key")),
        offered=_offered(headers.listed("Sec-WebSocket-Protocol")),
        compression=negotiated(headers.listed("Sec-WebSocket-Extensions")),
        repairs=repairs,
    )


def refuse_pages(headers: Headers, settings: ListenerSettings) -> None:
    """Have nothing to do with a page in somebody's browser that poses as a station (ASVS 4.4.2).

    A browser asks nobody before it sends a POST of plain text to another origin.

    Raises:
        HttpFault: it is one.
    """
    if _is_of_a_page(headers) and not settings.origin_allowed:
        raise HttpFault(HTTPStatus.FORBIDDEN, "stations only")


def chosen_subprotocol(
    offered: Sequence[str], preferred: Sequence[str], default: str | None
) -> str | None:
    """The server's first choice among what is offered; None if there is nothing in common.

    Raises:
        HttpFault: if nothing at all is offered and there is no default.
    """
    if offered:
        return next((each for each in preferred if each in offered), None)
    if default is None:
        raise HttpFault(HTTPStatus.BAD_REQUEST, "no Sec-WebSocket-Protocol")
    return default


def _is_of_a_page(headers: Headers) -> bool:
    """Whether it is a browser that asks, for a page.

    An origin alone does not say so: any client may send one (RFC 6455 4.1), and libraries of
    stations do, unasked. They name themselves with a path, which the origin of a page never has
    (RFC 6454 6.2), no host, or the host that they ask. Where one of them could be a page too, what
    no page can change or leave out tells.
    """
    origin = headers.get("Origin")
    if origin is None:
        return False
    agent = headers.get("User-Agent") or ""
    if agent.startswith("Mozilla/") or any(name in headers for name in _OF_BROWSERS):
        return True
    of_page = _ORIGIN.fullmatch(origin)
    if of_page is None:
        return origin == "null"
    asked = _PORT.sub("", headers.get("Host") or "")
    return of_page["host"].casefold() != asked.casefold()


def switching_protocols(upgrade: Upgrade) -> bytes:
    """The answer 101."""
    return encoded_head(_SWITCHING + accept_key(upgrade.key), upgrade.headers)


def accept_key(key: str) -> str:
    """What a server proves with that it understood the handshake (RFC 6455 4.2.2)."""
    digest = sha1((key + _GUID).encode(), usedforsecurity=False).digest()
    return b2a_base64(digest, newline=False).decode()


def _key(keys: Sequence[str]) -> str:
    if len(keys) == 1 and _KEY.fullmatch(keys[0]):
        return keys[0]
    raise HttpFault(HTTPStatus.BAD_REQUEST, "malformed Sec-WebSocket-Key")


def _offered(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) > _OFFERED_MAX:
        raise HttpFault(HTTPStatus.BAD_REQUEST, "too many sub-protocols")
    return tuple(dict.fromkeys(names))
