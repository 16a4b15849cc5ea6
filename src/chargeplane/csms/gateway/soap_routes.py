"""Where a SOAP station may be called: where it comes from or is registered, and nowhere else.

A station says itself where it listens, and whoever says so could make this program send requests to
any machine that it can reach. So the announced host must be the address from which the station
connects, or the host that an operator has registered, who answers for where a name leads. The URL
is put together again from its checked parts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit

from chargeplane.csms.soap_host import address_of, is_special

__all__ = ["NoRoute", "Route", "route_of"]

_PORTS = {"http": 80, "https": 443}
_TARGET = re.compile(r"[!-~]*")


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
    """Made of checked parts; its host is the one registered or the address connected from."""
    announced: str
    """As the station wrote it, for the header To."""


def route_of(
    announced: str | None,
    remote_host: str,
    registered: str | None = None,
    *,
    loopback_allowed: bool = False,
) -> Route:
    """The way to a station.

    Args:
        announced: the address in its From or ReplyTo.
        remote_host: the address that it connects from.
        registered: the host that an operator has registered, as ``soap_host`` writes it.
        loopback_allowed: whether it may be on this machine without being registered there. A proxy
            on this machine makes all stations look so, and then any of them could reach what
            listens here.

    Raises:
        NoRoute: there is none.
    """
    parts, port = _parts(announced)
    host = parts.hostname or ""
    address = address_of(host)
    is_registered = registered is not None and registered == str(address or host)
    if not is_registered:
        if address is None:
            reason = "a host name counts only if it is the registered one"
            raise NoRoute("host-name", _elsewhere(host, remote_host, registered, reason))
        if address != address_of(remote_host):
            reason = "it is called only where it connects from or is registered"
            raise NoRoute("other-host", _elsewhere(str(address), remote_host, registered, reason))
        if address.is_loopback and not loopback_allowed:
            reason = "that is this machine, where it is called only if it is registered so"
            raise NoRoute("loopback", _elsewhere(str(address), remote_host, registered, reason))
    if address is not None and is_special(address):
        raise NoRoute("special-host", f"nothing is sent to {address}")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    shown = f"[{address}]" if isinstance(address, IPv6Address) else str(address or registered)
    url = f"{parts.scheme}://{shown}:{port}{target}"
    return Route(url, announced or "")


def _parts(announced: str | None) -> tuple[SplitResult, int]:
    """What an address consists of, and its port.

    Raises:
        NoRoute: there is none, or it is no plain address of HTTP.
    """
    if announced is None:
        raise NoRoute("no-address", "the station has not said where it listens")
    try:
        parts = urlsplit(announced)
        port = parts.port
    except ValueError:
        raise NoRoute("malformed", f"the station listens at {announced[:200]!r}: no URL") from None
    target = parts.path + parts.query
    is_http = parts.scheme in _PORTS and parts.hostname and port != 0
    if not is_http or not _TARGET.fullmatch(target):
        raise NoRoute("malformed", f"the station listens at {announced[:200]!r}: no http URL")
    if parts.username is not None or parts.password is not None:
        raise NoRoute("malformed", "the station's address must not contain a user")
    return parts, port or _PORTS[parts.scheme]


def _elsewhere(host: str, remote_host: str, registered: str | None, reason: str) -> str:
    """Why a station is not called where it listens, and what to do about it."""
    is_so = f"is registered with the soap_host {registered}" if registered else "has no soap_host"
    shown = host[:200] if host.isascii() and host.isprintable() else ascii(host[:200])
    return (
        f"the station says that it listens at {shown}, connects from {remote_host or 'nowhere'},"
        f" and {is_so}: {reason}. If it is right, change the station's soap_host to it"
    )
