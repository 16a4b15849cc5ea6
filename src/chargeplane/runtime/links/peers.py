"""Who is at the other end of a connection, as far as the network tells: address and TLS."""

from __future__ import annotations

import ssl
from asyncio import BaseTransport
from sys import intern
from typing import NamedTuple

__all__ = ["Address", "Tls", "address_of", "tls_of"]


class Address(NamedTuple):
    """Where a connection comes from."""

    host: str
    port: int


class Tls(NamedTuple):
    """What was negotiated, and what the client showed."""

    version: str
    cipher: str
    client_certificate: bytes | None
    """The client's certificate in DER, already verified by the handshake; None if it has none."""


def address_of(transport: BaseTransport) -> Address:
    """The peer's address; empty where the transport knows none."""
    name = transport.get_extra_info("peername")
    if isinstance(name, tuple) and len(name) >= 2:
        return Address(str(name[0]), int(name[1]))
    return Address("", 0)


def tls_of(transport: BaseTransport) -> Tls | None:
    """The TLS of the connection, or None."""
    session: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
    if session is None:
        return None
    cipher = session.cipher()
    return Tls(
        version=intern(session.version() or ""),  # nearly all connections share them
        cipher=intern(cipher[0] if cipher else ""),
        client_certificate=session.getpeercert(binary_form=True),
    )
