"""Roots of manufacturers: whom a tenant trusts to say who may sign firmware (A00.FR.707, L01)."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from cryptography import x509

from chargeplane.csms.firmware import root_tables
from chargeplane.csms.firmware.root_tables import Root
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.pki import (
    PkiFault,
    certificates_of_pem,
    common_name,
    fault_of_authority,
    fingerprint,
    organization,
    pem_of,
    weakness_of,
)
from chargeplane.runtime.store import Function, Store, storable, tenants

__all__ = ["RootFault", "Roots"]


class RootFault(Exception):
    """A certificate that cannot be trusted as a root. The text is for people."""


class Roots:
    """Keeps roots."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self._all: dict[tuple[UUID, str], x509.Certificate] = {}

    async def load(self) -> None:
        """Know the roots of all tenants, for ``all``."""
        for tenant_id in await self.store.read(tenants.known):
            for each in await self.of(tenant_id):
                self._all[tenant_id, each.fingerprint] = certificates_of_pem(each.certificate)[0]

    def all(self) -> list[x509.Certificate]:
        """The roots of all tenants: a revocation list that one of them has signed counts."""
        return [*self._all.values()]

    async def of(self, tenant_id: UUID) -> list[Root]:
        """The roots of a tenant."""
        return await self.store.read(partial(root_tables.roots, tenant_id=tenant_id))

    async def for_vendor(self, tenant_id: UUID, vendor: str | None) -> list[x509.Certificate]:
        """Those that count for an image of a vendor; None: for one that all stations may get.

        The root of one manufacturer says nothing of the firmware of another one.
        """
        return [
            certificates_of_pem(each.certificate)[0]
            for each in await self.of(tenant_id)
            if each.vendor is None or each.vendor == vendor
        ]

    async def add(
        self, tenant_id: UUID, pem: str, by: str, vendor: str | None, note: str | None
    ) -> Root | None:
        """Trust a root; None if it is trusted already.

        Raises:
            RootFault: it is none, ends before now, or is too weak, or there are too many.
        """
        now = self.clock.now()
        try:
            certificate, *more = certificates_of_pem(pem)
        except PkiFault as fault:
            raise RootFault(str(fault)) from fault
        if more:
            raise RootFault("one certificate at a time: each of them is trusted")
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise RootFault("the certificate is not valid now")
        if why := fault_of_authority(certificate):
            raise RootFault(f"the certificate {why}")
        if weakness := weakness_of(certificate.public_key()):
            raise RootFault(weakness)
        name = common_name(certificate.subject) or organization(certificate.subject)
        root = Root(
            tenant_id,
            fingerprint(certificate),
            storable(name or f"{certificate.serial_number:x}"),
            vendor and storable(vendor),
            note and storable(note),
            pem_of([certificate]),
            certificate.not_valid_after_utc,
            now,
            storable(by),
        )
        is_new = await self.store.write(Function(partial(root_tables.add, root=root)))
        if is_new is None:
            raise RootFault(f"more than {root_tables.ROOTS_MAX} roots")
        if not is_new:
            return None
        self._all[tenant_id, root.fingerprint] = certificate
        return root

    async def remove(self, tenant_id: UUID, print_: str) -> bool:
        """Trust a root no longer; False if there is none."""
        work = partial(root_tables.remove, tenant_id=tenant_id, fingerprint=print_)
        if not await self.store.write(Function(work)):
            return False
        self._all.pop((tenant_id, print_), None)
        return True
