"""Another authority, over EST: a server of its own, good and bad."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chargeplane.csms.certificates import EstIssuer, EstService, Issuers
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.pki import (
    KeyKind,
    PkiFault,
    Purpose,
    SigningRequest,
    Vault,
    certificates_of_pem,
    checked_request,
    common_name,
    fault_of_chain,
    new_key,
    new_request,
    pem_of,
)
from chargeplane.runtime.store import Store
from chargeplane.station.keystore import STATION
from chargeplane.station.signals import CertificateWanted
from tests.csms.certificates.authorities import Est, est_process
from tests.csms.certificates.site import allow, opened
from tests.csms.making import TENANT_ID
from tests.csms.rest import client

CLOCK = SystemClock()
FORM = Encoding.DER, PublicFormat.SubjectPublicKeyInfo


@pytest.fixture(scope="module")
def est(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Est]:
    with est_process(tmp_path_factory.mktemp("est")) as est:
        yield est


def wanted(kind: KeyKind = KeyKind.P256) -> SigningRequest:
    return checked_request(new_request(new_key(kind), "CP1", "Operator"), {"CP1"})


@pytest.mark.parametrize("kind", [KeyKind.P256, KeyKind.RSA2048])
async def test_a_request_becomes_a_certificate_with_its_chain(est: Est, kind: KeyKind) -> None:
    request = wanted(kind)
    issued = await est.issuer().issue(request, Purpose.STATION, CLOCK.now())
    assert issued.certificate.public_key().public_bytes(*FORM) == request.key.public_bytes(*FORM)
    assert common_name(issued.certificate.subject) == "CP1"
    assert [common_name(each.subject) for each in issued.between] == ["EST stations"]
    chain = [issued.certificate, *issued.between]
    assert fault_of_chain(chain, [est.root], CLOCK.now()) is None


async def test_a_certificate_of_ours_may_take_the_place_of_the_password(est: Est) -> None:
    issuer = est.issuer("by-certificate", shows=True)
    issued = await issuer.issue(wanted(), Purpose.STATION, CLOCK.now())
    assert common_name(issued.certificate.subject) == "CP1"


async def test_an_authority_that_says_not_yet_is_asked_again(est: Est) -> None:
    issued = await est.issuer("pending").issue(wanted(), Purpose.STATION, CLOCK.now())
    assert common_name(issued.certificate.subject) == "CP1"


@pytest.mark.parametrize(
    ("label", "why"),
    [
        ("always-pending", "not yet for too long"),
        ("refused", r"answers 400: this name\[31m is not of ours"),
        ("page", "cannot be read"),
        ("huge", "too long"),
        ("elsewhere", "answers 302"),
        ("by-certificate", "answers 401"),
        ("other-key", "for another key"),
        ("authority", "authority of the station"),
        ("other-name", "without CP1"),
        ("other-root", "does not lead to a root"),
        ("expired", "not valid now"),
        ("other-operator", "names 'Somebody'"),
    ],
)
async def test_what_a_bad_authority_answers_is_not_passed_on(
    est: Est, label: str, why: str
) -> None:
    with pytest.raises(PkiFault, match=why):
        await est.issuer(label).issue(wanted(), Purpose.STATION, CLOCK.now())


async def test_a_wrong_password_is_told_and_not_repeated(est: Est) -> None:
    with pytest.raises(PkiFault, match="401") as caught:
        await est.issuer(password="hunter2-hunter2").issue(wanted(), Purpose.STATION, CLOCK.now())
    assert "hunter2" not in str(caught.value)
    service = EstService("https://x", ssl.create_default_context(), "u", "hunter2")
    assert "hunter2" not in repr(service)


async def test_an_authority_that_we_do_not_trust_is_told_nothing(est: Est) -> None:
    context = ssl.create_default_context(cafile=str(est.folder / "other.pem"))
    issuer = EstIssuer(EstService(est.url(), context), CLOCK, lambda: [est.root])
    with pytest.raises(PkiFault, match="certificate verify failed"):
        await issuer.issue(wanted(), Purpose.STATION, CLOCK.now())


async def test_an_authority_that_is_away_is_told(est: Est) -> None:
    context = ssl.create_default_context()
    issuer = EstIssuer(EstService("https://127.0.0.1:1/est", context), CLOCK, lambda: [est.root])
    with pytest.raises(PkiFault, match="cannot be asked"):
        await issuer.authorities()


async def test_each_purpose_has_its_authority(est: Est) -> None:
    now = CLOCK.now()
    issuers = Issuers({Purpose.STATION: est.issuer()}, None)
    issued = await issuers.issue(wanted(), Purpose.STATION, now)
    assert common_name(issued.certificate.issuer) == "EST stations"
    with pytest.raises(PkiFault, match="no authority for v2g"):
        await issuers.issue(wanted(), Purpose.V2G, now)


async def test_a_station_connects_by_the_certificate_of_another_authority(
    est: Est, sqlite_store: Store, vault: Vault, tmp_path: Path
) -> None:
    issuers = {Purpose.STATION: est.issuer()}
    async with opened(sqlite_store, vault, tmp_path, issuers=issuers, roots=(est.root,)) as site:
        await site.add(2)
        station = site.station("2.0.1", 2)
        root = pem_of([est.root])  # it looks at what it is given
        station.core.hub.keys.install("CSMSRootCertificate", root, CLOCK.now())
        async with station:
            station.act(lambda core, now_s: core.hub.tell(CertificateWanted(STATION)))
            row = await site.certificate_of(station)
            own, key = station.core.hub.keys._own[STATION]
        assert common_name(certificates_of_pem(row.chain)[0].issuer) == "EST stations"
        assert await site.central.certificates.has_valid(TENANT_ID, "CP1")
        await allow(site, 3)
        by_certificate = site.station("2.0.1", 3)
        by_certificate.core.hub.keys.give(STATION, own, key)
        async with by_certificate:
            assert await site.profile() == 3


async def test_that_there_will_be_no_certificate_is_a_security_event(
    est: Est, sqlite_store: Store, vault: Vault, tmp_path: Path
) -> None:
    issuers = {Purpose.STATION: est.issuer("refused")}
    async with opened(sqlite_store, vault, tmp_path, issuers=issuers) as site:
        await site.add(1)
        async with site.station("1.6", 1) as station:
            station.act(lambda core, now_s: core.hub.tell(CertificateWanted(STATION)))
            await station.until(lambda core: not core.hub.conversation.waiting)
            await site.central.certificates.settled()
        await site.central.recorder.flush()
        async with client(sqlite_store, *site.central.routes) as rest:
            (event,) = (await rest.get("/security-events")).json()["items"]
    assert (event["type"], event["severity"]) == ("CertificateNotIssued", "warning")
    assert "is not of ours" in event["detail"]
