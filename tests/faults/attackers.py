"""Somebody who dials with whatever he has, on a raw socket, and reads what he is told."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from datetime import UTC, datetime
from time import perf_counter
from typing import NamedTuple

from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.runtime.passwords import Passwords
from chargeplane.runtime.store import Settings
from chargeplane.runtime.store.migrating import connected
from tests.faults.ledgers import TENANT_ID, furnish

__all__ = ["CUT", "Told", "basic", "dial", "fill", "password_of"]

CUT = "cut off"


class Told(NamedTuple):
    """An answer as a stranger sees it."""

    head: str
    """Status line and headers; ``CUT`` if there was none."""
    body: str
    took_s: float

    @property
    def is_upgraded(self) -> bool:
        return " 101 " in self.head.partition("\r\n")[0]

    @property
    def status(self) -> int:
        return 0 if self.head == CUT else int(self.head.split(" ", 2)[1])


def basic(name: str, password: bytes) -> str:
    """A header."""
    return f"Authorization: Basic {b64encode(name.encode() + b':' + password).decode()}"


async def dial(
    port: int,
    identity: str,
    *headers: str,
    source: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
) -> Told:
    """Ask for a WebSocket; the connection is thrown away."""
    lines = (
        f"GET /ocpp/{identity} HTTP/1.1",
        "Host: localhost",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol: ocpp2.0.1",
        *headers,
    )
    start_s = perf_counter()
    answer = b""
    writer: asyncio.StreamWriter | None = None
    try:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1",
            port,
            ssl=tls,
            server_hostname="localhost" if tls else None,
            local_addr=(source, 0),
        )
        writer.write("\r\n".join((*lines, "", "")).encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in answer.partition(b"\r\n")[0]:
            answer += await reader.read(65_536)
    except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
        answer = CUT.encode()
    finally:
        if writer is not None:
            writer.transport.abort()
    head, _, body = answer.decode().partition("\r\n\r\n")
    return Told(head, body, perf_counter() - start_s)


def password_of(number: int) -> bytes:
    """Of a station."""
    return b"the-right-one-of-%04d" % number


def fill(settings: Settings, count: int) -> None:
    """Stations of all profiles that ask for anything."""
    furnish(settings, [])
    passwords, now = Passwords(), datetime.now(UTC)
    with connected(settings) as connection:
        for number in range(count):
            hashed = passwords.hashed(password_of(number))
            profile = 1 + number % 3
            known = Known(TENANT_ID, f"CP{number}", profile, hashed, Registration.ACCEPTED, 0)
            register(connection, known, now)
