"""The central system as the package ``ocpp`` shows it in its example: validated, and not stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import websockets
from ocpp.routing import on
from ocpp.v201 import ChargePoint, call_result
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as listen

from bench.path.servers import Serving, serve


class Station(ChargePoint):  # type: ignore[misc]
    """One station."""

    @on("TransactionEvent")  # type: ignore[untyped-decorator]
    def on_transaction_event(self, **_: Any) -> call_result.TransactionEvent:
        return call_result.TransactionEvent()


async def start(_stations: int, _folder: Path) -> Serving:
    """Whoever dials is a station."""

    async def connected(connection: ServerConnection) -> None:
        assert connection.request is not None
        try:
            await Station(connection.request.path.strip("/"), connection).start()
        except websockets.ConnectionClosed:
            return

    server = await listen(
        connected, "127.0.0.1", 0, subprotocols=[websockets.Subprotocol("ocpp2.0.1")]
    )
    return Serving(int(next(iter(server.sockets)).getsockname()[1]), lambda: 0)


if __name__ == "__main__":
    serve(start)
