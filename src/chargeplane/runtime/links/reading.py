"""Reads one request, head and body, from an intake; everything bounded."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from chargeplane.runtime.links.heads import Head, Headers, HttpFault, parsed_head
from chargeplane.runtime.links.intake import Intake, IntakeFull
from chargeplane.runtime.links.settings import ListenerSettings

__all__ = ["read_body", "read_head"]

_DIGITS = re.compile(r"[0-9]{1,12}")
_HEX_DIGITS = re.compile(rb"[0-9A-Fa-f]{1,8}")
_CHUNK_LINE_BYTES_MAX = 256


async def read_head(intake: Intake, settings: ListenerSettings) -> Head:
    """The request line and headers.

    Raises:
        HttpFault: if they are malformed or too long.
        IntakeEnded: if the peer ended first.
    """
    try:
        raw = await intake.until(b"\r\n\r\n", settings.head_bytes_max)
    except IntakeFull:
        raise HttpFault(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the request head is too long"
        ) from None
    return parsed_head(raw, settings.headers_max)


async def read_body(
    intake: Intake, headers: Headers, bytes_max: int, go_ahead: Callable[[], None]
) -> bytes:
    """The body, of a known length or in chunks. ``go_ahead`` says 100 to a peer that asks.

    Raises:
        HttpFault: if it is malformed or too long.
        IntakeEnded: if the peer ended first.
    """
    read = _body_reader(intake, headers, bytes_max)
    if (headers.get("Expect") or "").lower() == "100-continue":
        go_ahead()
    return await read()


def _body_reader(
    intake: Intake, headers: Headers, bytes_max: int
) -> Callable[[], Awaitable[bytes]]:
    codings = headers.listed("Transfer-Encoding")
    lengths = set(headers.listed("Content-Length"))
    if codings:
        # RFC 9112 6.3: both at once is how requests are smuggled past a proxy.
        if lengths or [each.lower() for each in codings] != ["chunked"]:
            raise HttpFault(HTTPStatus.BAD_REQUEST, "unclear body length")
        return lambda: _chunks(intake, bytes_max)
    if len(lengths) != 1:
        status = HTTPStatus.BAD_REQUEST if lengths else HTTPStatus.LENGTH_REQUIRED
        raise HttpFault(status, "unclear body length")
    (length,) = lengths
    if not _DIGITS.fullmatch(length):
        raise HttpFault(HTTPStatus.BAD_REQUEST, "malformed Content-Length")
    if int(length) > bytes_max:
        raise HttpFault(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too long")
    return lambda: intake.exactly(int(length))


async def _chunks(intake: Intake, bytes_max: int) -> bytes:
    body = bytearray()
    try:
        while True:
            line = await intake.until(b"\r\n", _CHUNK_LINE_BYTES_MAX)
            digits = line.partition(b";")[0].strip()
            if not _HEX_DIGITS.fullmatch(digits):
                raise HttpFault(HTTPStatus.BAD_REQUEST, "malformed chunk")
            size_bytes = int(digits, 16)
            if len(body) + size_bytes > bytes_max:
                raise HttpFault(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too long")
            if size_bytes == 0:
                # Trailers are allowed; nobody sends any, and we would not read them.
                if await intake.until(b"\r\n", _CHUNK_LINE_BYTES_MAX):
                    raise HttpFault(HTTPStatus.BAD_REQUEST, "trailers are not taken")
                return bytes(body)
            body += await intake.exactly(size_bytes)
            if await intake.exactly(2) != b"\r\n":
                raise HttpFault(HTTPStatus.BAD_REQUEST, "malformed chunk")
    except IntakeFull:
        raise HttpFault(HTTPStatus.BAD_REQUEST, "malformed chunk") from None
