"""HTTP/1.1 as the front of the station port speaks it: one request for each connection.

Reading is strict where leniency is known to be exploited (folded lines, odd spaces, two lengths),
and bounded in everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, NamedTuple

from chargeplane.runtime.links.peers import Address, Tls

__all__ = ["Head", "Headers", "HttpFault", "Request", "Response", "parsed_head"]

_REQUEST_LINE = re.compile(r"([A-Z]{1,16}) ([!-~]+) HTTP/1\.([01])")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\x00-\x08\x0a-\x1f\x7f]*)")


class HttpFault(Exception):
    """A request that is answered with an error at once."""

    def __init__(self, status: HTTPStatus, reason: str, headers: Iterable[tuple[str, str]] = ()):
        super().__init__(f"{status.value}: {reason}")
        self.response = Response(status, f"{reason}\n".encode(), headers=tuple(headers))


class Headers:
    """Header fields in their order. Names are compared without regard to case."""

    __slots__ = ("_fields", "_values")

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields: list[tuple[str, str]] = []
        self._values: dict[str, tuple[str, ...]] = {}
        for written, value in fields:
            name = written.lower()
            self._fields.append((name, value))
            before = self._values.get(name)
            self._values[name] = (value,) if before is None else (*before, value)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def get(self, name: str) -> str | None:
        """The first value, or None."""
        values = self._values.get(name.lower())
        return values[0] if values else None

    def all(self, name: str) -> tuple[str, ...]:
        """Each value of a name that may stand there more than once."""
        return self._values.get(name.lower(), ())

    def listed(self, name: str) -> tuple[str, ...]:
        """The parts of a comma-separated field, over all of its lines."""
        values = self._values.get(name.lower())
        if values is None:
            return ()
        return tuple(filter(None, map(str.strip, ",".join(values).split(","))))

    def lists(self, name: str, word: str) -> bool:
        """Whether a word, in small letters, is among the parts of a comma-separated field."""
        values = self._values.get(name.lower(), ())
        return word in [each.strip().lower() for value in values for each in value.split(",")]


class Head(NamedTuple):
    """The request line and the headers."""

    method: str
    target: str
    minor: int
    """0 for HTTP/1.0, 1 for HTTP/1.1."""
    headers: Headers


@dataclass(frozen=True, slots=True)
class Request:
    """A whole plain HTTP request: a SOAP call, or the question for a page."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    peer: Address
    tls: Tls | None
    entrance: Any = None
    """Whatever the port was opened with."""


@dataclass(frozen=True, slots=True)
class Response:
    """What a plain HTTP request is answered."""

    status: HTTPStatus = HTTPStatus.OK
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = field(default=())

    def encoded(self) -> bytes:
        """The bytes for the wire. The connection ends after them."""
        fields = [
            ("Content-Type", self.content_type),
            ("Content-Length", str(len(self.body))),
            ("Connection", "close"),
            *self.headers,
        ]
        return encoded_head(f"HTTP/1.1 {self.status.value} {self.status.phrase}", fields) + (
            self.body
        )


def encoded_head(first_line: str, fields: Iterable[tuple[str, str]]) -> bytes:
    """A head for the wire.

    Raises:
        ValueError: if a name or a value would break out of its line.
    """
    lines = [first_line]
    for name, value in fields:
        if not _TOKEN.fullmatch(name) or _CONTROL.search(value):
            raise ValueError(f"header {name!r} cannot be sent")
        lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def parsed_head(raw: bytes, headers_max: int) -> Head:
    """A request head, given without its empty line.

    Raises:
        HttpFault: if it is malformed or has too many headers.
    """
    first_line, *lines = raw.decode("latin-1").split("\r\n")
    match = _REQUEST_LINE.fullmatch(first_line)
    if match is None:
        raise HttpFault(HTTPStatus.BAD_REQUEST, "malformed request line")
    method, target, minor = match.groups()
    return Head(method, target, int(minor), parsed_fields(lines, headers_max))


def parsed_fields(lines: list[str], headers_max: int) -> Headers:
    """Header lines.

    Raises:
        HttpFault: if one is malformed, or there are too many.
    """
    if len(lines) > headers_max:
        raise HttpFault(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "too many headers")
    fields = []
    for line in lines:
        match = _FIELD.fullmatch(line)
        if match is None:
            raise HttpFault(HTTPStatus.BAD_REQUEST, "malformed header")
        name, value = match.groups()
        fields.append((name, value.strip(" \t")))
    return Headers(fields)
