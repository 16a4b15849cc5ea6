"""Tokens in the table, and who uses them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from chargeplane.csms.authorization import Authorizer, tables
from chargeplane.csms.authorization.tables import Token
from chargeplane.csms.preferences import Preferences, UnknownTokens
from chargeplane.domain.tokens import IdToken, TokenStatus
from chargeplane.runtime.clock import Clock, SimulatedClock
from chargeplane.runtime.store import Function, Store
from tests.csms.making import NOW, TENANT_ID

__all__ = ["Active", "add", "authorizer", "found", "token"]

TOKEN = Token(
    key="abc",
    value="ABC",
    type="ISO14443",
    status=TokenStatus.ACCEPTED,
    group_id=None,
    expires_at=None,
    transactions_max=1,
    station_ids=None,
    note=None,
    created_at=NOW - timedelta(days=1),
    first_seen_at=None,
    last_seen_at=None,
    last_seen_station_id=None,
)


def token(**facts: Any) -> Token:
    """An accepted token ``ABC``, but for these facts."""
    return TOKEN._replace(**facts)


class Active:
    """How many transactions are active with a token: as many as the test says."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.asked: list[tuple[str, str] | None] = []

    async def __call__(
        self, tenant_id: UUID, id_token: IdToken, besides: tuple[str, str] | None = None
    ) -> int:
        self.asked.append(besides)
        return self.counts.get(id_token.key, 0)


def authorizer(
    store: Store,
    active: Active | None = None,
    unknown: UnknownTokens = UnknownTokens.REJECT,
    clock: Clock | None = None,
) -> Authorizer:
    wanted = Preferences(unknown_tokens=unknown)
    return Authorizer(
        store, clock or SimulatedClock(NOW), active or Active(), lambda tenant_id: wanted
    )


async def add(store: Store, one: Token = TOKEN) -> None:
    values = {**one._asdict(), "status": str(one.status)}
    await store.write(Function(lambda connection: tables.add(connection, TENANT_ID, values)))


async def found(store: Store, key: str = "abc") -> Token | None:
    def look(connection: Connection) -> Token | None:
        return tables.find(connection, TENANT_ID, key)

    return await store.read(look)
