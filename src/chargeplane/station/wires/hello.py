"""A TLS handshake that ends after its first word."""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import urlsplit

__all__ = ["say_hello"]

_PORT = 443


async def say_hello(url: str, timeout_s: float) -> None:
    """Send a ClientHello, hear what the server says to it, and be gone without an alert.

    Raises:
        OSError: nobody listens there, or nothing came in time.
        ValueError: the address has no host.
    """
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError(f"{url!r} is no address of a central system")
    async with asyncio.timeout(timeout_s):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port or _PORT)
        try:
            writer.write(_hello(parts.hostname))
            await reader.read(1)
        finally:
            writer.transport.abort()


def _hello(host: str) -> bytes:
    said = ssl.MemoryBIO()
    half = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), said, server_hostname=host)
    try:
        half.do_handshake()
    except ssl.SSLWantReadError:  # it waits for the server, which is as far as this goes
        return said.read()
    raise AssertionError("nobody can finish a handshake alone")
