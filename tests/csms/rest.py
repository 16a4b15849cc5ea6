"""The REST interface of some blocks, without a socket."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
from litestar import Litestar

from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.rest import Principal, Routes
from chargeplane.runtime.store import Store
from chargeplane.runtime.telemetry import Metrics
from chargeplane.web.app import Parts, create_app
from tests.csms.making import TENANT_ID

__all__ = ["application", "client"]


async def _authenticate(token: str) -> Principal | None:
    """The token is the role.

    ``operator`` may do everything but administer, ``limited`` is one of the site ``north``, and
    ``viewer`` may read.
    """
    runs = {"*:read", "*:write", "*:command"}
    grants = {"admin": {*runs, "*:admin"}, "operator": runs, "limited": runs, "viewer": {"*:read"}}
    if token not in grants:
        return None
    sites = frozenset({"north"}) if token == "limited" else None
    return Principal(TENANT_ID, UUID(int=1), token, token, frozenset(grants[token]), sites=sites)


def application(store: Store, *routes: Routes) -> Litestar:
    """These routes, for a client or a server."""
    return create_app(Parts(store, SystemClock(), Metrics(), _authenticate, routes, "0.0.0"))


def client(store: Store, *routes: Routes, role: str = "operator") -> httpx.AsyncClient:
    """A client of these routes with a token, in the loop of the store."""
    app: Any = application(store, *routes)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://testserver/api/v1",
        headers={"Authorization": f"Bearer {role}"},
    )
