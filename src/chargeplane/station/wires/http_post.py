"""One HTTP POST for each connection, which is all that OCPP-S needs of HTTP."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

__all__ = ["HttpAnswer", "HttpFailed", "http_post"]

ANSWER_BYTES_MAX = 1_048_576


class HttpFailed(Exception):
    """There was no HTTP answer."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back."""

    status: int
    body: bytes
    content_encoding: str | None


async def http_post(
    url: str,
    body: bytes,
    headers: Iterable[tuple[str, str]],
    *,
    timeout_s: float,
    tls: ssl.SSLContext | None = None,
) -> HttpAnswer:
    """Post and read the answer.

    Raises:
        HttpFailed: nobody answers in time, or not with HTTP.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [
        f"POST {target} HTTP/1.1",
        f"Host: {parts.netloc.rpartition('@')[2]}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in headers),
    ]
    context = (tls or ssl.create_default_context()) if secure else None
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=context)
            try:
                writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
                await writer.drain()
                return _parsed(await _all(reader))
            finally:
                writer.close()
    except (OSError, TimeoutError) as error:
        raise HttpFailed(str(error) or type(error).__name__) from error


async def _all(reader: asyncio.StreamReader) -> bytes:
    data = bytearray()
    while part := await reader.read(65_536):
        data += part
        if len(data) > ANSWER_BYTES_MAX:
            raise HttpFailed("the answer is too long")
    return bytes(data)


def _parsed(data: bytes) -> HttpAnswer:
    head, empty, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    protocol, _, rest = first.partition(" ")
    status = rest[:3]
    if not empty or not protocol.startswith("HTTP/1.") or not status.isdecimal():
        raise HttpFailed("the answer is no HTTP")
    fields = {}
    for each in lines:
        name, _, value = each.partition(":")
        fields[name.strip().lower()] = value.strip()
    if "chunked" in fields.get("transfer-encoding", "").lower():
        body = _unchunked(body)
    return HttpAnswer(int(status), body, fields.get("content-encoding"))


def _unchunked(body: bytes) -> bytes:
    whole = bytearray()
    while body:
        size, _, body = body.partition(b"\r\n")
        try:
            length = int(size.partition(b";")[0], 16)
        except ValueError as error:
            raise HttpFailed("a chunk has no length") from error
        if length == 0:
            break
        whole += body[:length]
        body = body[length + 2 :]
    return bytes(whole)
