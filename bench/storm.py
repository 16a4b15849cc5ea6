"""A fleet that comes back at once: connect, boot and report a status, durable before each answer.

Then the same stations stay, idle: what they cost in memory, with compression negotiated and not.
The server has the first processor, the load the other one. Linux only.
"""

from __future__ import annotations

import resource
import select
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from bench.path.load import admitted, dial, masked
from bench.path.servers import Server

STATIONS = 10_000
AT_ONCE = 500
"""Stations that are on their way at one time."""
FEW = 200
GOAL_CPU_S, GOAL_KIB = 8, 30
DEFLATE = "permessage-deflate; client_no_context_takeover; server_no_context_takeover"
BOOT = (
    '[2,"b","BootNotification",{"reason":"PowerUp",'
    '"chargingStation":{"model":"Wallbox 22","vendorName":"Acme","firmwareVersion":"1.0.7"}}]'
)
STATUS = (
    '[2,"s","StatusNotification",{"timestamp":"2026-11-21T12:00:00Z",'
    '"connectorStatus":"Available","evseId":1,"connectorId":1}]'
)


def run() -> Iterator[str]:
    """All lines of this benchmark."""
    _raise_open_files()
    yield (
        f"{STATIONS:,} stations connect, boot and report, each durable before its answer "
        f"(goal {GOAL_CPU_S} s of processor time), and stay (goal {GOAL_KIB} KiB each)"
    )
    for name, extensions in {"plain": None, "compression negotiated": DEFLATE}.items():
        with Server("ours", STATIONS) as server:
            fleet = _come(server, range(FEW), extensions)
            before_kib, cpu_s, start = _memory_kib(server), server.cpu_s(), time.perf_counter()
            fleet += _come(server, range(FEW, STATIONS), extensions)
            took_s, cpu_s = time.perf_counter() - start, server.cpu_s() - cpu_s
            time.sleep(2)  # what is written later, and what is freed
            each_kib = (_memory_kib(server) - before_kib) / (STATIONS - FEW)
            yield (
                f"  {name:<24} {took_s:>5.1f} s by the clock   {cpu_s:>5.1f} s of processor time   "
                f"{each_kib:>5.1f} KiB for each idle one"
            )
            for connection in fleet:
                connection.close()


def _come(server: Server, stations: range, extensions: str | None) -> list[socket.socket]:
    """Connect, boot and report, some stations at a time; an error ends the benchmark."""
    fleet = []
    for first in range(stations.start, stations.stop, AT_ONCE):
        some = [
            dial(server.port, number, extensions)
            for number in range(first, min(first + AT_ONCE, stations.stop))
        ]
        for connection in some:
            admitted(connection)
        for text in (BOOT, STATUS):
            _ask(some, text)
        fleet += some
    return fleet


def _ask(connections: list[socket.socket], text: str) -> None:
    frame = masked(text.encode())
    poll = select.epoll()
    waiting = {connection.fileno(): connection for connection in connections}
    for connection in connections:
        poll.register(connection, select.EPOLLIN)
        connection.sendall(frame)
    while waiting:
        for number, _ in poll.poll(10.0):
            answer = waiting.pop(number).recv(4_096)
            poll.unregister(number)
            if b'[3,"' not in answer:
                raise RuntimeError(f"{text} was answered with {answer!r}")
    poll.close()


def _memory_kib(server: Server) -> int:
    rollup = Path(f"/proc/{server.pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))


def _raise_open_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
