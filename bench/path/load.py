"""Stations as a load: each has one TransactionEvent on its way at any time."""

from __future__ import annotations

import base64
import os
import select
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.path.servers import Server

PASSWORD = "correct horse battery"
WARM_UP_S = 1.0
_SOURCES = 20  # loopback addresses that the stations come from


@dataclass(frozen=True)
class Figures:
    """What a round found."""

    per_s: float
    per_cpu_s: float
    p50_ms: float
    p99_ms: float
    per_commit: float


def event(station: int, seq_no: int) -> bytes:
    """The frame of one TransactionEvent: 2.0.1, about 480 bytes, masked with nothing."""
    kind, trigger = ("Started", "Authorized") if seq_no == 0 else ("Updated", "MeterValuePeriodic")
    token = b',"idToken":{"idToken":"DEADBEEF","type":"ISO14443"}' if seq_no == 0 else b""
    minute, second = divmod(seq_no, 60)
    hour, minute = divmod(minute, 60)
    day, hour = divmod(hour, 24)
    at = b"2026-11-%02dT%02d:%02d:%02dZ" % (1 + day, hour, minute, second)
    context = b"Transaction.Begin" if seq_no == 0 else b"Sample.Periodic"
    text = (
        b'[2,"%d-%d","TransactionEvent",{"eventType":"%s","timestamp":"%s","triggerReason":"%s",'
        b'"seqNo":%d,"transactionInfo":{"transactionId":"tx-%06d","chargingState":"Charging"},'
        b'"evse":{"id":1,"connectorId":1}%s,"meterValue":[{"timestamp":"%s","sampledValue":['
        b'{"value":%d,"context":"%s","measurand":"Energy.Active.Import.Register",'
        b'"location":"Outlet","unitOfMeasure":{"unit":"Wh"}}]}]}]'
        % (
            station, seq_no, kind.encode(), at, trigger.encode(), seq_no, station, token, at,
            1_000_000 + 3 * seq_no, context,
        )
    )  # fmt: skip
    return masked(text)


def masked(text: bytes) -> bytes:
    """A frame of a client, masked with a key of zeros."""
    length = len(text)
    size = bytes([0x80 | length]) if length < 126 else b"\xfe" + length.to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + text


def connect(port: int, station: int, extensions: str | None = None) -> socket.socket:
    """A station that has shaken hands."""
    connection = dial(port, station, extensions)
    admitted(connection)
    return connection


def dial(port: int, station: int, extensions: str | None = None) -> socket.socket:
    """A station that has sent its handshake."""
    name = f"CP{station:06d}"
    credentials = base64.b64encode(f"{name}:{PASSWORD}".encode()).decode()
    request = (
        f"GET /ocpp/{name} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Protocol: ocpp2.0.1\r\nAuthorization: Basic {credentials}\r\n"
    )
    request += f"Sec-WebSocket-Extensions: {extensions}\r\n\r\n" if extensions else "\r\n"
    source = (f"127.0.0.{2 + station % _SOURCES}", 0)
    connection = socket.create_connection(("127.0.0.1", port), source_address=source)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(request.encode())
    return connection


def admitted(connection: socket.socket) -> None:
    """Wait for the answer to the handshake."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    if b" 101 " not in head:
        raise RuntimeError(head.decode())


def load(server: Server, stations: int, duration_s: float) -> Figures:
    """Let the stations talk, and measure after a while."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    links = {}
    poll = select.epoll()
    for station in range(stations):
        connection = connect(server.port, station)
        links[connection.fileno()] = (connection, station)
        poll.register(connection, select.EPOLLIN)
    seq_nos = [0] * stations
    sent_at = [0.0] * stations
    for connection, station in links.values():
        sent_at[station] = time.perf_counter()
        connection.sendall(event(station, 0))
    took: list[float] = []
    start = time.perf_counter() + WARM_UP_S
    cpu, commits, is_warm = 0.0, 0, False
    while True:
        now = time.perf_counter()
        # Starts look tokens up, and count from then on.
        if not is_warm and now >= start and min(seq_nos) > 1:
            is_warm, start, cpu, commits = True, now, server.cpu_s(), server.commits()
            took.clear()
        if is_warm and now - start >= duration_s:
            break
        for number, _ in poll.poll(0.1):
            connection, station = links[number]
            answer = connection.recv(4_096)
            if not answer or b'"' not in answer or answer[2:4] == b"[4":
                raise RuntimeError(f"station {station} was told {answer!r}")
            now = time.perf_counter()
            took.append(now - sent_at[station])
            seq_nos[station] += 1
            sent_at[station] = now
            connection.sendall(event(station, seq_nos[station]))
    found = figures(server, took, time.perf_counter() - start, cpu, commits)
    for connection, _ in links.values():
        connection.close()
    return found


def figures(
    server: Server, took: list[float], elapsed_s: float, cpu_s: float, commits: int
) -> Figures:
    """What a round found; ``cpu_s`` and ``commits`` are those of the server at its begin."""
    cpu_s, commits = server.cpu_s() - cpu_s, server.commits() - commits
    took.sort()
    return Figures(
        len(took) / elapsed_s,
        len(took) / cpu_s,
        took[len(took) // 2] * 1e3,
        took[int(len(took) * 0.99)] * 1e3,
        len(took) / commits if commits else 0.0,
    )
