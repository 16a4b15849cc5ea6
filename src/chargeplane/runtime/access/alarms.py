"""Signs of an attack on people: failed log-ins, wrong tokens, forged requests, in the audit log.

They come from strangers, who must not be able to fill it: of one kind and source there is an entry
every ten minutes at the most, and one a minute of all together once sixty are said. An entry tells
how many were left out since the one before.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Connection

from chargeplane.runtime.access.attempts import Attempts
from chargeplane.runtime.access.credentials import NAME_CHARACTERS_MAX
from chargeplane.runtime.audit import Actor, Note
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Function, Store, StoreError, tenants

__all__ = ["ENTRIES_MAX", "Alarms"]

_log = logging.getLogger(__name__)

ENTRIES_MAX = 60
"""At once; then one a minute."""
_EVERY_S = 600.0
"""Of one kind and source."""


@dataclass
class Alarms:
    """Writes alarms of strangers. The tenant is the one that was attacked, as far as it is told."""

    store: Store
    clock: Clock
    left_out: int = 0
    _of_sources: Attempts = field(
        default_factory=lambda: Attempts(failures_max=1, forgiven_after_s=_EVERY_S)
    )
    _of_all: Attempts = field(
        default_factory=lambda: Attempts(failures_max=ENTRIES_MAX, forgiven_after_s=60.0)
    )

    async def tell(
        self,
        kind: str,
        source: str,
        name: str = "",
        tenant_id: UUID = tenants.DEFAULT_TENANT_ID,
    ) -> None:
        """Write an entry, unless there have been enough.

        Args:
            kind: what happened, such as ``log_in_failed``; the action of the entry.
            source: the address that it came from.
            name: whom somebody claimed to be.
            tenant_id: of the account. Of a tenant that does not exist nothing is written.
        """
        now_s, key = self.clock.monotonic_s(), f"{kind} {source}"
        is_enough = self._of_sources.wait_s(key, now_s) or self._of_all.wait_s("", now_s)
        if is_enough or self.store.health.trouble is not None:
            self.left_out += 1
            return
        self._of_sources.failed(key, now_s)
        self._of_all.failed("", now_s)
        details = {"left_out": self.left_out}
        self.left_out = 0
        actor = Actor(tenant_id, "nobody", "", name[:NAME_CHARACTERS_MAX], source)
        note = Note(actor, kind, "", self.clock.now(), details=details)

        def work(connection: Connection) -> None:
            if tenants.exists(connection, tenant_id):
                note.write(connection)

        try:
            await self.store.write(Function(work))
        except StoreError as error:
            _log.warning("%s from %s is not in the audit log: %s", kind, source, error)
