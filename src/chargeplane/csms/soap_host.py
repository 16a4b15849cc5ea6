"""The host at which a station that speaks SOAP is registered to listen (``soap_host``).

A station behind a translation of addresses or a proxy connects from another address than the one it
listens at. What it says of that is a claim; what an operator has registered is not.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select

from chargeplane.csms.inventory import stations

__all__ = [
    "SOAP_HOST_MAX",
    "SoapHostFault",
    "address_of",
    "is_special",
    "soap_host",
    "soap_host_of",
]

SOAP_HOST_MAX: Final = 253
"""Characters of a name (RFC 1035)."""
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A name whose last label is one is read as an IPv4 address by many resolvers: 3221225991."""


class SoapHostFault(ValueError):
    """No host that a station can be registered with; the text says what is wrong with it."""


def soap_host(text: str) -> str:
    """An address in its shortest form, or a host name in small letters.

    Raises:
        SoapHostFault: it is neither, or nothing can be sent there.
    """
    address = address_of(text)
    if address is not None and "%" not in text:  # a zone is a word of this machine
        if is_special(address):
            reason = f"{address} is link-local, multicast or unspecified; nothing is sent there"
            raise SoapHostFault(reason)
        return str(address)
    name = text.casefold()
    is_name = len(text) <= SOAP_HOST_MAX and text.isascii() and _NAME.fullmatch(name)
    if not is_name or _NUMBER.fullmatch(name.rpartition(".")[2]):
        raise SoapHostFault(
            "give an IP address or a host name alone, such as 192.0.2.7, 2001:db8::7 or"
            " cp1.example.com: no scheme, port, path, bracket or blank"
        )
    return name


def address_of(host: str) -> IPv4Address | IPv6Address | None:
    """An IP address, the same for all of its forms; None: it is none, such as a name."""
    try:
        found = ip_address(host)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def is_special(address: IPv4Address | IPv6Address) -> bool:
    """Whether no station can be there: what is link-local serves machines, such as a cloud's."""
    return address.is_link_local or address.is_multicast or address.is_unspecified


def soap_host_of(connection: Connection, tenant_id: UUID, station_id: str) -> str | None:
    """What is registered now; None: nothing."""
    mine = stations.c.tenant_id == tenant_id, stations.c.id == station_id
    found: str | None = connection.scalar(select(stations.c.soap_host).where(*mine))
    return found
