"""The links against the libraries under them: an echo, and what an idle connection costs.

One message of 239 bytes is on its way for each connection. Each server runs in a process of its
own, the load comes from this one; what counts is messages for each second of the server's processor
time, so that the load generator need not be the faster. Linux only.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median

import websockets.asyncio.server
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

from chargeplane.runtime.links import (
    Accept,
    Attempt,
    Ending,
    Link,
    LinkSettings,
    Listener,
    ListenerSettings,
    Transport,
    new_event_loop,
    raise_open_files_max,
)

ROUNDS = 3
ROUND_S = 1.5
BUSY_CONNECTIONS = 200
IDLE_CONNECTIONS = 2_000
MESSAGE = b'[2,"1","MeterValues",{"x":"' + b"a" * 209 + b'"}]'
# Each key of the mask is 0: the message as it is.
FRAME = bytes((0x81, 0x80 | 126)) + len(MESSAGE).to_bytes(2) + bytes(4) + MESSAGE
REQUEST = (
    b"GET /ocpp/CP1 HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
)


class _Echo:
    def __init__(self, link: Link) -> None:
        self._link = link

    def received(self, text: str) -> None:
        self._link.send(text)

    def closed(self, ending: Ending) -> None:
        pass


async def _admit(attempt: Attempt) -> Accept:
    return Accept(attempt.identity or "")


async def _serve_links(transport: Transport) -> int:
    settings = ListenerSettings(connections_max=raise_open_files_max(), link=LinkSettings())
    listener = Listener(_admit, _Echo, settings=settings, transport=transport)
    return await listener.listen("127.0.0.1", 0)


class _PicowsEcho(WSListener):
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        transport.send(WSMsgType.TEXT, frame.get_payload_as_utf8_text())


async def _serve_picows() -> int:
    server = await ws_create_server(
        lambda _request: _PicowsEcho(), "127.0.0.1", 0, read_buffer_init_size=2048
    )
    return int(server.sockets[0].getsockname()[1])


async def _serve_websockets() -> int:
    async def echo(connection: websockets.asyncio.server.ServerConnection) -> None:
        with suppress(websockets.ConnectionClosed):
            async for message in connection:
                await connection.send(message)

    server = await websockets.asyncio.server.serve(
        echo,
        "127.0.0.1",
        0,
        subprotocols=[websockets.Subprotocol("ocpp1.6")],
    )
    return int(server.sockets[0].getsockname()[1])


SERVERS: dict[str, Callable[[], Awaitable[int]]] = {
    "picows": _serve_picows,
    "links-picows": lambda: _serve_links(Transport.PICOWS),
    "links-websockets": lambda: _serve_links(Transport.WEBSOCKETS),
    "websockets": _serve_websockets,
}


class Server:
    """One of the servers, in a process on the first processor."""

    def __init__(self, name: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.echo", name],
            cwd=Path(__file__).parents[1],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        os.sched_setaffinity(self._process.pid, {min(os.sched_getaffinity(0))})

    def cpu_s(self) -> float:
        fields = self._read("stat").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_bytes(self) -> int:
        (line,) = (
            each for each in self._read("smaps_rollup").splitlines() if each.startswith("Pss:")
        )
        return int(line.split()[1]) * 1024

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self, name: str) -> str:
        return Path(f"/proc/{self._process.pid}/{name}").read_text()


def dialled(port: int) -> socket.socket:
    """A connection after its handshake."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(REQUEST)
    assert b" 101 " in connection.recv(4096)
    return connection


def messages_for_each_cpu_s(server: Server) -> float:
    connections = {
        each.fileno(): each for each in (dialled(server.port) for _ in range(BUSY_CONNECTIONS))
    }
    poll = select.epoll()
    for number, connection in connections.items():
        poll.register(number, select.EPOLLIN)
        connection.sendall(FRAME)
    cpu_s, end_s, count = server.cpu_s(), time.monotonic() + ROUND_S, 0
    while time.monotonic() < end_s:
        for number, _ in poll.poll():
            connections[number].recv(65536)
            connections[number].send(FRAME)
            count += 1
    spent_s = server.cpu_s() - cpu_s
    poll.close()
    for connection in connections.values():
        connection.close()
    return count / spent_s


def idle_bytes(server: Server) -> float:
    """What a connection costs that has sent one message."""
    before_bytes = server.memory_bytes()
    connections = [dialled(server.port) for _ in range(IDLE_CONNECTIONS)]
    for connection in connections:
        connection.sendall(FRAME)
        connection.recv(4096)
    time.sleep(0.5)
    used_bytes = server.memory_bytes() - before_bytes
    for connection in connections:
        connection.close()
    return used_bytes / IDLE_CONNECTIONS


def run() -> Iterator[str]:
    """One line for each server; the ratio is to bare picows, in the same round."""
    raise_open_files_max()
    paces: dict[str, list[float]] = {name: [] for name in SERVERS}
    memory_bytes: dict[str, float] = {}
    for number in range(ROUNDS):
        for name in SERVERS:
            server = Server(name)
            try:
                if number == 0:
                    memory_bytes[name] = idle_bytes(server)
                paces[name].append(messages_for_each_cpu_s(server))
            finally:
                server.stop()
    for name, found in paces.items():
        ratio = median(a / b for a, b in zip(found, paces["picows"], strict=True))
        yield (
            f"  {name:<18} {median(found):>9,.0f} messages/cpu-s   ratio {ratio:5.2f}   "
            f"{memory_bytes[name] / 1024:6.1f} KiB for each idle connection"
        )


async def _main(name: str) -> None:
    sys.stdout.write(f"{await SERVERS[name]()}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_main(sys.argv[1]))
