"""Headers of every answer, errors included: what a browser must not do with it."""

from __future__ import annotations

from litestar.types import Message, Scope

from chargeplane.runtime.telemetry import Metrics

__all__ = ["SECURITY_HEADERS", "Outgoing"]

SECURITY_HEADERS: dict[bytes, bytes] = {
    b"content-security-policy": (
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
}
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_NOT_KEPT = (b"cache-control", b"no-store")


class Outgoing:
    """Called with everything that goes out: adds the headers and counts the answers."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def __call__(self, message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = list(message["headers"])
        there = {name.lower() for name, _ in headers}
        headers += [each for each in SECURITY_HEADERS.items() if each[0] not in there]
        if b"cache-control" not in there:
            headers.append(_NOT_KEPT)
        message["headers"] = headers
        method = str(scope.get("method"))
        method = method if method in _METHODS else "other"
        self._metrics.http_requests.of(method, str(message["status"])).add()
