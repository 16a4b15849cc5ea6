"""Files do not stay for ever: the oldest go, and those beyond what a station may have here.

Files that no row names go too: those of a tenant that was removed, and what a crash has left.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from itertools import islice
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
STRAY_AFTER_S: Final = 86_400.0
"""A file that is younger may be on its way: its row comes when it is complete."""

Named = Callable[[Connection, UUID, list[str]], set[str]]
"""Which of some names of files are in rows of a tenant."""


class Tidying:
    """Goes round from time to time."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        folder: Path,
        kept: tuple[Path, Named] | None = None,
        *,
        kept_for: timedelta = KEPT_FOR,
        station_bytes_max: int = STATION_BYTES_MAX,
    ) -> None:
        """``folder``: of the transfers; ``kept``: of the shelf, and who names what lies there."""
        self._store = store
        self._clock = clock
        self._folder = folder
        self._folders = [(folder, tables.named), *([kept] if kept else [])]
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
        """One round over all tenants; how many addresses are gone, with their files, and strays."""
        before, count = self._clock.now() - self._kept_for, 0
        for tenant_id in await self._store.read(tenants.known):
            old = partial(tables.forget_old, tenant_id=tenant_id, before=before)
            heavy = partial(tables.forget_heavy, tenant_id=tenant_id, bytes_max=self._bytes_max)
            for forget in (old, heavy):
                count += await self._forgotten(partial(forget, step_max=STEP_ROWS_MAX))
        for folder, named in self._folders:
            count += await self._swept(folder, named)
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

    async def _swept(self, folder: Path, named: Named) -> int:
        """Delete what no row of any tenant names; how many files."""
        count, files = 0, _old_files(folder, self._clock.now().timestamp() - STRAY_AFTER_S)
        while step := await asyncio.to_thread(lambda: list(islice(files, STEP_ROWS_MAX))):
            names = [path.name for path in step]

            def look(connection: Connection, names: list[str] = names) -> set[str]:
                known = [named(connection, each, names) for each in tenants.known(connection)]
                return set().union(*known)

            known = await self._store.read(look)
            for path in step:
                if path.name not in known:
                    await asyncio.to_thread(path.unlink, missing_ok=True)
                    count += 1
        return count


def _old_files(folder: Path, before_s: float) -> Iterator[Path]:
    if not folder.is_dir():
        return
    with os.scandir(folder) as found:
        for each in found:
            if each.is_file(follow_symlinks=False) and each.stat().st_mtime < before_s:
                yield Path(each.path)
