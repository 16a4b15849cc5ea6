"""Which transport carries the links, which event loop runs them, and what opens their ports."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec
from typing import Any, cast

from chargeplane.runtime.links.sockets import tune_socket
from chargeplane.runtime.links.wires import WireFactory

__all__ = [
    "Transport",
    "create_server",
    "default_transport",
    "new_event_loop",
    "shake_hands",
    "wire_factory",
]


# The smallest that aiofastnet takes, of two for each connection. By default they have 256 KiB each,
# of which more and more are really in memory as stations go and come.
_BUFFER_BYTES = 16_384
# OpenSSL reads and writes the socket itself, without buffers between: what aiofastnet does for TLS
# in the kernel, without that. Decision 0013 says why for picows alone. A version that does not know
# the name makes the buffers, and a test fails.
_WITHOUT_BUFFERS = "_aiofastnet_force_socket_bio"


class Transport(StrEnum):
    """A library that carries links."""

    PICOWS = "picows"
    WEBSOCKETS = "websockets"


def default_transport() -> Transport:
    """The fastest that is installed; picows has no build for every platform."""
    return Transport.PICOWS if find_spec("picows") else Transport.WEBSOCKETS


def wire_factory(transport: Transport) -> WireFactory:
    """What takes over a connection. Only the chosen library is imported."""
    module = import_module(f"chargeplane.runtime.links.{transport}_wire")
    return cast("WireFactory", getattr(module, f"{transport}_wire"))


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A loop of uvloop where it is installed, else asyncio's own; for ``asyncio.Runner``."""
    if find_spec("uvloop"):
        return cast("asyncio.AbstractEventLoop", import_module("uvloop").new_event_loop())
    return asyncio.new_event_loop()


async def create_server(
    protocol: Callable[[], asyncio.Protocol], host: str, port: int, *, backlog_max: int
) -> asyncio.Server:
    """Open a port without TLS."""
    server = await asyncio.get_running_loop().create_server(
        protocol, host, port, backlog=backlog_max, start_serving=False
    )
    # Once, before anybody is accepted: for each connection it would be five calls to the system.
    for each in server.sockets:
        tune_socket(each)
    await server.start_serving()
    return server


async def shake_hands(
    protocol: asyncio.Protocol,
    connection: socket.socket,
    tls: ssl.SSLContext,
    *,
    transport: Transport,
    timeout_s: float,
) -> None:
    """Make a connection with TLS of one that was accepted, and tell the protocol of it.

    Raises:
        OSError: the peer has gone, was too slow, or cannot agree with us (``ssl.SSLError``).
    """
    loop = asyncio.get_running_loop()
    how: dict[str, Any] = {"ssl": tls, "ssl_handshake_timeout": timeout_s}
    if find_spec("aiofastnet"):
        # Its TLS is quicker than the loops' own; without TLS it only costs memory.
        how |= {"ssl_incoming_bio_size": _BUFFER_BYTES, "ssl_outgoing_bio_size": _BUFFER_BYTES}
        setattr(tls, _WITHOUT_BUFFERS, transport is Transport.PICOWS)
        connect = import_module("aiofastnet").connect_accepted_socket
        await connect(loop, lambda: protocol, connection, **how)
    else:
        await loop.connect_accepted_socket(lambda: protocol, connection, **how)
