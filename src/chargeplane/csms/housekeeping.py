"""Housekeeping: what is kept for a while only is deleted, a little at a time.

Frames are for looking back, and there are many. Events in the outbox are done with when every
reader has them. Neither may hold up the writer, so each step deletes a bounded number of rows and
others get their turn in between.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import Connection

from chargeplane.csms.preferences import PreferencesOf, defaults
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Function, Store, StoreError, frames, outbox, tenants

__all__ = ["Housekeeping", "Retention"]

_log = logging.getLogger(__name__)
STEP_ROWS_MAX = 1_000


@dataclass(frozen=True)
class Retention:
    """How long what is kept that no tenant chooses; ``preferences`` have the rest."""

    events_for: timedelta = timedelta(days=2)
    pause_s: float = 300.0
    """Between two rounds."""


class Housekeeping:
    """Goes round from time to time."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        retention: Retention | None = None,
        preferences: PreferencesOf = defaults,
    ) -> None:
        self._store = store
        self._preferences = preferences
        self._clock = clock
        self._retention = retention or Retention()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._clock.sleep(self._retention.pause_s)
            try:
                deleted = await self.once()
            except StoreError as error:
                _log.warning("housekeeping is put off: %s", error)
            else:
                if deleted:
                    _log.info("housekeeping: %d old rows deleted", deleted)

    async def once(self) -> int:
        """One round over all tenants; how many rows are gone."""
        deleted = 0
        for tenant_id in await self._store.read(tenants.known):
            deleted += await self._events(tenant_id)
            station_id: str | None = ""
            while (
                station_id := await self._store.read(
                    partial(frames.next_station, tenant_id=tenant_id, after=station_id or "")
                )
            ) is not None:
                deleted += await self._frames(tenant_id, station_id)
        return deleted

    async def _events(self, tenant_id: UUID) -> int:
        before = self._clock.now() - self._retention.events_for
        return await self._steps(
            partial(outbox.prune, tenant_id=tenant_id, before=before, step_max=STEP_ROWS_MAX)
        )

    async def _frames(self, tenant_id: UUID, station_id: str) -> int:
        wanted = self._preferences(tenant_id)
        look = partial(
            frames.overdue,
            tenant_id=tenant_id,
            station_id=station_id,
            before=self._clock.now() - timedelta(days=wanted.frames_kept_days),
            keep_max=wanted.frames_kept_max,
        )
        newest = await self._store.read(look)
        if newest is None:
            return 0
        prune = partial(frames.prune, tenant_id=tenant_id, station_id=station_id, newest=newest)
        return await self._steps(partial(prune, step_max=STEP_ROWS_MAX))

    async def _steps(self, step: Callable[[Connection], int]) -> int:
        deleted = 0
        while count := await self._store.write(Function(step)):
            deleted += count
            if count < STEP_ROWS_MAX:
                break
        return deleted
