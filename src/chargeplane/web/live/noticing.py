"""Changes over REST: no event tells of most of them, so the pages of the tenant are read again."""

from __future__ import annotations

from litestar.types import Message, Scope

from chargeplane.runtime.rest import Principal
from chargeplane.web.live.hub import Hub

__all__ = ["Noticing"]

_CHANGING = frozenset({"DELETE", "PATCH", "POST", "PUT"})
_GOOD = range(200, 300)


class Noticing:
    """Called with everything that goes out; tells the hub of every change that was made."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def __call__(self, message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start" or message["status"] not in _GOOD:
            return
        principal = scope.get("user")
        if scope.get("method") in _CHANGING and isinstance(principal, Principal):
            self._hub.changed(principal.tenant_id)
