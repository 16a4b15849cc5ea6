"""A root that was renewed goes to the stations that trust the one before (M05).

Each of them gets it once it is connected; who does not take it is asked again a day later. A
station that was added after the renewal has it from the beginning.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from cryptography import x509

from chargeplane.csms.certificates import root_tables
from chargeplane.csms.certificates.issuing import LocalIssuer
from chargeplane.csms.contract import NotConnected, Send
from chargeplane.domain.commands import Accepted, CertificateUse, InstallCertificate, Refused
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.pki import BACKDATED, fingerprint, pem_of
from chargeplane.runtime.store import Function, Store, storable

__all__ = ["RootRollOut"]

_log = logging.getLogger(__name__)
AGAIN_AFTER: Final = timedelta(days=1)
AT_ONCE_MAX: Final = 20


class RootRollOut:
    """Hands a new root out."""

    def __init__(self, store: Store, clock: Clock, send: Send) -> None:
        self._store = store
        self._clock = clock
        self._send = send

    async def sweep(self, tenant_id: UUID, local: LocalIssuer) -> int:
        """Offer the root to the stations of a tenant that wait for it; how many took it."""
        if local.old_root is None:
            return 0
        root, now = local.root, self._clock.now()
        look = partial(
            root_tables.waiting,
            tenant_id=tenant_id,
            fingerprint=fingerprint(root),
            made_at=_made_at(root),
            asked_before=now - AGAIN_AFTER,
        )
        some = asyncio.Semaphore(AT_ONCE_MAX)

        async def offer(station_id: str) -> bool:
            async with some:
                return await self._offer(tenant_id, station_id, root)

        taken = await asyncio.gather(*map(offer, await self._store.read(look)))
        if any(taken):
            _log.info("%d stations have the new root", sum(taken))
        return sum(taken)

    async def _offer(self, tenant_id: UUID, station_id: str, root: x509.Certificate) -> bool:
        command = InstallCertificate(use=CertificateUse.CSMS_ROOT, certificate=pem_of([root]))
        try:
            outcome = await self._send(tenant_id, station_id, command)
        except NotConnected:
            return False
        word = outcome.status if isinstance(outcome, Refused) else type(outcome).__name__
        is_taken = isinstance(outcome, Accepted)
        keep = partial(
            root_tables.keep,
            tenant_id=tenant_id,
            station_id=station_id,
            fingerprint=fingerprint(root),
            state="installed" if is_taken else storable(word),
            now=self._clock.now(),
        )
        await self._store.write(Function(keep))
        return is_taken

    async def waiting_count(self, tenant_id: UUID, local: LocalIssuer) -> int:
        """How many stations of a tenant do not have the newest root yet."""
        if local.old_root is None:
            return 0
        look = partial(
            root_tables.waiting_count,
            tenant_id=tenant_id,
            fingerprint=fingerprint(local.root),
            made_at=_made_at(local.root),
        )
        return await self._store.read(look)


def _made_at(root: x509.Certificate) -> datetime:
    """When it was made, at the latest: certificates know no fractions of seconds."""
    return root.not_valid_before_utc + BACKDATED + timedelta(seconds=1)
