"""The overview, put together; each part is as old as it may be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import Connection

from chargeplane.csms.figures import Coming, CountActive, Day, ReadComing, ReadDay
from chargeplane.csms.overview import reading
from chargeplane.csms.overview.flows import Flows
from chargeplane.csms.overview.reading import Now
from chargeplane.csms.pulse import Pulse
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Store

__all__ = ["COMING_MAX", "DAY_S_MAX", "NOW_S_MAX", "Overview"]

NOW_S_MAX: Final = 2.0
DAY_S_MAX: Final = 60.0
"""So old these parts may be."""
COMING_MAX: Final = 50

T = TypeVar("T")


class Overview:
    """Knows how a tenant is doing."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        pulse: Pulse,
        is_connected: Callable[[UUID, str], bool],
        read_day: ReadDay,
        count_active: CountActive,
        read_coming: Sequence[ReadComing] = (),
    ) -> None:
        """``read_coming``: those who know of something that will happen."""
        self._store = store
        self._clock = clock
        self._is_connected = is_connected
        self._read_day = read_day
        self._count_active = count_active
        self._read_coming = tuple(read_coming)
        self._pulse = pulse
        self.flows = Flows(store, pulse)
        """What flows at single stations."""
        self._kept: dict[tuple[UUID, str], tuple[float, Any]] = {}

    def power_w(self, tenant_id: UUID) -> float:
        """What flows now."""
        return self._pulse.totals(tenant_id).power_w

    async def now(self, tenant_id: UUID, age_s_max: float = NOW_S_MAX) -> Now:
        """Who is here and what is wrong."""
        look = partial(
            reading.now,
            tenant_id=tenant_id,
            is_connected=partial(self._is_connected, tenant_id),
        )
        return await self._recent(tenant_id, "now", age_s_max, partial(self._store.read, look))

    async def active_count(self, tenant_id: UUID, age_s_max: float = NOW_S_MAX) -> int:
        """Sessions that go on."""

        def look(connection: Connection) -> int:
            return self._count_active(connection, tenant_id)

        return await self._recent(tenant_id, "active", age_s_max, partial(self._store.read, look))

    async def day(self, tenant_id: UUID) -> tuple[Day, tuple[Coming, ...]]:
        """The last 24 hours, and what comes."""
        at = self._clock.now()

        def look(connection: Connection) -> tuple[Day, tuple[Coming, ...]]:
            day = self._read_day(connection, tenant_id, at)
            return day, self._coming(connection, tenant_id, at)

        return await self._recent(tenant_id, "day", DAY_S_MAX, partial(self._store.read, look))

    def _coming(self, connection: Connection, tenant_id: UUID, at: datetime) -> tuple[Coming, ...]:
        found = [each for read in self._read_coming for each in read(connection, tenant_id, at)]
        return tuple(sorted(found)[:COMING_MAX])

    async def _recent(
        self, tenant_id: UUID, part: str, age_s_max: float, read: Callable[[], Awaitable[T]]
    ) -> T:
        key, now_s = (tenant_id, part), self._clock.monotonic_s()
        kept = self._kept.get(key)
        if kept is not None and now_s - kept[0] < age_s_max:
            known: T = kept[1]
            return known
        found = await read()
        self._kept[key] = (now_s, found)
        return found
