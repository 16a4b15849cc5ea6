"""Critical security events are in the audit log too, among what people do: a chain, for ever.

The table of events is bounded and forgets; whoever attacks could push out of it what it says of
him. The log takes a bounded number, so that nobody can fill it either.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

import msgspec

from chargeplane.csms.security.tables import CRITICAL
from chargeplane.domain.events import Event, SecurityEventNoted
from chargeplane.runtime.audit.chain import Entry, append
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Function, Store, StoreError

__all__ = ["Trail"]

_log = logging.getLogger(__name__)
ENTRIES_MAX: Final = 100
"""Within ``EVERY``, of all stations together; what is beyond is in the table of events alone."""
EVERY: Final = timedelta(hours=1)
DETAIL_CHARACTERS_MAX: Final = 200


class Trail:
    """A listener of the bus."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._since = clock.now()
        self._count = 0

    def hear(self, event: Event) -> Awaitable[None] | None:
        """Keep a critical event. Told twice, it is kept once."""
        if not isinstance(event, SecurityEventNoted) or event.severity != CRITICAL:
            return None
        now = self._clock.now()
        if now - self._since > EVERY:
            self._since, self._count = now, 0
        self._count += 1
        return self._keep(event) if self._count <= ENTRIES_MAX else None

    async def _keep(self, event: SecurityEventNoted) -> None:
        try:
            await self._store.write(Function(partial(append, entry=_entry(event))))
        except StoreError as error:
            _log.warning("a security event is not in the audit log: %s", error)


def _entry(event: SecurityEventNoted) -> Entry:
    is_reported = event.origin == "station"
    details = {
        "type": event.type,
        "detail": (event.detail or "")[:DETAIL_CHARACTERS_MAX],
        "occurrences": event.occurrences,
    }
    return Entry(
        tenant_id=UUID(event.tenant_id),
        seq=0,
        id=UUID(event.event_id),
        at=event.received_at,
        actor_kind="station" if is_reported else "system",
        actor_id=event.station_id if is_reported else "",
        actor_name=event.station_id if is_reported else "chargeplane",
        source=event.remote_host or "",
        action="security_event",
        target=f"stations/{event.station_id}",
        reason="",
        details=msgspec.json.encode(details).decode(),
        previous="",
        digest="",
    )
