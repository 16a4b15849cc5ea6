"""Writes down who changes what: every request that is no mere look leaves one entry.

What the request writes to the database carries the entry in the same transaction. A request that
writes nothing there, such as a command to a station, gets its entry when it has succeeded.
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from litestar.connection import Request
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from chargeplane.runtime.access import Policy
from chargeplane.runtime.audit import Actor, Note, noted
from chargeplane.runtime.audit.noting import without_secrets
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest import Principal
from chargeplane.runtime.store import Function, Store, StoreError

__all__ = ["REASON_HEADER", "Auditing"]

_log = logging.getLogger(__name__)

REASON_HEADER = "X-Reason"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FILE = "application/octet-stream"

AnyRequest = Request[Any, Any, Any]


class Auditing(ASGIMiddleware):
    """Looks at every change by somebody known."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, store: Store, clock: Clock, policy: Policy, prefix: str) -> None:
        self._store = store
        self._clock = clock
        self._policy = policy
        self._prefix = prefix

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if scope.get("method") in _SAFE or "user" not in scope:
            await next_app(scope, receive, send)
            return
        status = 0

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status < 400 and not note.is_carried:
                    await self._write(note)
            await send(message)

        with noted(await self._note(Request(scope, receive))) as note:
            await next_app(scope, receive, seen)

    async def _note(self, request: AnyRequest) -> Note:
        principal: Principal = request.user
        peer = request.client.host if request.client else ""
        actor = Actor(
            principal.tenant_id,
            "user" if principal.is_user else "token",
            str(principal.id),
            principal.name,
            self._policy.caller(peer, request.headers).source,
        )
        handler: Any = request.scope["route_handler"]
        return Note(
            actor,
            handler.fn.__name__,
            request.url.path.removeprefix(self._prefix).strip("/"),
            self._clock.now(),
            request.headers.get(REASON_HEADER, ""),
            without_secrets(await _body(request)),
        )

    async def _write(self, note: Note) -> None:
        try:
            await self._store.write(Function(lambda connection: None))
        except StoreError as error:
            # What was done cannot be undone; that nobody wrote it down must not stay unseen.
            _log.error("%s by %s is not in the audit log: %s", note.action, note.actor.name, error)


async def _body(request: AnyRequest) -> object:
    if request.content_type[0] == _FILE:
        return None  # it may be large, and says nothing that people could read
    try:
        return msgspec.json.decode(await request.body())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None  # the handler will say so
