"""A central system with its authority, a plain and a TLS port, and stations that trust it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from cryptography import x509

from chargeplane.csms.central import CentralSystem
from chargeplane.csms.certificates import (
    ContractProvider,
    Issuer,
    OcspChecks,
    RevocationLists,
)
from chargeplane.csms.certificates.tables import issued
from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.gateway.credentials import Entrance
from chargeplane.csms.inventory import Known, find
from chargeplane.csms.options import Options
from chargeplane.csms.security.tables import set_next
from chargeplane.runtime.clock import Clock, SystemClock
from chargeplane.runtime.links import ServerCertificate, server_context
from chargeplane.runtime.passwords import Passwords
from chargeplane.runtime.pki import (
    Authority,
    KeyKind,
    Purpose,
    Vault,
    der_of,
    new_key,
    pem_of,
    pem_of_key,
)
from chargeplane.runtime.store import Function, Store
from chargeplane.station import Station
from chargeplane.station.inventory import Inventory
from tests.csms.making import TENANT_ID

PASSWORD = "nine-lives-of-a-cat"
CLOCK = SystemClock()
PUBLIC_URL = "https://csms.example/api/v1"
TRIGGER = {
    "1.6": "SignChargePointCertificate",
    "2.0.1": "SignChargingStationCertificate",
    "2.1": "SignChargingStationCertificate",
}
VERSIONS = tuple(TRIGGER)


@dataclass
class Site:
    """A central system with a plain and a TLS port."""

    central: CentralSystem
    store: Store
    vault: Vault
    plain: int
    secure: int

    def station(self, version: str, profile: int, **more: Any) -> Station:
        """One that trusts the root."""
        port, scheme = (self.plain, "ws") if profile < 2 else (self.secure, "wss")
        station = Station(
            more.pop("identity", "CP1"),
            url=f"{scheme}://127.0.0.1:{port}/ocpp",
            version=version,
            password=PASSWORD if profile in {1, 2} else None,
            inventory=Inventory(serial_number="SN-1"),
            ready_timeout_s=more.pop("ready_timeout_s", 10.0),
            **more,
        )
        station.core.hub.keys.install("CSMSRootCertificate", self.root_pem, CLOCK.now())
        return station

    @property
    def root_pem(self) -> str:
        return pem_of([self.vault.root()])

    async def add(self, profile: int, identity: str = "CP1", **more: Any) -> None:
        hashed = Passwords().hashed(PASSWORD.encode())
        known = Known(TENANT_ID, identity, profile, hashed, Registration.ACCEPTED, 0)
        await self.store.write(Function(partial(register, known=known, now=CLOCK.now(), **more)))

    async def profile(self, identity: str = "CP1") -> int:
        known = await self.store.read(partial(find, identity=identity))
        assert known is not None
        return known.security_profile

    async def certificate_of(self, station: Station) -> Any:
        """The newest certificate, when the station has it and we know that."""
        await station.until(lambda core: bool(core.hub.keys.own()))
        await self.central.certificates.settled()
        (row,) = await self.store.read(partial(issued, tenant_id=TENANT_ID, count_max=1))
        assert row.state == "installed"
        return row


def server_certificates(
    authority: Authority,
    folder: Path,
    names: tuple[str, ...] = ("localhost", "127.0.0.1"),
    begun: datetime | None = None,
) -> list[ServerCertificate]:
    """An ECDSA and an RSA one for 30 days, in files."""
    made = []
    for kind in (KeyKind.P256, KeyKind.RSA2048):
        key, life = new_key(kind), timedelta(days=30)
        chain = authority.issue(
            key.public_key(), names[0], Purpose.SERVER, begun or CLOCK.now(), life, names=names
        )
        paths = folder / f"{kind}.pem", folder / f"{kind}.key"
        paths[0].write_bytes(chain.pem)
        paths[1].write_bytes(pem_of_key(key))
        made.append(ServerCertificate(*paths))
    return made


FALSE = ("unknown authority", "another host", "old")
"""What may be wrong with the certificate of a central system."""


async def false_port(site: Site, what: str, folder: Path) -> int:
    """A TLS port of the central system with a certificate that nobody may believe."""
    own, now = site.vault.authority(Purpose.SERVER), CLOCK.now()
    other = Authority.new("other", KeyKind.P256, now, timedelta(days=90))
    made = {
        "unknown authority": lambda: server_certificates(other, folder),
        "another host": lambda: server_certificates(own, folder, ("csms.example",)),
        "old": lambda: server_certificates(own, folder, begun=now - timedelta(days=60)),
    }[what]()
    entrance = Entrance("TLS", frozenset({2, 3}))
    return await site.central.listen("127.0.0.1", 0, server_context(made), entrance)


@asynccontextmanager
async def opened(
    store: Store,
    vault: Vault,
    folder: Path,
    *,
    clock: Clock = CLOCK,
    issuers: Mapping[Purpose, Issuer] | None = None,
    roots: tuple[x509.Certificate, ...] = (),
    lists: RevocationLists | None = None,
    contracts: ContractProvider | None = None,
    checks_times: bool = True,
    checks: OcspChecks | None = None,
) -> AsyncIterator[Site]:
    """A central system that serves.

    ``roots``: of stations, besides the own one; ``checks_times``: see ``Entrance``.
    """
    options = Options(
        vault=vault,
        public_url=PUBLIC_URL,
        issuers=issuers or {},
        lists=lists,
        contracts=contracts,
        checks=checks,
        authorities=lambda: [vault.certificate(Purpose.STATION), vault.root(), *roots],
    )
    central = CentralSystem(store, clock, options)
    await central.start()
    try:
        trusted = [der_of(each) for each in (vault.root(), *roots)]
        certificates = server_certificates(vault.authority(Purpose.SERVER), folder)
        tls = server_context(certificates, trusted=trusted, checks_times=checks_times)
        plain = await central.listen("127.0.0.1", 0, None, Entrance("plain", frozenset({0, 1})))
        entrance = Entrance("TLS", frozenset({2, 3}), checks_times)
        secure = await central.listen("127.0.0.1", 0, tls, entrance)
        yield Site(central, store, vault, plain, secure)
    finally:
        await central.stop()


async def allow(site: Site, profile: int) -> None:
    """As the action does it; what it says to stations is tested with the block security."""
    work = partial(set_next, tenant_id=TENANT_ID, station_id="CP1", next_security_profile=profile)
    await site.store.write(Function(work))
