"""Bearer tokens: every route but the public ones needs one that somebody owns."""

from __future__ import annotations

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from chargeplane.runtime.rest import Authenticate, Problem

__all__ = ["GUARDED", "Authentication"]

GUARDED = {"guarded": True}
"""``opt`` of the routes that need a token, unless one says that it is public."""

HEADER_CHARACTERS_MAX = 1_000


class Authentication(ASGIMiddleware):
    """Finds out who asks, before the body is read. Answers 401 to nobody known."""

    scopes = (ScopeType.HTTP, ScopeType.WEBSOCKET)

    def __init__(self, authenticate: Authenticate) -> None:
        self._authenticate = authenticate

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        opt = scope["route_handler"].opt
        if not opt.get("guarded") or opt.get("public"):
            await next_app(scope, receive, send)
            return
        header = Headers.from_scope(scope).get("Authorization")
        if header is None:
            raise Problem.unauthenticated("send Authorization: Bearer and a token")
        scheme, _, token = header.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not 0 < len(token) <= HEADER_CHARACTERS_MAX:
            raise Problem.unauthenticated("only Authorization: Bearer is understood")
        principal = await self._authenticate(token)
        if principal is None:
            raise Problem.unauthenticated("the token is unknown, revoked or expired")
        scope["user"] = principal
        scope["auth"] = "bearer"
        await next_app(scope, receive, send)
