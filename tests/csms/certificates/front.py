"""One address for the plain and the TLS port, as 1.6 stations have it: they change the scheme."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_HANDSHAKE = b"\x16"
"""The first byte of TLS."""


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def front(plain: int, secure: int) -> AsyncIterator[int]:
    """Its port, while one is inside."""
    open_: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(1)
        port = secure if first == _HANDSHAKE else plain
        from_there, to_there = await asyncio.open_connection("127.0.0.1", port)
        to_there.write(first)
        open_.update((writer, to_there))
        await asyncio.gather(_pump(reader, to_there), _pump(from_there, writer))
        open_.difference_update((writer, to_there))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for each in tuple(open_):
            each.close()
