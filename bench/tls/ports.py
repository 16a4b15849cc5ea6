"""The ports that are compared: ``python -m bench.tls.ports FOLDER KIND TICKETS``."""

from __future__ import annotations

import asyncio
import ssl
import sys
from pathlib import Path
from typing import Any, cast

from picows import (
    WSListener,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from bench.tls.pki import certificates_in, trusted_in
from chargeplane.runtime.links import (
    Accept,
    Attempt,
    Ending,
    Link,
    Listener,
    ListenerSettings,
    Transport,
    new_event_loop,
    raise_open_files_max,
    server_context,
)
from chargeplane.runtime.process import tune

ANSWER = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


class _Silent:
    def received(self, text: str) -> None:
        pass

    def closed(self, ending: Ending) -> None:
        pass


class _Bare(asyncio.Protocol):
    """No more than TLS: whatever comes is answered 101."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # of uvloop

    def data_received(self, data: bytes) -> None:
        self._transport.write(ANSWER)


async def _admit(attempt: Attempt) -> Accept:
    return Accept(attempt.identity or "")


def _opened(link: Link) -> _Silent:
    return _Silent()


def _upgraded(_request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
    response = WSUpgradeResponse.create_101_response({"Sec-WebSocket-Protocol": "ocpp2.0.1"})
    return WSUpgradeResponseWithListener(response, WSListener())


async def _listening(kind: str, context: ssl.SSLContext) -> int:
    where: tuple[str, int] = ("127.0.0.1", 0)
    if kind == "ours":
        listener = Listener(
            _admit, _opened, settings=ListenerSettings(), transport=Transport.PICOWS
        )
        return await listener.listen(*where, context)
    server: Any
    if kind == "picows":
        server = await ws_create_server(
            _upgraded, *where, ssl=context, backlog=4_096, read_buffer_init_size=2_048
        )
    else:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(_Bare, *where, ssl=context, backlog=4_096)
    return int(server.sockets[0].getsockname()[1])


async def _serve(folder: Path, kind: str, tickets: str) -> None:
    raise_open_files_max()
    context = server_context(certificates_in(folder), trusted=trusted_in(folder))
    if tickets:
        context.num_tickets = int(tickets)
    port = await _listening(kind, context)
    tune()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
