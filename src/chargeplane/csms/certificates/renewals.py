"""Stations whose certificate has ended, or is still the factory's, get another one.

A00.FR.429, .806 and .807: where an operator allows it, for one station and for a time, it is let in
by such a certificate, but only to renew it. Its boot is answered Pending, it is asked to sign at
once (A02), and everything else is refused until it comes with what it was given.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from cryptography import x509

from chargeplane.csms.certificates import renewal_tables
from chargeplane.csms.certificates.renewal_tables import Allowance
from chargeplane.csms.certificates.service import trigger_of
from chargeplane.csms.contract import NotConnected, Send, Station
from chargeplane.domain.commands import Accepted, TriggerMessage
from chargeplane.domain.events import Event, StationBooted, StationConnected
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.pki import PkiFault, Purpose, from_der, path_to_root
from chargeplane.runtime.store import Function, Store, StoreError, storable, tenants

__all__ = ["HEARD", "LIFE_MAX", "Authorities", "RenewalFault", "Renewals"]

_log = logging.getLogger(__name__)

HEARD: Final = (StationConnected, StationBooted)
LIFE: Final = timedelta(days=1)
LIFE_MAX: Final = timedelta(days=30)
AT_ONCE_MAX: Final = 100
"""Stations that are asked at a time; the others are at their next boot."""
ASKED_MAX: Final = 10_000
AUTHORITIES_S: Final = 60.0
"""So long the authorities are not read again."""

Authorities = Callable[[], Sequence[x509.Certificate]]
"""Who may have issued certificates of stations; raises ``PkiFault`` or ``OSError``."""
Here = Callable[[UUID, str], Station | None]


class RenewalFault(Exception):
    """Why a station is not allowed to. The text is for people."""


class Renewals:
    """Knows who may come so, and has them renew."""

    def __init__(
        self, store: Store, clock: Clock, send: Send, here: Here, authorities: Authorities
    ) -> None:
        """Nobody is allowed until ``load``.

        Args:
            store: with the allowances.
            clock: what time it is.
            send: asks a station.
            here: a station that is connected.
            authorities: certificates of stations lead to one of these, whatever TLS says of times.
        """
        self.store = store
        self.clock = clock
        self._send = send
        self._here = here
        self._authorities = authorities
        self._read: tuple[list[x509.Certificate], float] | None = None
        self._allowed: dict[tuple[UUID, str], Allowance] = {}
        self._asked: OrderedDict[tuple[UUID, str], int] = OrderedDict()
        """The connections that have taken the request to sign, or are being asked."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def load(self) -> None:
        """Know who is allowed."""
        now = self.clock.now()
        for tenant_id in await self.store.read(tenants.known):
            look = partial(renewal_tables.allowances, tenant_id=tenant_id, now=now)
            for each in await self.store.read(look):
                self._allowed[tenant_id, each.station_id] = each

    # What admission asks (``gateway.credentials``) -------------------------------------------

    def names(self, tenant_id: UUID, station_id: str) -> frozenset[str] | None:
        """None: a station may not come so. Else the names that its certificate may bear as well."""
        found = self._allowed.get((tenant_id, station_id))
        if found is None or self.clock.now() >= found.until:
            return None
        return frozenset({found.serial_number} if found.serial_number else ())

    def has_ended(self, certificate: bytes) -> bool | None:
        """Whether a certificate is over; None: it does not count, over or not.

        For ports where TLS does not look at times: those of all authorities are looked at here.
        """
        now = self.clock.now()
        try:
            leaf, authorities = from_der(certificate), self._known()
            path_to_root(leaf, (), authorities, now, leaf_at=min(now, leaf.not_valid_after_utc))
        except (PkiFault, OSError) as error:
            _log.warning("a certificate of a station does not count: %s", error)
            return None
        return leaf.not_valid_after_utc < now

    def _known(self) -> list[x509.Certificate]:
        now_s = self.clock.monotonic_s()
        if self._read is None or now_s - self._read[1] > AUTHORITIES_S:
            self._read = [*self._authorities()], now_s
        return self._read[0]

    # What people say -------------------------------------------------------------------------

    async def listed(self, tenant_id: UUID) -> list[Allowance]:
        """The stations of a tenant that are allowed."""
        now = self.clock.now()
        look = partial(renewal_tables.allowances, tenant_id=tenant_id, now=now)
        return await self.store.read(look)

    async def allow(
        self,
        tenant_id: UUID,
        station_id: str,
        until: datetime | None,
        by: str,
        serial_number: str | None = None,
    ) -> Allowance | None:
        """Let a station come so, until a moment or for a day; None if there is no such station.

        ``serial_number``: the name in its certificate, if it has not reported that itself.

        Raises:
            RenewalFault: it is too late or too far away, or too many stations are allowed.
        """
        now = self.clock.now()
        ends = until or now + LIFE
        if not now < ends <= now + LIFE_MAX:
            raise RenewalFault(f"it ends later than now, and within {LIFE_MAX.days} days")
        serial = storable(serial_number) if serial_number else None
        found = Allowance(tenant_id, storable(station_id), ends, serial, storable(by))
        work = partial(renewal_tables.allow, allowance=found, now=now)
        is_kept = await self.store.write(Function(work))
        if is_kept is None:
            raise RenewalFault(f"more than {renewal_tables.ALLOWED_MAX} stations are allowed")
        if not is_kept:
            return None
        still = {key: each for key, each in self._allowed.items() if each.until > now}
        self._allowed = {**still, (tenant_id, station_id): found}
        return found

    async def forbid(self, tenant_id: UUID, station_id: str) -> bool:
        """Take it back; False if it was not allowed."""
        self._allowed.pop((tenant_id, station_id), None)
        work = partial(renewal_tables.forget, tenant_id=tenant_id, station_id=storable(station_id))
        return await self.store.write(Function(work))

    # What stations do ------------------------------------------------------------------------

    def heard(self, event: Event) -> None:
        """A listener of the bus: who has to renew is asked to sign; who has renewed is done."""
        assert isinstance(event, StationConnected | StationBooted)
        key = UUID(event.tenant_id), event.station_id
        station = self._here(*key)
        if station is None or len(self._tasks) >= AT_ONCE_MAX:
            return
        if station.may_renew and self._asked.get(key) != station.epoch:
            self._begin(key, station)
        elif not station.must_renew and station.security_profile == 3 and key in self._allowed:
            self._start(self._done(key))

    async def _done(self, key: tuple[UUID, str]) -> None:
        try:
            await self.forbid(*key)
        except StoreError as error:
            _log.warning("the allowance stays for now: %s", error, extra={"station_id": key[1]})
        else:
            _log.info("the station has a certificate that counts", extra={"station_id": key[1]})

    def _begin(self, key: tuple[UUID, str], station: Station) -> None:
        self._asked.pop(key, None)
        self._asked[key] = station.epoch
        if len(self._asked) > ASKED_MAX:
            self._asked.popitem(last=False)
        self._start(self._ask(key, station))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask(self, key: tuple[UUID, str], station: Station) -> None:
        command = TriggerMessage(message=trigger_of(station.version, Purpose.STATION))
        try:
            is_taken = isinstance(await self._send(*key, command), Accepted)
        except NotConnected:
            is_taken = False
        if not is_taken and self._asked.get(key) == station.epoch:
            del self._asked[key]  # it is asked again when it boots

    async def settle(self) -> None:
        """Wait for what is under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def stop(self) -> None:
        """Give up what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
