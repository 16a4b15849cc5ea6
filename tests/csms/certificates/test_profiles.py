"""The real thing: a central system with its authority, TLS ports, and virtual stations."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from chargeplane.domain.commands import (
    Accepted,
    CertificateUse,
    DeleteCertificate,
    GetInstalledCertificateIds,
    InstallCertificate,
    Refused,
    TriggerMessage,
)
from chargeplane.runtime.pki import (
    Authority,
    KeyKind,
    Purpose,
    certificates_of_pem,
    hashes_of,
    new_key,
    new_request,
    pem_of,
    question,
)
from chargeplane.station import Station
from chargeplane.station.keystore import STATION
from chargeplane.station.signals import CertificateWanted
from tests.csms.certificates.site import (
    CLOCK,
    FALSE,
    PASSWORD,
    PUBLIC_URL,
    TRIGGER,
    VERSIONS,
    Site,
    allow,
    false_port,
)
from tests.csms.making import TENANT_ID
from tests.csms.rest import client


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_station_goes_from_profile_1_over_2_to_3_with_a_certificate_of_ours(
    site: Site, version: str
) -> None:
    await site.add(1)
    async with site.station(version, 1):
        pass
    # The station comes over TLS, with its password; and then it signs.
    await allow(site, 2)
    async with site.station(version, 2) as station:
        assert await site.profile() == 2
        trigger = TriggerMessage(message=TRIGGER[version])
        assert isinstance(await site.central.send(TENANT_ID, "CP1", trigger), Accepted)
        row = await site.certificate_of(station)
        assert row.common_name == "SN-1"
        own = station.core.hub.keys.own()
        key = station.core.hub.keys._own[STATION][1]
    assert await site.central.certificates.has_valid(TENANT_ID, "CP1")
    # 2 -> 3: the certificate alone.
    await allow(site, 3)
    third = site.station(version, 3)
    third.core.hub.keys.give(STATION, own, key)
    async with third:
        assert await site.profile() == 3
    # And never back: neither with the password over TLS, nor without TLS.
    for profile in (2, 1):
        with pytest.raises(TimeoutError, match="401"):
            async with site.station(version, profile, ready_timeout_s=0.5):
                pass


def foreign(site: Site, tmp_path: Path) -> dict[str, tuple[list[x509.Certificate], Any]]:
    """Certificates that are not the station's: of another station, another root, too old."""
    now, life = CLOCK.now(), timedelta(days=30)
    own = site.vault.authority(Purpose.STATION)
    other = Authority.new("other", KeyKind.P256, now, life)
    keys = {name: new_key() for name in ("another station", "another root", "expired")}
    issued_now = {
        "another station": own.issue(
            keys["another station"].public_key(), "CP2", Purpose.STATION, now, life
        ),
        "another root": other.issue(
            keys["another root"].public_key(), "CP1", Purpose.STATION, now, life
        ),
        "expired": own.issue(
            keys["expired"].public_key(), "CP1", Purpose.STATION, now - 2 * life, life
        ),
    }
    return {
        name: ([each.certificate, *each.between], keys[name]) for name, each in issued_now.items()
    }


@pytest.mark.parametrize("what", ["another station", "another root", "expired", "none"])
async def test_a_certificate_that_is_not_the_stations_opens_nothing(
    site: Site, tmp_path: Path, what: str
) -> None:
    await site.add(3)
    station = site.station("2.0.1", 3, ready_timeout_s=0.5)
    if what != "none":
        station.core.hub.keys.give(STATION, *foreign(site, tmp_path)[what])
    with pytest.raises(TimeoutError, match="not accepted"):
        async with station:
            pass
    assert not site.central.gateway.conversations


@pytest.mark.parametrize("what", FALSE)
async def test_a_station_refuses_a_central_system_that_it_cannot_trust(
    site: Site, tmp_path: Path, what: str
) -> None:
    await site.add(2)
    port = await false_port(site, what, tmp_path)
    station = Station(
        "CP1", url=f"wss://127.0.0.1:{port}/ocpp", password=PASSWORD, ready_timeout_s=0.5
    )
    station.core.hub.keys.install("CSMSRootCertificate", site.root_pem, CLOCK.now())
    with pytest.raises(TimeoutError, match="certificate verify failed"):
        async with station:
            pass
    assert not site.central.gateway.conversations


