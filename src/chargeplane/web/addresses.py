"""Where stations connect: the console shows it to whoever stands before a new one."""

from __future__ import annotations

from collections.abc import Mapping

from litestar import get
from msgspec import Struct

from chargeplane.runtime.rest import SITED, Injected, Routes, requires

__all__ = ["Address", "Addresses", "routes"]


class Address(Struct, frozen=True):
    """One way to reach the program."""

    name: str
    """``Stations``, ``SOAP``, ... as the program announces it at its start."""
    address: str


class Addresses(Struct, frozen=True):
    """All that the program announced at its start."""

    items: list[Address]


@get(
    "/addresses",
    guards=[requires("stations:read")],
    opt=SITED,
    summary="List the addresses for stations",
)
async def list_addresses(addresses: Injected[Addresses]) -> Addresses:
    """The addresses as this node listens on them; a proxy in front may be reached by others."""
    return addresses


def routes(announced: Mapping[str, str]) -> Routes:
    """The route, with what was announced by heading."""
    found = Addresses([Address(name, address) for name, address in announced.items()])
    return Routes("Program", (list_addresses,), {"addresses": found})
