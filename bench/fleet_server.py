"""A central system that only answers, for the load of fleets: the frame is split, nothing checked.

Started as ``python -m bench.fleet_server STATIONS FOLDER`` by ``bench.path.servers.Server``.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
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
from chargeplane.runtime.links import new_event_loop, raise_open_files_max

_frame = msgspec.json.Decoder(tuple[int, str, str, msgspec.Raw]).decode
INTERVAL_S = int(os.environ.get("BENCH_HEARTBEAT_S", "60"))
YES = b'{"idTokenInfo":{"status":"Accepted"}}'


class Listener(WSListener):
    """One station."""

    answered = 0
    """By all of them."""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.CLOSE:
            transport.send_close()
            transport.disconnect()
        elif frame.msg_type is WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type is WSMsgType.TEXT:
            _, message_id, action, _ = _frame(frame.get_payload_as_utf8_text())
            Listener.answered += 1
            answer = b'[3,"' + message_id.encode() + b'",' + payload(action) + b"]"
            transport.send(WSMsgType.TEXT, answer)


def payload(action: str) -> bytes:
    """A valid answer of 2.0.1."""
    match action:
        case "Heartbeat":
            return b'{"currentTime":"' + _now() + b'"}'
        case "BootNotification":
            interval = str(INTERVAL_S).encode()
            head = b'{"status":"Accepted","interval":' + interval
            return head + b',"currentTime":"' + _now() + b'"}'
        case "Authorize":
            return YES
    return b"{}"


def _now() -> bytes:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z").encode()


async def start(_stations: int, _folder: Path) -> Serving:
    """Whoever dials is a station."""
    raise_open_files_max()

    def listen(_request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
        response = WSUpgradeResponse.create_101_response({"Sec-WebSocket-Protocol": "ocpp2.0.1"})
        return WSUpgradeResponseWithListener(response, Listener())

    server = await ws_create_server(listen, "127.0.0.1", 0, read_buffer_init_size=2048)
    return Serving(int(server.sockets[0].getsockname()[1]), lambda: Listener.answered)


if __name__ == "__main__":
    serve(start, new_event_loop)