@pytest.mark.parametrize("version", VERSIONS)
async def test_roots_are_installed_listed_and_deleted(site: Site, version: str) -> None:
    await site.add(1)
    new = Authority.new("new root", KeyKind.P256, CLOCK.now(), timedelta(days=30)).certificate
    send = partial(site.central.send, TENANT_ID, "CP1")
    async with site.station(version, 1):
        assert isinstance(await send(InstallCertificate(certificate=pem_of([new]))), Accepted)
        assert isinstance(await send(InstallCertificate()), Accepted)  # our own root
        listed = await send(GetInstalledCertificateIds(uses=(CertificateUse.CSMS_ROOT,)))
        assert isinstance(listed, Accepted)
        hashes = hashes_of(new, new)
        gone = DeleteCertificate(
            hash_algorithm=hashes.algorithm,
            issuer_name_hash=hashes.issuer_name_hash,
            issuer_key_hash=hashes.issuer_key_hash,
            serial_number=hashes.serial_number,
        )
        assert isinstance(await send(gone), Accepted)
        again = await send(gone)
        assert isinstance(again, Refused)
        assert again.status == "NotFound"
        await send(GetInstalledCertificateIds(uses=(CertificateUse.CSMS_ROOT,)))
    async with client(site.store, *site.central.routes) as rest:
        rows = (await rest.get("/stations/CP1/certificates")).json()
    (row,) = rows
    own = hashes_of(site.vault.root(), site.vault.root())
    assert (row["use"], row["serial_number"]) == ("csms_root", own.serial_number)


async def test_a_revoked_certificate_is_refused_and_the_whole_world_may_know(site: Site) -> None:
    await site.add(2)
    async with site.station("2.1", 2) as station:
        station.act(lambda core, now_s: core.hub.tell(CertificateWanted(STATION)))
        row = await site.certificate_of(station)
        own, key = station.core.hub.keys._own[STATION]
    await allow(site, 3)
    async with client(site.store, *site.central.routes) as rest:
        leaf = certificates_of_pem(row.chain)
        asked = question(hashes_of(leaf[0], leaf[1]))
        assert b"good" in await status(rest, asked)
        answer = await rest.post(f"/certificates/{row.fingerprint}/revoke")
        assert answer.json()["state"] == "revoked"
        assert b"revoked" in await status(rest, asked)
        der = (await rest.get("/certificates/lists/station")).content
    listed = x509.load_der_x509_crl(der)
    assert [each.serial_number for each in listed] == [leaf[0].serial_number]
    authority = site.vault.authority(Purpose.STATION)
    assert authority.certificate == leaf[1]
    assert listed.is_signature_valid(authority.key.public_key())
    station = site.station("2.1", 3, ready_timeout_s=0.5)
    station.core.hub.keys.give(STATION, own, key)
    with pytest.raises(TimeoutError, match="401"):
        async with station:
            pass


async def status(rest: httpx.AsyncClient, asked: bytes) -> bytes:
    body = (await rest.post("/certificates/ocsp", content=asked)).content
    return ocsp.load_der_ocsp_response(body).certificate_status.name.lower().encode()


@pytest.mark.parametrize("version", ["1.6", "2.1"])
async def test_a_request_for_another_station_is_refused_and_noted(
    site: Site, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.add(1)
    async with site.station(version, 1) as station:
        keys = station.core.hub.keys
        false = new_request(new_key(), "CP2", "Operator")
        monkeypatch.setattr(keys, "request", lambda *_: false)
        station.act(lambda core, now_s: core.hub.tell(CertificateWanted(STATION)))
        await station.until(lambda core: not core.hub.conversation.waiting)
    await site.central.recorder.flush()
    async with client(site.store, *site.central.routes) as rest:
        events = (await rest.get("/security-events")).json()["items"]
        assert [each["type"] for each in events] == ["InvalidCertificateRequest"]
        assert "CP2" in events[0]["detail"]
        assert (await rest.get("/certificates")).json()["items"] == []


async def test_the_root_is_shown_to_whoever_may_read(site: Site) -> None:
    async with client(site.store, *site.central.routes, role="viewer") as rest:
        shown = (await rest.get("/certificates/root")).json()["certificate"]
        assert shown == site.root_pem
        assert (await rest.post("/certificates/x/revoke")).status_code == 403
    assert certificates_of_pem(shown)[0].public_bytes(Encoding.PEM).decode() == shown


async def test_certificates_say_where_to_ask_and_nobody_needs_a_token(site: Site) -> None:
    await site.add(2)
    async with site.station("2.1", 2) as station:
        station.act(lambda core, now_s: core.hub.tell(CertificateWanted(STATION)))
        row = await site.certificate_of(station)
    leaf, above = certificates_of_pem(row.chain)[:2]
    (access,) = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    (point,) = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert point.full_name is not None
    named = access.access_location.value, point.full_name[0].value
    assert [each.startswith(PUBLIC_URL + "/certificates/") for each in named] == [True, True]
    async with client(site.store, *site.central.routes) as rest:
        rest.headers.pop("Authorization")
        paths = [each.removeprefix(PUBLIC_URL) for each in named]
        asked = await rest.post(paths[0], content=question(hashes_of(leaf, above)))
        listed = await rest.get(paths[1])
        assert (asked.status_code, listed.status_code) == (200, 200)
        assert ocsp.load_der_ocsp_response(asked.content).certificate_status.name == "GOOD"
        assert len(x509.load_der_x509_crl(listed.content)) == 0
        assert (await rest.get("/certificates")).status_code == 401
