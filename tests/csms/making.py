"""Stations and messages for the tests of blocks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from chargeplane.csms.contract import Decision, Handler, Heard, Registration, Station
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Request
from chargeplane.runtime.store import Rows, Store, new_id, tenants

TENANT_ID = tenants.DEFAULT_TENANT_ID
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def make_tenant(connection: Connection) -> None:
    tenants.ensure(connection, TENANT_ID, "the only one", NOW)


def station(version: Version = Version.V2_1, id_: str = "CP1", **facts: Any) -> Station:
    """One that is accepted."""
    return Station(TENANT_ID, id_, version, registration=Registration.ACCEPTED, **facts)


def heard(station: Station, request: Request, at: datetime = NOW) -> Heard:
    """A request of a station."""
    return Heard(station, request, new_id(), at)


async def decided(handler: Handler, heard: Heard) -> Decision:
    """What a handler says, whether at once or later."""
    found = handler(heard)
    return found if isinstance(found, Decision) else await found


async def kept(store: Store, decision: Decision) -> Decision:
    """Make a decision durable, as the gateway does."""
    await store.write(Rows(tuple(decision.rows)))
    if decision.kept is not None:
        decision.kept()
    return decision
