"""What a server must do at least: decode, commit one row, answer.

Nothing is checked beyond types, nobody is asked who they are, no rule of the protocol is kept.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from pathlib import Path

import msgspec
from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from bench.path.servers import Serving, serve
from chargeplane.ocpp import v201
from chargeplane.runtime.links import new_event_loop

BATCH_MAX = 512
_frame = msgspec.json.Decoder(tuple[int, str, str, msgspec.Raw]).decode
_event = msgspec.json.Decoder(v201.TransactionEventRequest).decode
_INSERT = "INSERT INTO events VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
Item = tuple[WSTransport, str, tuple[str, str, int, str]]


class Writer:
    """Commits what waits together, and has it answered."""

    def __init__(self, path: Path) -> None:
        self.commits = 0
        self.items: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self._path = path
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        database = sqlite3.connect(self._path, isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute(
            "CREATE TABLE events (station TEXT, tx TEXT, seq INTEGER, body TEXT, "
            "PRIMARY KEY (station, tx, seq)) WITHOUT ROWID"
        )
        while True:
            batch = [self.items.get()]
            while len(batch) < BATCH_MAX and not self.items.empty():
                batch.append(self.items.get())
            database.execute("BEGIN IMMEDIATE")
            database.executemany(_INSERT, [row for _, _, row in batch])
            database.execute("COMMIT")
            self.commits += 1
            self._loop.call_soon_threadsafe(self._answer, batch)

    def _answer(self, batch: list[Item]) -> None:
        for transport, message_id, _ in batch:
            transport.send(WSMsgType.TEXT, f'[3,"{message_id}",{{}}]'.encode())


class Listener(WSListener):
    """One station."""

    def __init__(self, name: str, writer: Writer) -> None:
        self._name = name
        self._items = writer.items

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is not WSMsgType.TEXT:
            return
        text = frame.get_payload_as_utf8_text()
        _, message_id, _, payload = _frame(text)
        event = _event(payload)
        row = (self._name, event.transaction_info.transaction_id, event.seq_no, text)
        self._items.put((transport, message_id, row))


async def start(_stations: int, folder: Path) -> Serving:
    """Whoever dials is a station."""
    writer = Writer(folder / "store.db")

    def listen(request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
        name = request.path.rpartition(b"/")[2].decode()
        response = WSUpgradeResponse.create_101_response({"Sec-WebSocket-Protocol": "ocpp2.0.1"})
        return WSUpgradeResponseWithListener(response, Listener(name, writer))

    server = await ws_create_server(listen, "127.0.0.1", 0, read_buffer_init_size=2048)
    return Serving(int(server.sockets[0].getsockname()[1]), lambda: writer.commits)


if __name__ == "__main__":
    serve(start, new_event_loop)
