"""Stations that dial a TLS port, many at a time, from one thread."""

from __future__ import annotations

import base64
import select
import socket
import ssl
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.path.load import PASSWORD, masked
from bench.tls.pki import trusted_in
from chargeplane.runtime.links import ServerCertificate, client_context

__all__ = ["AT_ONCE", "Secured", "Steps", "both", "come", "dialled"]

AT_ONCE = 50
"""Stations that are on their way at one time."""
TIMEOUT_S = 60.0
SOURCES = 20

Steps = Iterator[None]
"""What one station does; it stops where it has to wait for the server."""


class Secured:
    """How stations dial."""

    def __init__(self, folder: Path, *, mutual: bool) -> None:
        own = ServerCertificate(folder / "station.pem", folder / "station.key")
        self.context = client_context(trusted_in(folder), own if mutual else None)
        self.context.check_hostname = False  # who the server is does not matter here
        self.context.verify_mode = ssl.CERT_NONE
        self.is_mutual = mutual
        self.session: ssl.SSLSession | None = None
        """What is resumed."""


def both(folder: Path) -> Iterator[tuple[str, Secured]]:
    """The two security profiles with TLS, and what they are called in a report."""
    yield "TLS", Secured(folder, mutual=False)
    yield "mutual TLS", Secured(folder, mutual=True)


def come(
    port: int, secured: Secured, numbers: Iterable[int], said: tuple[str, ...] = ()
) -> list[ssl.SSLSocket]:
    """Connect, and say some things one after the other; an error ends the benchmark."""
    stations = []
    waiting: dict[int, Steps] = {}
    poll = select.epoll()
    for number in numbers:
        station = dialled(port, number, secured)
        stations.append(station)
        waiting[station.fileno()] = _steps(station, number, secured, said)
        poll.register(station, select.EPOLLIN)
        _step(station.fileno(), poll, waiting)
        while len(waiting) >= AT_ONCE:
            _go_on(poll, waiting)
    while waiting:
        _go_on(poll, waiting)
    poll.close()
    return stations


def _go_on(poll: select.epoll, waiting: dict[int, Steps]) -> None:
    ready = poll.poll(TIMEOUT_S)
    if not ready:
        raise RuntimeError(f"{len(waiting)} stations wait for an answer")
    for number, _ in ready:
        _step(number, poll, waiting)


def _step(number: int, poll: select.epoll, waiting: dict[int, Steps]) -> None:
    if next(waiting[number], StopIteration) is StopIteration:
        del waiting[number]
        poll.unregister(number)


def dialled(port: int, number: int, secured: Secured) -> ssl.SSLSocket:
    """A connection whose handshake has not begun."""
    plain = socket.socket()
    plain.bind((f"127.0.0.{2 + number % SOURCES}", 0))
    plain.connect(("127.0.0.1", port))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    plain.setblocking(False)
    return secured.context.wrap_socket(
        plain,
        server_hostname="localhost",
        session=secured.session,
        do_handshake_on_connect=False,
    )


def _steps(station: ssl.SSLSocket, number: int, secured: Secured, said: tuple[str, ...]) -> Steps:
    while True:
        try:
            station.do_handshake()
            break
        except ssl.SSLWantReadError:
            yield
    yield from _asked(station, _request(number, secured), b"\r\n\r\n", b" 101 ")
    for text in said:
        yield from _asked(station, masked(text.encode()), b"]", b'[3,"')


def _asked(station: ssl.SSLSocket, question: bytes, end: bytes, wanted: bytes) -> Steps:
    station.send(question)
    answer = b""
    while not answer.endswith(end):
        try:
            more = station.recv(4_096)
        except ssl.SSLWantReadError:
            yield
            continue
        if not more:
            raise RuntimeError(f"{question!r} was answered with the end after {answer!r}")
        answer += more
    if wanted not in answer:
        raise RuntimeError(f"{question!r} was answered with {answer!r}")


def _request(number: int, secured: Secured) -> bytes:
    name = f"CP{number:06d}"
    request = (
        f"GET /ocpp/{name} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Protocol: ocpp2.0.1\r\n"
    )
    if not secured.is_mutual:
        credentials = base64.b64encode(f"{name}:{PASSWORD}".encode()).decode()
        request += f"Authorization: Basic {credentials}\r\n"
    return f"{request}\r\n".encode()
