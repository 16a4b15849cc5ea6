"""The routes of this block in an application, asked by an HTTP client without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import httpx
import pytest

from chargeplane.csms.contract import NotConnected
from chargeplane.csms.provisioning import block
from chargeplane.csms.provisioning.history import actor
from chargeplane.domain.commands import Accepted, Command, Outcome
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.rest import Principal
from chargeplane.runtime.store import Function, Store, tenants
from chargeplane.runtime.telemetry import Metrics
from chargeplane.web import Parts, create_app
from tests.csms.making import NOW, TENANT_ID

OTHER_TENANT_ID = UUID("00000000-0000-7000-8000-00000000000b")
ALL = frozenset({"*:read", "*:write", "*:command"})
TOKENS = {
    "operator": (TENANT_ID, ALL),
    "viewer": (TENANT_ID, frozenset({"*:read"})),
    "stranger": (OTHER_TENANT_ID, ALL),
}


@dataclass
class World:
    """What the block is told of stations, and what it has asked for."""

    store: Store
    connected: set[tuple[UUID, str]] = field(default_factory=set)
    disconnected: list[str] = field(default_factory=list)
    sent: list[tuple[UUID, str, Command]] = field(default_factory=list)
    actors: list[str | None] = field(default_factory=list)
    outcome: Outcome = field(default_factory=Accepted)
    is_gone: bool = False
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    @property
    def operator(self) -> httpx.AsyncClient:
        return self.clients["operator"]

    async def send(self, tenant_id: UUID, station_id: str, command: Command) -> Outcome:
        self.sent.append((tenant_id, station_id, command))
        self.actors.append(actor())
        if self.is_gone:
            raise NotConnected
        return self.outcome


async def authenticate(token: str) -> Principal | None:
    found = TOKENS.get(token)
    return found and Principal(found[0], uuid5(NAMESPACE_URL, token), token, token, found[1])


@pytest.fixture
async def world(sqlite_store: Store) -> AsyncIterator[World]:
    """With two tenants, and three who may ask."""
    clock = SimulatedClock(NOW)
    await sqlite_store.write(
        Function(lambda c: tenants.ensure(c, OTHER_TENANT_ID, "another one", NOW))
    )
    world = World(sqlite_store)
    offered = block(
        sqlite_store,
        clock,
        is_connected=lambda tenant_id, station_id: (tenant_id, station_id) in world.connected,
        send=world.send,
        disconnect=lambda tenant_id, station_id: world.disconnected.append(station_id),
    )
    app: Any = create_app(
        Parts(sqlite_store, clock, Metrics(), authenticate, [*offered.routes], "0.0")
    )
    for token in TOKENS:
        world.clients[token] = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app),
            base_url="http://testserver/api/v1",
            headers={"Authorization": f"Bearer {token}"},
        )
    yield world
    for client in world.clients.values():
        await client.aclose()
