"""The rules: who gets a certificate, what becomes of it, and whether one still counts."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, Final, Protocol
from uuid import UUID

from cryptography import x509

from chargeplane.csms.certificates import tables
from chargeplane.csms.certificates.checks import OcspChecks
from chargeplane.csms.certificates.issuing import Issuer, Issuers, LocalIssuer
from chargeplane.csms.certificates.lists import LOOK_EVERY_S, RevocationLists
from chargeplane.csms.certificates.roots import RootRollOut
from chargeplane.csms.certificates.tables import Certificate
from chargeplane.csms.contract import NotConnected, Notice, Notify, Send, Station
from chargeplane.domain.commands import TriggerMessage
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.pki import (
    Issued,
    PkiFault,
    Purpose,
    SigningRequest,
    Vault,
    certificates_of_pem,
    checked_request,
    common_name,
    der_of,
    fingerprint,
    from_der,
)
from chargeplane.runtime.store import Function, Store, StoreError, tenants

__all__ = ["Certificates", "Present", "trigger_of"]

_log = logging.getLogger(__name__)
RENEWED_BEFORE: Final = timedelta(days=30)
ASKED_EVERY: Final = timedelta(days=1)
ROOT_TOLD_BEFORE: Final = timedelta(days=365)
SWEEP_S: Final = 3600.0
REQUESTS_MAX: Final = 10
"""Of a station within an hour: a loop of a station must not keep the authority busy."""
REQUESTS_S: Final = 3600.0
STATIONS_MAX: Final = 10_000
CUT_AT_ONCE_MAX: Final = 200
"""Certificates that are looked at before others have their turn."""


class Present(Protocol):
    """The stations that are connected."""

    def shown(self) -> Iterable[tuple[UUID, str, bytes]]:
        """Tenant and id of those that have shown a certificate, and it in DER."""
        ...

    def disconnect(self, tenant_id: UUID, station_id: str) -> None:
        """End the connection of one."""
        ...


OnChange = Callable[[UUID, str], Awaitable[None]]


async def _nothing(_: UUID, __: str) -> None:
    """Nobody wants to know."""


class Certificates:
    """Issues, follows and revokes certificates."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        vault: Vault | None,
        send: Send,
        notify: Notify,
        public_url: str = "",
        issuers: Mapping[Purpose, Issuer] = MappingProxyType({}),
        lists: RevocationLists | None = None,
        present: Present | None = None,
        checks: OcspChecks | None = None,
    ) -> None:
        """Without a vault and another issuer nothing is signed.

        Args:
            store: with the certificates that we have issued.
            clock: what time it is.
            vault: our own authority.
            send: asks a station.
            notify: told of security events.
            public_url: of the REST interface.
            issuers: sign for some purposes instead of the vault.
            lists: what other authorities have revoked.
            present: the stations that are connected by a certificate.
            checks: what the OCSP responders of other authorities say.
        """
        self.store = store
        self.clock = clock
        self.local = LocalIssuer(vault, public_url) if vault else None
        self.issuer = Issuers(issuers, self.local) if issuers else self.local
        self.on_change: OnChange = _nothing
        """Told of stations that we have issued a certificate to, or revoked one of."""
        self.lists = lists
        self._present = present
        self._checks = checks
        if checks is not None:
            checks.on_revoked = self.cut
        self.roots = RootRollOut(store, clock, send)
        self._send = send
        self._notify = notify
        self._revoked: set[str] = set()
        self._asked: OrderedDict[tuple[UUID, str], tuple[int, float]] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    async def load(self) -> None:
        """Know what was revoked."""
        for tenant_id in await self.store.read(tenants.known):
            found = await self.store.read(partial(tables.revoked, tenant_id=tenant_id))
            self._revoked |= {each.fingerprint for each in found}
        if self.lists is not None:
            await self.lists.load()

    def is_revoked(self, der: bytes) -> bool:
        """Whether a station's certificate counts no longer (A00.FR.701)."""
        certificate = from_der(der)
        if fingerprint(certificate) in self._revoked:
            return True
        if self._checks is not None and self._checks.is_revoked(certificate):
            return True
        return self.lists is not None and self.lists.is_revoked(certificate)

    def is_refused(self, der: bytes) -> bool:
        """The same for a station that wants to come in: nobody may know yet (``checks``)."""
        if self.is_revoked(der):
            return True
        return self._checks is not None and self._checks.is_refused(from_der(der))

    async def cut(self) -> int:
        """End the connections of stations whose certificates were revoked; how many."""
        if self._present is None:
            return 0
        count = 0
        for number, (tenant_id, station_id, der) in enumerate([*self._present.shown()]):
            if self.is_revoked(der):
                detail = "connected by it, and cut off"
                self._notify(Notice(tenant_id, station_id, "RevokedCertificate", detail=detail))
                self._present.disconnect(tenant_id, station_id)
                count += 1
            if number % CUT_AT_ONCE_MAX == 0:
                await asyncio.sleep(0)
        return count

    async def has_valid(self, tenant_id: UUID, station_id: str) -> bool:
        """Whether a station has a certificate of ours that it can connect with."""
        now = self.clock.now()
        look = partial(tables.issued, tenant_id=tenant_id, count_max=20, station_id=station_id)
        return any(
            each.purpose == Purpose.STATION and each.state == "installed" and each.not_after > now
            for each in await self.store.read(look)
        )

    async def issued_to(self, tenant_id: UUID, station_id: str) -> list[x509.Certificate]:
        """What we have issued to a station for its connections and counts now, the latest first."""
        now = self.clock.now()
        look = partial(tables.issued, tenant_id=tenant_id, count_max=20, station_id=station_id)
        return [
            certificates_of_pem(each.chain)[0]
            for each in await self.store.read(look)
            if each.purpose == Purpose.STATION
            and each.state in {"issued", "installed"}
            and each.not_after > now
        ]

    # Signing (A02, A03) ---------------------------------------------------------------------

    async def check(self, station: Station, csr: str) -> SigningRequest:
        """What a station asks for, if it may have it.

        Raises:
            PkiFault: it may not; a security event says why.
        """
        try:
            self._count(station)
            if self.issuer is None:
                raise PkiFault("there is no certificate authority")
            look = partial(
                tables.names_of_station, tenant_id=station.tenant_id, station_id=station.id
            )
            return checked_request(csr, await self.store.read(look))
        except PkiFault as fault:
            self._notify(self._notice(station, "InvalidCertificateRequest", str(fault)))
            _log.warning(
                "a signing request is refused: %s", fault, extra={"station_id": station.id}
            )
            raise

    async def sign(
        self, station: Station, request: SigningRequest, purpose: Purpose
    ) -> tuple[Certificate, Issued]:
        """Issue and keep a certificate; it counts for us from the moment that it is stored.

        Raises:
            PkiFault: the authority does not sign; a security event says why.
            StoreError: it cannot be kept.
        """
        assert self.issuer is not None  # ``check`` came before
        now = self.clock.now()
        try:
            issued = await self.issuer.issue(request, purpose, now)
        except PkiFault as fault:
            self._notify(self._notice(station, "CertificateNotIssued", str(fault)))
            raise
        leaf = issued.certificate
        kept = Certificate(
            station.tenant_id,
            fingerprint(leaf),
            f"{leaf.serial_number:x}",
            station.id,
            str(purpose),
            common_name(leaf.subject),
            "issued",
            None,
            issued.pem.decode(),
            leaf.not_valid_before_utc,
            leaf.not_valid_after_utc,
            now,
        )
        await self.store.write(Function(partial(tables.add, certificate=kept)))
        await self.on_change(station.tenant_id, station.id)
        return kept, issued

    async def settle(self, certificate: Certificate, state: str, reason: str | None = None) -> None:
        """Say what a station did with its certificate."""
        work = partial(tables.change, certificate=certificate, state=state, reason=reason)
        await self.store.write(Function(work))

    async def revoke(self, tenant_id: UUID, print_: str) -> Certificate | None:
        """Let a certificate count no longer, and end connections by it; None if there is none."""
        look = partial(tables.one, tenant_id=tenant_id, fingerprint=print_)
        found = await self.store.read(look)
        if found is None:
            return None
        if found.revoked_at is None:
            now = self.clock.now()
            work = partial(tables.change, certificate=found, state="revoked", revoked_at=now)
            await self.store.write(Function(work))
            found = found._replace(state="revoked", revoked_at=now)
            detail = f"{found.common_name}, until {found.not_after:%Y-%m-%d}"
            notice = Notice(tenant_id, found.station_id, "RevokedCertificate", detail=detail)
            self._notify(notice)
        self._revoked.add(print_)
        await self.on_change(tenant_id, found.station_id)
        await self.cut()
        return found

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something when the answer in hand is out."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    # Renewals -------------------------------------------------------------------------------

    async def run(self) -> None:
        """Look after what ends and what others revoke, until cancelled."""
        async with asyncio.TaskGroup() as all_of_it:
            all_of_it.create_task(self._run())
            all_of_it.create_task(self._run_lists())
            all_of_it.create_task(self._run_checks())

    async def _run_checks(self) -> None:
        while self._checks is not None and self._present is not None:
            self._checks.look(from_der(der) for _, _, der in [*self._present.shown()])
            await self.clock.sleep(LOOK_EVERY_S)

    async def _run_lists(self) -> None:
        was_changed = False
        while self.lists is not None:
            is_changed = await self.lists.look()
            # Once more a little later: somebody may have been on the way in.
            if is_changed or was_changed:
                await self.cut()
            was_changed = is_changed
            await self.clock.sleep(LOOK_EVERY_S)

    async def _run(self) -> None:
        while True:
            try:
                await self.sweep()
            except StoreError as error:
                _log.warning("certificates are looked at later: %s", error)
            await self.clock.sleep(SWEEP_S)

    async def sweep(self) -> int:
        """Have stations renew what ends soon (A02), and renew authorities; how many were asked."""
        now, asked = self.clock.now(), 0
        await self._renew_authorities(now)
        for tenant_id in await self.store.read(tenants.known):
            look = partial(
                tables.expiring,
                tenant_id=tenant_id,
                before=now + RENEWED_BEFORE,
                asked_before=now - ASKED_EVERY,
            )
            for each in await self.store.read(look):
                asked += await self._renew(each)
            self._tell_of_root(tenant_id)
            if self.local is not None:
                await self.roots.sweep(tenant_id, self.local)
        return asked

    async def _renew_authorities(self, now: datetime) -> None:
        if self.local is None:
            return
        self.local.forget()
        try:
            done = await self.local.renew_due(now)
        except PkiFault as fault:  # the key of the root may be elsewhere: `pki renew` is for that
            _log.error("an authority ends soon and cannot be renewed: %s", fault)
            return
        if done:
            _log.info("renewed, with the same keys: %s", ", ".join(done))

    async def _renew(self, certificate: Certificate) -> bool:
        look = partial(
            tables.version_of_station,
            tenant_id=certificate.tenant_id,
            station_id=certificate.station_id,
        )
        version = await self.store.read(look)
        if version is None or await self._is_replaced(certificate):
            return False
        try:
            await self._send(
                certificate.tenant_id,
                certificate.station_id,
                TriggerMessage(message=trigger_of(version, certificate.purpose)),
            )
        except NotConnected:
            return False
        asked_at = self.clock.now()
        work = partial(tables.change, certificate=certificate, renewal_asked_at=asked_at)
        await self.store.write(Function(work))
        return True

    async def _is_replaced(self, certificate: Certificate) -> bool:
        look = partial(
            tables.issued,
            tenant_id=certificate.tenant_id,
            count_max=20,
            station_id=certificate.station_id,
        )
        return any(
            each.purpose == certificate.purpose
            and each.state == "installed"
            and each.not_after > certificate.not_after
            for each in await self.store.read(look)
        )

    def _tell_of_root(self, tenant_id: UUID) -> None:
        if self.local is None:
            return
        root = self.local.root
        if root.not_valid_after_utc - self.clock.now() < ROOT_TOLD_BEFORE:
            detail = f"the root ends on {root.not_valid_after_utc:%Y-%m-%d}: chargeplane pki renew"
            self._notify(Notice(tenant_id, "", "CertificateExpires", detail=detail))

    async def settled(self) -> None:
        """Wait for what is under way to be done and stored."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def stop(self) -> None:
        """Give up what is under way."""
        if self._checks is not None:
            await self._checks.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def root_der(self) -> bytes | None:
        """The root of our own authority."""
        return der_of(self.local.root) if self.local else None

    def _count(self, station: Station) -> None:
        key, now_s = (station.tenant_id, station.id), self.clock.monotonic_s()
        count, since_s = self._asked.pop(key, (0, now_s))
        if now_s - since_s > REQUESTS_S:
            count, since_s = 0, now_s
        self._asked[key] = count + 1, since_s
        if len(self._asked) > STATIONS_MAX:
            self._asked.popitem(last=False)
        if count >= REQUESTS_MAX:
            raise PkiFault(f"more than {REQUESTS_MAX} requests in an hour")

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a certificate did not reach its station", exc_info=error)

    def _notice(self, station: Station, type_: str, detail: str) -> Notice:
        return Notice(station.tenant_id, station.id, type_, station.remote_host, detail)


def trigger_of(version: str, purpose: str) -> str:
    """What a station of a version is asked for, so that it signs (A02)."""
    if purpose == Purpose.V2G:
        return "SignV2GCertificate"
    is_1x = version.startswith("1.")
    return "SignChargePointCertificate" if is_1x else "SignChargingStationCertificate"
