"""Who asks: a bearer token, or the cookie of a browser. Every route but the public ones asks.

A browser adds its cookie to whatever any page sends, so a change by cookie needs the token against
forgery too, and its ``Origin`` must be ours. A bearer token is added by nobody unasked and needs
neither. Whoever is limited to some sites is not let near what is elsewhere (``Routes.places``).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send
from sqlalchemy import Connection as Database

from chargeplane.runtime.access import Alarms, Policy, cookies
from chargeplane.runtime.access.sessions import csrf_token
from chargeplane.runtime.rest import Authenticate, Place, Principal, Problem
from chargeplane.runtime.store import Store

__all__ = ["GUARDED", "Authentication", "is_same_origin"]

GUARDED = {"guarded": True}
"""``opt`` of the routes that need a principal, unless one says that it is public."""

HEADER_CHARACTERS_MAX = 1_000
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

Connection = ASGIConnection[Any, Any, Any, Any]


class Authentication(ASGIMiddleware):
    """Finds out who asks, before the body is read. Answers 401 to nobody known."""

    scopes = (ScopeType.HTTP, ScopeType.WEBSOCKET)

    def __init__(
        self,
        authenticate: Authenticate,
        policy: Policy,
        places: Mapping[str, Place],
        store: Store,
        alarms: Alarms | None = None,
    ) -> None:
        """``places``: whether what a path parameter names is at one of some sites."""
        self._alarms = alarms
        self._authenticate = authenticate
        self._policy = policy
        self._places = places
        self._store = store

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        opt = scope["route_handler"].opt
        if not opt.get("guarded") or opt.get("public"):
            await next_app(scope, receive, send)
            return
        connection: Connection = ASGIConnection(scope)
        token = _bearer(connection)
        scope["auth"] = "bearer"
        if token is None:
            token = await self._cookie(connection, scope)
            scope["auth"] = "cookie"
        principal = await self._authenticate(token)
        if principal is None:
            await self._tell("wrong_token", connection)
            raise Problem.unauthenticated("the token is unknown, revoked or expired")
        if principal.sites is not None:
            await self._keep_to_sites(principal, scope)
        scope["user"] = principal
        await next_app(scope, receive, send)

    async def _cookie(self, connection: Connection, scope: Scope) -> str:
        """The token in the cookie, if this request may use it."""
        token = cookies.read(self._policy, connection.cookies)
        if token is None or not 0 < len(token) <= HEADER_CHARACTERS_MAX:
            raise Problem.unauthenticated("send Authorization: Bearer and a token")
        method = str(scope.get("method", "GET"))
        if method in _SAFE and scope["type"] != ScopeType.WEBSOCKET:
            return token
        if not is_same_origin(connection, self._policy):
            await self._tell("forged_request", connection)
            raise Problem.forbidden("this request comes from a page of somebody else")
        if method not in _SAFE:
            given = connection.headers.get(cookies.CSRF_HEADER, "")
            if not hmac.compare_digest(given.encode(), csrf_token(token).encode()):
                await self._tell("forged_request", connection)
                raise Problem.forbidden(
                    f"with a cookie, a change needs {cookies.CSRF_HEADER}; GET /api/v1/me tells it"
                )
        return token

    async def _tell(self, kind: str, connection: Connection) -> None:
        if self._alarms is not None:
            peer = connection.client.host if connection.client else ""
            caller = self._policy.caller(peer, connection.headers)
            await self._alarms.tell(kind, caller.source)

    async def _keep_to_sites(self, principal: Principal, scope: Scope) -> None:
        asked = [
            (self._places[name], name, value)
            for name, value in scope["path_params"].items()
            if name in self._places
        ]
        tenant_id, sites = principal.tenant_id, principal.sites or frozenset()

        def elsewhere(connection: Database) -> tuple[str, object] | None:
            for place, name, value in asked:
                if not place(connection, tenant_id, value, sites):
                    return name, value
            return None

        if asked and (found := await self._store.read(elsewhere)):
            raise Problem.not_found(found[0].removesuffix("_id"), found[1])


def _bearer(connection: Connection) -> str | None:
    """The token of the header; None if there is no such header."""
    header = connection.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not 0 < len(token) <= HEADER_CHARACTERS_MAX:
        raise Problem.unauthenticated("only Authorization: Bearer is understood")
    return token


def is_same_origin(connection: Connection, policy: Policy) -> bool:
    """Whether a browser says that a page of ours sends this. Programs say nothing, and may."""
    origin = connection.headers.get("Origin")
    if origin is None:
        return connection.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
    return origin == policy.origin or urlsplit(origin).netloc == connection.headers.get("Host")
