"""An authority whose keys are in a hardware token: everything goes on as with files."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from chargeplane.csms.certificates.issuing import WAITING_MAX, LocalIssuer
from chargeplane.runtime.pki import (
    Authority,
    PkiFault,
    Purpose,
    Token,
    Vault,
    certificates_of_pem,
    fault_of_chain,
    hashes_of,
    question,
)
from chargeplane.runtime.store import Store
from chargeplane.station.keystore import STATION
from chargeplane.station.signals import CertificateWanted
from tests.csms.certificates.site import CLOCK, opened
from tests.csms.rest import client
from tests.runtime.pki.tokens import PIN, soft_token


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    soft = soft_token(tmp_path.name)
    vault = Vault(tmp_path / "pki", [b"x"], Token(soft.module, soft.label, PIN))
    vault.init("Operator", CLOCK.now(), in_token=True)
    return vault


async def test_stations_get_certificates_and_the_world_its_answers(
    sqlite_store: Store, vault: Vault, tmp_path: Path
) -> None:
    async with opened(sqlite_store, vault, tmp_path) as site:
        await site.add(2)
        async with site.station("2.1", 2) as station:
            station.act(lambda core, now_s: core.hub.tell(CertificateWanted(STATION)))
            row = await site.certificate_of(station)
        leaf, above = certificates_of_pem(row.chain)[:2]
        assert fault_of_chain([leaf, above], [vault.root()], CLOCK.now()) is None
        async with client(sqlite_store, *site.central.routes) as rest:
            asked = question(hashes_of(leaf, above))
            found = (await rest.post("/certificates/ocsp", content=asked)).content
            again = (await rest.post("/certificates/ocsp", content=asked)).content
            assert found == again  # an ECDSA signature is never the same twice: it was kept
            await rest.post(f"/certificates/{row.fingerprint}/revoke")
            revoked = (await rest.post("/certificates/ocsp", content=asked)).content
            listed = (await rest.get("/certificates/lists/station")).content
        assert ocsp.load_der_ocsp_response(found).certificate_status.name == "GOOD"
        assert ocsp.load_der_ocsp_response(revoked).certificate_status.name == "REVOKED"
        numbers = [each.serial_number for each in x509.load_der_x509_crl(listed)]
        assert numbers == [leaf.serial_number]


async def test_whoever_finds_too_many_before_him_is_sent_away(vault: Vault) -> None:
    issuer, held = LocalIssuer(vault), threading.Event()

    def hold(authority: Authority) -> str:
        held.wait(20)
        return authority.certificate.subject.rfc4514_string()

    waiting = [asyncio.ensure_future(issuer.use(Purpose.STATION, hold)) for _ in range(WAITING_MAX)]
    try:
        await asyncio.sleep(0)  # each of them is in the queue
        with pytest.raises(PkiFault, match="wait for the token"):
            await issuer.use(Purpose.STATION, hold)
    finally:
        held.set()
    assert len(set(await asyncio.gather(*waiting))) == 1
    assert await issuer.use(Purpose.STATION, lambda it: len(it.between)) == 1
