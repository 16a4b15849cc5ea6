"""A station signs with what we have issued to it; a renewed certificate counts at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from cryptography import x509

from chargeplane.csms.contract import Notice, Registration
from chargeplane.csms.gateway.admission import register
from chargeplane.csms.inventory import Known
from chargeplane.csms.security.signing import Signatures, SigningFault
from chargeplane.ocpp.signing import Signer, sign, unwrap
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.pki import Vault, pem_of
from chargeplane.runtime.store import Function, Store, new_id
from chargeplane.station.keystore import STATION
from chargeplane.station.signals import CertificateWanted
from tests.csms.certificates.site import opened
from tests.csms.making import TENANT_ID, station
from tests.csms.rest import client
from tests.csms.security.test_signing import LIFE, NOW, OWN, STRANGER, signer

HERE = station()


class Ours:
    """What we have issued, and what the signatures say."""

    def __init__(self, store: Store) -> None:
        self.issued: list[x509.Certificate] = []
        self.notices: list[Notice] = []
        self.signatures = Signatures(store, SystemClock(), self.notices.append, self.to)

    async def to(self, tenant_id: UUID, station_id: str) -> Sequence[x509.Certificate]:
        assert (tenant_id, station_id) == (TENANT_ID, HERE.id)
        return self.issued

    async def issue(self, *signers: Signer) -> None:
        self.issued = [each.certificate for each in signers if each.certificate]
        await self.signatures.refresh(TENANT_ID, HERE.id)

    async def require(self, certificate: str = "") -> None:
        await self.signatures.set_rule(
            TENANT_ID, HERE.id, is_required=True, certificate=certificate
        )

    def fault(self, by: Signer) -> str | None:
        signed = unwrap("Heartbeat-Signed", json.loads(sign("Heartbeat", 2, b"{}", by)))
        return self.signatures.check(HERE, signed, 2, "Heartbeat", new_id(), NOW)


@pytest.fixture
async def ours(sqlite_store: Store) -> Ours:
    known = Known(TENANT_ID, HERE.id, 0, None, Registration.ACCEPTED, 0)
    await sqlite_store.write(Function(partial(register, known=known, now=NOW)))
    return Ours(sqlite_store)


async def test_a_renewed_certificate_counts_beside_the_one_before(ours: Ours) -> None:
    await ours.issue(OWN)
    await ours.require()
    assert ours.fault(OWN) is None
    assert "another certificate" in (ours.fault(STRANGER) or "")
    new = signer()
    await ours.issue(new, OWN)
    assert (ours.fault(new), ours.fault(OWN)) == (None, None)
    await ours.issue(new)  # the other one was revoked, or is over
    assert ours.fault(new) is None
    assert "another certificate" in (ours.fault(OWN) or "")
    assert {each.type for each in ours.notices} == {"InvalidSignature"}


async def test_what_is_over_since_signs_no_more(ours: Ours) -> None:
    old = signer(NOW - 2 * LIFE)
    await ours.issue(old)
    await ours.require()
    assert ours.fault(old) is not None


async def test_without_a_certificate_of_ours_the_rule_is_refused(ours: Ours) -> None:
    with pytest.raises(SigningFault, match="no certificate of ours"):
        await ours.require()
    await ours.issue(OWN)
    await ours.require()
    await ours.issue()  # all were revoked
    assert "no key is known" in (ours.fault(OWN) or "")


async def test_a_named_certificate_is_not_replaced_by_ours(ours: Ours) -> None:
    assert STRANGER.certificate is not None
    await ours.require(pem_of([STRANGER.certificate]))
    await ours.issue(OWN)
    assert ours.fault(STRANGER) is None
    assert ours.fault(OWN) is not None


async def test_a_rule_for_ours_outlives_the_process(ours: Ours, sqlite_store: Store) -> None:
    await ours.issue(OWN)
    await ours.require()
    again = Ours(sqlite_store)
    again.issued = ours.issued
    await again.signatures.load()
    assert again.fault(OWN) is None
    assert again.fault(STRANGER) is not None


async def test_a_station_that_gets_a_certificate_may_sign_with_it_at_once(
    sqlite_store: Store, tmp_path: Path
) -> None:
    vault = Vault(tmp_path / "pki", [b"x"])
    vault.init("Operator", NOW)
    async with opened(sqlite_store, vault, tmp_path) as site:
        await site.add(2)
        async with site.station("2.1", 2) as here:
            here.act(lambda core, now_s: core.hub.tell(CertificateWanted(STATION)))
            first = await site.certificate_of(here)
            first_chain, signatures = here.core.hub.keys.own(), site.central.signatures
            await signatures.set_rule(TENANT_ID, "CP1", is_required=False, certificate="")
            here.act(lambda core, now_s: core.hub.tell(CertificateWanted(STATION)))
            await here.until(lambda core: core.hub.keys.own() != first_chain)
            certificate, key = here.core.hub.keys.own()[0], here.core.hub.keys._own[STATION][1]
            signed = unwrap(
                "Heartbeat-Signed",
                json.loads(sign("Heartbeat", 2, b"{}", Signer(key, certificate))),
            )
            now = SystemClock().now()
            assert signatures.check(HERE, signed, 2, "Heartbeat", new_id(), now) is None
            await site.central.certificates.revoke(TENANT_ID, first.fingerprint)
            left = await site.central.certificates.issued_to(TENANT_ID, "CP1")
            assert left == [certificate]
        async with client(sqlite_store, *site.central.routes) as rest:
            rows = (await rest.get("/stations/CP1/signed-messages")).json()["items"]
    assert [each["verdict"] for each in rows] == ["valid"]
