"""Files do not stay for ever: the oldest go, and those beyond what a station may have here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from chargeplane.csms.files import tables
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Function, Store, StoreError, tenants

__all__ = ["KEPT_FOR", "STATION_BYTES_MAX", "Tidying"]

_log = logging.getLogger(__name__)

KEPT_FOR: Final = timedelta(days=90)
"""From the end of an address."""
STATION_BYTES_MAX: Final = 1 << 30
"""Of the files of one station together; the newest stay."""
STEP_ROWS_MAX: Final = 500
PAUSE_S: Final = 3_600.0


class Tidying:
    """Goes round from time to time."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        folder: Path,
        *,
        kept_for: timedelta = KEPT_FOR,
        station_bytes_max: int = STATION_BYTES_MAX,
    ) -> None:
        self._store = store
        self._clock = clock
        self._folder = folder
        self._kept_for = kept_for
        self._bytes_max = station_bytes_max

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                count = await self.once()
            except (StoreError, OSError) as error:
                _log.warning("old files are deleted later: %s", error)
            else:
                if count:
                    _log.info("%d old files of stations are gone", count)
            await self._clock.sleep(PAUSE_S)

    async def once(self) -> int:
        """One round over all tenants; how many addresses are gone, with their files."""
        before, count = self._clock.now() - self._kept_for, 0
        for tenant_id in await self._store.read(tenants.known):
            old = partial(tables.forget_old, tenant_id=tenant_id, before=before)
            heavy = partial(tables.forget_heavy, tenant_id=tenant_id, bytes_max=self._bytes_max)
            for forget in (old, heavy):
                count += await self._forgotten(partial(forget, step_max=STEP_ROWS_MAX))
        return count

    async def _forgotten(self, forget: Callable[[Connection], list[UUID]]) -> int:
        count = 0
        while ids := await self._store.write(Function(forget)):
            for id_ in ids:
                path = self._folder / str(id_)
                await asyncio.to_thread(path.unlink, missing_ok=True)
            count += len(ids)
            if len(ids) < STEP_ROWS_MAX:
                break
        return count
