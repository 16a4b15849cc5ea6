"""The tenants of an installation: closing one, opening it again, removing it.

Closing is what an operator wants who gives up: nobody gets in from that moment, and everything is
still there. Removing is for what nobody has to show any more; see ``store.tenants``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from uuid import UUID

from sqlalchemy import Connection

from chargeplane.runtime.access import tables
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Function, Store, tenants
from chargeplane.runtime.store.tenants import Content, Tenant

__all__ = ["FirstTenant", "Tenants"]

_log = logging.getLogger(__name__)


class FirstTenant(Exception):
    """Its administrators look after the installation: it is neither closed nor removed."""


class Tenants:
    """What is done with a tenant as a whole."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """On a store; what has links of a tenant's stations adds itself to ``on_closed``."""
        self._store = store
        self._clock = clock
        self.on_closed: list[Callable[[UUID], None]] = []
        """Called after a tenant was closed."""

    async def close(self, tenant_id: UUID) -> Tenant | None:
        """Let nobody in any more; None: there is no such tenant. All sessions end for good.

        Raises:
            FirstTenant: it is that one.
        """
        _refuse_first(tenant_id)
        now = self._clock.now()

        def work(connection: Connection) -> Tenant | None:
            tables.end_all_sessions(connection, tenant_id)
            return tenants.set_closed(connection, tenant_id, now)

        found = await self._store.write(Function(work))
        if found is not None:
            _log.info("tenant closed", extra={"tenant": str(tenant_id)})
            for cut in self.on_closed:
                cut(tenant_id)
        return found

    async def reopen(self, tenant_id: UUID) -> Tenant | None:
        """Let people, programs and stations in again; None: there is no such tenant."""
        work = partial(tenants.set_closed, tenant_id=tenant_id, at=None)
        return await self._store.write(Function(work))

    async def find(self, tenant_id: UUID) -> Tenant | None:
        """The tenant of an id."""
        return await self._store.read(partial(tenants.find, tenant_id=tenant_id))

    async def contents(self, tenant_id: UUID) -> list[Content]:
        """How many rows it has, by table."""
        return await self._store.read(partial(tenants.contents, tenant_id=tenant_id))

    async def remove(self, tenant_id: UUID) -> bool:
        """Delete a closed tenant with all its rows; False: something stands in the way.

        Raises:
            FirstTenant: it is that one.
        """
        _refuse_first(tenant_id)
        return await self._store.write(Function(partial(tenants.remove, tenant_id=tenant_id)))


def _refuse_first(tenant_id: UUID) -> None:
    if tenant_id == tenants.DEFAULT_TENANT_ID:
        raise FirstTenant("the first tenant looks after the others, so it stays")
