"""The application in this process, asked by a real HTTP client without a socket between them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from argon2 import PasswordHasher
from litestar import Litestar

from chargeplane.runtime.access import Accounts, Policy, Provider, Role, routes
from chargeplane.runtime.access.credentials import Passwords
from chargeplane.runtime.audit import api as audit_api
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest import Routes
from chargeplane.runtime.secrets import Secrets
from chargeplane.runtime.store import Function, Settings, Store, tenants
from chargeplane.runtime.telemetry import Metrics
from chargeplane.web import Parts, create_app

TENANT_ID = tenants.DEFAULT_TENANT_ID
VERSION = "1.2.3"


@dataclass
class Serving:
    """A running application, and what a test wants of it."""

    app: Litestar
    store: Store
    accounts: Accounts
    metrics: Metrics
    client: httpx.AsyncClient
    """Without a token."""
    admin: httpx.AsyncClient
    operator: httpx.AsyncClient
    viewer: httpx.AsyncClient
    clients: dict[Role, httpx.AsyncClient]
    """One for each role."""
    secrets: Secrets

    def as_(self, token: str) -> httpx.AsyncClient:
        """A client with another token."""
        return _client(self.app, token)


@asynccontextmanager
async def serving(
    settings: Settings,
    clock: Clock,
    blocks: Sequence[Routes] = (),
    policy: Policy | None = None,
    provider: Provider | None = None,
) -> AsyncIterator[Serving]:
    """Serve the accounts and some blocks from a database that has its tables."""
    metrics = Metrics()
    async with Store(settings, on_commit=metrics.committed) as store:
        metrics.watch(store)
        now = clock.now()
        await store.write(Function(lambda c: tenants.ensure(c, TENANT_ID, "default", now)))
        cheap = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        accounts = Accounts(store, clock, cheap, policy)
        secrets = Secrets([bytes(32)])
        offered = [routes(accounts, secrets, provider), audit_api.routes(), *blocks]
        app = create_app(
            Parts(
                store,
                clock,
                metrics,
                accounts.authenticate,
                offered,
                VERSION,
                policy=accounts.sessions.policy,
                alarms=accounts.alarms,
                recognise=accounts.recognise,
            )
        )
        nobody = _client(app, "")
        clients = {}
        for role in Role:
            _, secret = await accounts.add_token(TENANT_ID, role, role)
            clients[role] = _client(app, secret)
        yield Serving(
            app, store, accounts, metrics, nobody,
            clients[Role.ADMIN], clients[Role.OPERATOR], clients[Role.VIEWER], clients, secrets,
        )  # fmt: skip
        for client in (nobody, *clients.values()):
            await client.aclose()


def _client(app: Litestar, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    asgi: Any = app  # the two name the same protocol differently
    transport = httpx.ASGITransport(app=asgi)
    return httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=headers)
