"""TLS handshakes: what the port for stations adds to the bare transport, and what costs so much.

Each server runs in a process of its own, with the same certificates and suites; the load comes from
this one. What counts is upgrades for each second of the server's processor time, with and without a
client certificate, and with a session that is resumed. Linux only.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import cast

from chargeplane.runtime.links import (
    Accept,
    Attempt,
    Ending,
    Link,
    Listener,
    ServerCertificate,
    Transport,
    client_context,
    new_event_loop,
    server_context,
)
from chargeplane.runtime.pki import Authority, KeyKind, Purpose, der_of, new_key, pem_of_key

ROUNDS = 3
HANDSHAKES = 250
HELD = 300
REQUEST = (
    b"GET /ocpp/CP1 HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
)
ANSWER = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
LIFE = timedelta(days=30)
KINDS = KeyKind.P256, KeyKind.RSA2048


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


async def _serve(kind: str, folder: Path) -> None:
    certificates = [ServerCertificate(folder / f"{k}.pem", folder / f"{k}.key") for k in KINDS]
    context = server_context(certificates, trusted=[(folder / "root.der").read_bytes()])
    if kind == "ours":
        port = await Listener(_admit, _opened, transport=Transport.PICOWS).listen(
            "127.0.0.1", 0, context
        )
    else:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(_Bare, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


class _Served:
    """A server process."""

    def __init__(self, kind: str, folder: Path) -> None:
        command = [sys.executable, "-m", "bench.tls", kind, str(folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_kb(self) -> int:
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.partition("VmRSS:")[2].split()[0])

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def _dial(port: int, context: ssl.SSLContext, session: ssl.SSLSession | None) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", port))
    secured = context.wrap_socket(plain, server_hostname="localhost", session=session)
    secured.sendall(REQUEST)
    head = secured.recv(4_096)
    assert b" 101 " in head, head
    return secured


def _rate(served: _Served, context: ssl.SSLContext, *, resumes: bool) -> float:
    """Upgrades for each second of the server's processor time."""
    session, resumed = None, 0
    if resumes:
        with _dial(served.port, context, None) as first:
            session = first.session
    start_s = served.cpu_s()
    for _ in range(HANDSHAKES):
        with _dial(served.port, context, session) as each:
            resumed += bool(each.session_reused)
            session = each.session if resumes else None
    assert resumed == (HANDSHAKES if resumes else 0), resumed
    return HANDSHAKES / max(served.cpu_s() - start_s, 0.01)


def _held_kb(served: _Served, context: ssl.SSLContext) -> float:
    """Memory of the server for each connection."""
    before = served.rss_kb()
    held = [_dial(served.port, context, None) for _ in range(HELD)]
    grown = served.rss_kb() - before
    for each in held:
        each.close()
    return grown / HELD


def _prepare(folder: Path) -> dict[str, ssl.SSLContext]:
    """The certificates of a port, and what stations dial with."""
    now = datetime.now(UTC)
    root = Authority.new("root", KeyKind.P256, now, 2 * LIFE)
    trusted = [der_of(root.certificate)]
    (folder / "root.der").write_bytes(trusted[0])
    issuer = root.sub("stations", KeyKind.P256, now, LIFE)
    for name, kind in (*((str(kind), kind) for kind in KINDS), ("station", KeyKind.P256)):
        key = new_key(kind)
        purpose = Purpose.STATION if name == "station" else Purpose.SERVER
        issued = issuer.issue(
            key.public_key(), "localhost", purpose, now, LIFE, names=("localhost",)
        )
        (folder / f"{name}.pem").write_bytes(issued.pem)
        (folder / f"{name}.key").write_bytes(pem_of_key(key))
    own = ServerCertificate(folder / "station.pem", folder / "station.key")
    return {"TLS": client_context(trusted), "mTLS": client_context(trusted, own)}


def run() -> Iterator[str]:
    """The lines of the report."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        contexts = _prepare(folder)
        servers = {kind: _Served(kind, folder) for kind in ("ours", "bare")}
        try:
            for what, context in contexts.items():
                for resumes in (False, True):
                    pairs = [
                        [_rate(each, context, resumes=resumes) for each in servers.values()]
                        for _ in range(ROUNDS)
                    ]
                    ours, bare = (median(pair[n] for pair in pairs) for n in (0, 1))
                    ratio = median(pair[0] / pair[1] for pair in pairs)
                    title = f"{what}{', resumed' if resumes else ''}"
                    yield (
                        f"  {title:<16} {ours:>7,.0f}/s   bare {bare:>7,.0f}/s   ratio {ratio:5.2f}"
                    )
            for what, context in contexts.items():
                kb = [_held_kb(each, context) for each in servers.values()]
                yield f"  {what + ', held':<16} {kb[0]:>7,.0f} kB   bare {kb[1]:>7,.0f} kB"
        finally:
            for each in servers.values():
                each.stop()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(sys.argv[1], Path(sys.argv[2])))
