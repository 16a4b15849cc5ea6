"""Where a SOAP station may be called: at the address that it comes from, and nowhere else.

A station says itself where it listens, and whoever says so could make this program send requests to
any machine that it can reach. So the announced host must be the address from which the station
connects, and the URL is put together again from its checked parts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

__all__ = ["NoRoute", "Route", "route_of"]

_PORTS = {"http": 80, "https": 443}
_TARGET = re.compile(r"[!-~]*")
_Address = IPv4Address | IPv6Address


class NoRoute(Exception):
    """A station cannot be called.

    Attributes:
        slug: the reason in one word, for counting.
        reason: the same for people.
    """

    def __init__(self, slug: str, reason: str) -> None:
        super().__init__(reason)
        self.slug = slug
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Route:
    """Where to send a request."""

    url: str
    """Made of checked parts; its host is the address that the station connects from."""
    announced: str
    """As the station wrote it, for the header To."""


def route_of(announced: str | None, remote_host: str, *, loopback_allowed: bool = False) -> Route:
    """The way to a station.

    Args:
        announced: the address in its From or ReplyTo.
        remote_host: the address that it connects from.
        loopback_allowed: whether it may be on this machine. A proxy on this machine makes all
            stations look so, and then any of them could reach what listens here.

    Raises:
        NoRoute: there is none.
    """
    if announced is None:
        raise NoRoute("no-address", "the station has not said where it listens")
    try:
        parts = urlsplit(announced)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise NoRoute("malformed", f"the station listens at {announced[:200]!r}: no URL") from None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.scheme not in _PORTS or not host or port == 0 or not _TARGET.fullmatch(target):
        raise NoRoute("malformed", f"the station listens at {announced[:200]!r}: no http URL")
    if parts.username is not None or parts.password is not None:
        raise NoRoute("malformed", "the station's address must not contain a user")
    found, expected = _address(host), _address(remote_host)
    if found is None:
        raise NoRoute("host-name", f"the station listens at {host[:200]!r}; only addresses count")
    if found != expected:
        raise NoRoute(
            "other-host", f"the station listens at {found}, and connects from {remote_host}"
        )
    if found.is_link_local or found.is_multicast or found.is_unspecified:
        raise NoRoute("special-host", f"nothing is sent to {found}")
    if found.is_loopback and not loopback_allowed:
        raise NoRoute("loopback", f"nothing is sent to {found}, which is this machine")
    shown = f"[{found}]" if isinstance(found, IPv6Address) else str(found)
    return Route(f"{parts.scheme}://{shown}:{port or _PORTS[parts.scheme]}{target}", announced)


def _address(host: str) -> _Address | None:
    try:
        found = ip_address(host)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
