"""What the installation decides about log-ins, and where requests really come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from chargeplane.runtime.access.roles import Role

__all__ = ["Caller", "Policy"]

AGENT_CHARACTERS_MAX = 200
HOPS_MAX = 16
_SOURCE_PREFIX_BITS = 64
"""An IPv6 customer has that many addresses: they count as one source."""


@dataclass(frozen=True)
class Caller:
    """Who holds the other end of a request, as far as it can be told."""

    source: str = ""
    """An address; of IPv6, the network of 64 bits."""
    agent: str = ""
    """What the browser calls itself."""


@dataclass(frozen=True)
class Policy:
    """Settings of log-ins.

    Attributes:
        session_s: a session ends after this time, whatever happens.
        session_idle_s: and after this time without a request.
        second_factor_roles: whoever has one of them may do nothing before a second factor is set.
        public_url: how browsers reach this installation, such as ``https://cp.example``. Passkeys
            belong to its host, cookies are Secure if it is https, and redirections lead there.
        trusted_proxies: their ``X-Forwarded-For`` is believed, nobody else's.
    """

    session_s: float = 12 * 3600.0
    session_idle_s: float = 2 * 3600.0
    second_factor_roles: frozenset[Role] = frozenset()
    public_url: str = "http://localhost:8080"
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()

    @property
    def is_secure(self) -> bool:
        """Whether browsers come over TLS."""
        return self.public_url.startswith("https://")

    @property
    def host(self) -> str:
        """The host name of the public address, which passkeys are bound to."""
        return urlsplit(self.public_url).hostname or "localhost"

    @property
    def origin(self) -> str:
        """The public address as browsers write it in ``Origin``."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"

    def caller(self, peer: str, headers: Mapping[str, str]) -> Caller:
        """Who asks, given the address of the connection and the headers of the request."""
        hops = headers.get("x-forwarded-for", "").split(",")[-HOPS_MAX:]
        source = peer
        while hops and self._is_trusted(source):
            if not (hop := hops.pop().strip()):
                break
            source = hop
        agent = "".join(each for each in headers.get("user-agent", "") if each.isprintable())
        return Caller(_network(source), agent[:AGENT_CHARACTERS_MAX])

    def _is_trusted(self, source: str) -> bool:
        try:
            address = ip_address(source)
        except ValueError:
            return False
        return any(address in network for network in self.trusted_proxies)


def _network(source: str) -> str:
    try:
        address = ip_address(source)
    except ValueError:
        return source[:64]
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(IPv6Network((address, _SOURCE_PREFIX_BITS), strict=False))
    return str(address)
