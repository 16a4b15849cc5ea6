"""Which stations have an open update: thousands may boot at once, and few of them have one."""

from __future__ import annotations

from functools import partial
from typing import Final
from uuid import UUID

from chargeplane.csms.firmware import tables
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Store, tenants

__all__ = ["AWAITED_MAX", "Awaiting"]

AWAITED_MAX: Final = 20_000
"""Known at a time; if there are more, every station is looked up."""


class Awaiting:
    """Answers at once, and never no where an update is open."""

    def __init__(self, store: Store, clock: Clock, awaited_max: int = AWAITED_MAX) -> None:
        """Nothing is known before ``reload``, and then every station may have an update."""
        self._store = store
        self._clock = clock
        self._awaited_max = awaited_max
        self._known: set[tuple[UUID, str]] | None = None
        self._added: set[tuple[UUID, str]] = set()

    def add(self, tenant_id: UUID, station_id: str) -> None:
        """A station has a new update."""
        self._added.add((tenant_id, station_id))

    def has(self, tenant_id: UUID, station_id: str) -> bool:
        """Whether a station may have an update that is not over."""
        key = tenant_id, station_id
        return self._known is None or key in self._known or key in self._added

    async def reload(self) -> None:
        """Read it again; what is added meanwhile stays."""
        added, self._added = self._added, set()
        known = set(added)
        # Until it is read, those that were added before must still be found.
        self._known = None if self._known is None else self._known | added
        for tenant_id in await self._store.read(tenants.known):
            look = partial(
                tables.awaited,
                tenant_id=tenant_id,
                now=self._clock.now(),
                count_max=self._awaited_max + 1,
            )
            known |= {(tenant_id, each) for each in await self._store.read(look)}
        self._known = known if len(known) <= self._awaited_max else None
