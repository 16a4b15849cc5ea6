"""The overview, put together; each part is as old as it may be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import Connection

from chargeplane.csms.figures import (
    COMING_MAX,
    Alert,
    Coming,
    CountActive,
    Day,
    ReadAlerts,
    ReadComing,
    ReadDay,
)
from chargeplane.csms.overview import reading
from chargeplane.csms.overview.flows import Flows
from chargeplane.csms.overview.reading import Now
from chargeplane.csms.pulse import Pulse
from chargeplane.domain.events import (
    Event,
    FirmwareStatusChanged,
    ReservationChanged,
    SecurityEventNoted,
)
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest import Sites
from chargeplane.runtime.store import Store

__all__ = ["COMING_S_MAX", "DAY_S_MAX", "HEARD", "KEPT_MAX", "NOW_S_MAX", "Overview"]

NOW_S_MAX: Final = 2.0
COMING_S_MAX: Final = 15.0
DAY_S_MAX: Final = 60.0
"""So old these parts may be."""
KEPT_MAX: Final = 1_000
"""Parts that are kept, of all tenants and all who are limited to some sites."""


_COMING: Final = "coming"
_ALERTS: Final = "alerts"
_CHANGED_BY: Final[dict[type[Event], str]] = {
    ReservationChanged: _COMING,
    FirmwareStatusChanged: _COMING,
    SecurityEventNoted: _ALERTS,
}
HEARD: Final = tuple(_CHANGED_BY)
"""What changes what comes, or what alerts: it is read anew then, and told to those who look."""

_Part = tuple[UUID, str, Sites]
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
        read_alerts: ReadAlerts = lambda *_: [],
    ) -> None:
        """``read_coming``: those who know of something that will happen."""
        self._store = store
        self._clock = clock
        self._is_connected = is_connected
        self._read_day = read_day
        self._count_active = count_active
        self._read_coming = tuple(read_coming)
        self._read_alerts = read_alerts
        self._pulse = pulse
        self.flows = Flows(store, pulse)
        """What flows at single stations."""
        self._kept: dict[_Part, tuple[float, Any]] = {}

    def power_w(self, tenant_id: UUID, now: Now, sites: Sites = None) -> float:
        """What flows now, at the sites that ``now`` was read for."""
        if sites is None:
            return self._pulse.totals(tenant_id).power_w
        each_w = (self._pulse.power_w(tenant_id, station_id) or 0.0 for station_id in now.ids)
        return round(sum(each_w), 1)

    async def now(self, tenant_id: UUID, age_s_max: float = NOW_S_MAX, sites: Sites = None) -> Now:
        """Who is here and what is wrong, at some sites."""
        look = partial(
            reading.now,
            tenant_id=tenant_id,
            is_connected=partial(self._is_connected, tenant_id),
            sites=sites,
        )
        read = partial(self._store.read, look)
        return await self._recent((tenant_id, "now", sites), age_s_max, read)

    async def active_count(
        self, tenant_id: UUID, age_s_max: float = NOW_S_MAX, sites: Sites = None
    ) -> int:
        """Sessions that go on, at some sites."""

        def look(connection: Connection) -> int:
            return self._count_active(connection, tenant_id, sites)

        read = partial(self._store.read, look)
        return await self._recent((tenant_id, "active", sites), age_s_max, read)

    async def day(self, tenant_id: UUID, sites: Sites = None) -> Day:
        """The last 24 hours, at some sites."""
        at = self._clock.now()

        def look(connection: Connection) -> Day:
            return self._read_day(connection, tenant_id, at, sites)

        read = partial(self._store.read, look)
        return await self._recent((tenant_id, "day", sites), DAY_S_MAX, read)

    async def coming(self, tenant_id: UUID, sites: Sites = None) -> tuple[Coming, ...]:
        """What comes next, as far as it is known to be at some sites; the next first."""
        at = self._clock.now()

        def look(connection: Connection) -> tuple[Coming, ...]:
            found = [
                each
                for read in self._read_coming
                for each in read(connection, tenant_id, at, sites)
            ]
            return tuple(sorted(found, key=_by_time)[:COMING_MAX])

        read = partial(self._store.read, look)
        return await self._recent((tenant_id, _COMING, sites), COMING_S_MAX, read)

    async def alerts(self, tenant_id: UUID, sites: Sites = None) -> list[Alert]:
        """What alerted in the last 24 hours, at some sites; the latest first."""
        at = self._clock.now()

        def look(connection: Connection) -> list[Alert]:
            return self._read_alerts(connection, tenant_id, at, sites)

        read = partial(self._store.read, look)
        return await self._recent((tenant_id, _ALERTS, sites), COMING_S_MAX, read)

    def hear(self, event: Event) -> None:
        """A part has changed: it is read anew. A listener of the bus."""
        changed = UUID(event.tenant_id), _CHANGED_BY[type(event)]
        for key in [each for each in self._kept if each[:2] == changed]:
            del self._kept[key]

    async def _recent(self, key: _Part, age_s_max: float, read: Callable[[], Awaitable[T]]) -> T:
        now_s = self._clock.monotonic_s()
        kept = self._kept.get(key)
        if kept is not None and now_s - kept[0] < age_s_max:
            known: T = kept[1]
            return known
        found = await read()
        self._kept.pop(key, None)
        self._kept[key] = (now_s, found)
        if len(self._kept) > KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        return found


def _by_time(coming: Coming) -> tuple[datetime, str, str]:
    return coming.at, coming.kind, coming.subject
