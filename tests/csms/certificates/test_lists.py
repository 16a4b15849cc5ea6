"""Lists of other authorities: from files and addresses, watched; who is on them is cut off."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from chargeplane.csms.certificates import RevocationLists
from chargeplane.csms.certificates.lists import FETCH_AGAIN_S, FETCH_EVERY_S, SOURCES_MAX
from chargeplane.runtime.clock import SimulatedClock, SystemClock
from chargeplane.runtime.pki import (
    Authority,
    KeyKind,
    PkiFault,
    PrivateKey,
    Purpose,
    Revocation,
    Vault,
    new_key,
    pem_of,
)
from chargeplane.runtime.store import Store
from chargeplane.station.keystore import STATION
from chargeplane.station.signals import CertificateWanted
from tests.csms.certificates.site import CLOCK, Site, allow, opened
from tests.csms.certificates.test_responders import canary
from tests.csms.making import TENANT_ID
from tests.csms.rest import client

NOW = CLOCK.now().replace(microsecond=0)
DAY = timedelta(days=1)
ROOT = Authority.new("other root", KeyKind.P256, NOW, 900 * DAY, "Operator")
SUB = ROOT.sub("other stations", KeyKind.P256, NOW, 800 * DAY)


def issued(authority: Authority = ROOT) -> tuple[list[x509.Certificate], PrivateKey]:
    key = new_key()
    made = authority.issue(key.public_key(), "CP1", Purpose.STATION, NOW, 300 * DAY)
    return [made.certificate, *made.between], key


def crl(
    *revoked: x509.Certificate,
    by: Authority = ROOT,
    at: datetime = NOW,
    encoding: Encoding = Encoding.DER,
) -> bytes:
    found = [Revocation(each.serial_number, at) for each in revoked]
    return by.revocation_list(found, 1, at, DAY).public_bytes(encoding)


def lists(
    folder: Path, *places: str | Path, clock: SimulatedClock | None = None
) -> RevocationLists:
    return RevocationLists(
        [str(each) for each in places],
        lambda: [ROOT.certificate],
        folder / "kept",
        clock or SystemClock(),
    )


def put(path: Path, content: bytes) -> None:
    """As a program does it that knows that others read the file."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(content)
    draft.replace(path)


async def test_a_file_counts_and_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    (bad, *_), _ = issued()
    (good, *_), _ = issued()
    file = tmp_path / "root.crl"
    file.write_bytes(crl(bad))
    found = lists(tmp_path, file)
    await found.load()
    assert (found.is_revoked(bad), found.is_revoked(good)) == (True, False)
    assert not await found.look()
    put(file, crl(bad, good))
    assert await found.look()
    assert found.is_revoked(good)
    assert not await found.look()


async def test_others_may_sign_lists_though_no_certificates_of_stations(tmp_path: Path) -> None:
    maker = Authority.new("maker", KeyKind.P256, NOW, 900 * DAY)
    (bad, *_), _ = issued(maker)
    (good, *_), _ = issued()
    file = tmp_path / "maker.crl"
    file.write_bytes(crl(bad, good, by=maker))
    found = lists(tmp_path, file)
    await found.load()
    assert not found.is_revoked(bad)
    found.others = lambda: [maker.certificate]
    assert await found.look()
    assert found.is_revoked(bad)
    assert not found.is_revoked(good)  # it has the number, and another issuer


@pytest.mark.parametrize("what", ["missing", "junk", "older", "stranger's"])
async def test_a_bad_file_changes_nothing_and_is_told_once(
    tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    (bad, *_), _ = issued()
    file = tmp_path / "root.crl"
    file.write_bytes(crl(bad))
    found = lists(tmp_path, file)
    await found.load()
    stranger = Authority.new("other root", KeyKind.P256, NOW, DAY)
    content = {"junk": b"junk", "older": crl(at=NOW - DAY), "stranger's": crl(by=stranger)}
    if what == "missing":
        file.unlink()
    else:
        put(file, content[what])
    caplog.clear()
    for _ in range(3):
        assert not await found.look()
    assert [each.levelno for each in caplog.records] == [logging.ERROR]
    assert found.is_revoked(bad)
    assert found.sources[0].fault
    put(file, crl(at=NOW + timedelta(seconds=1)))
    assert await found.look()
    assert not found.is_revoked(bad)
    assert not found.sources[0].fault


async def test_those_between_come_with_a_list_and_may_be_revoked_with_all_they_issued(
    tmp_path: Path,
) -> None:
    (bad, *_), _ = issued(SUB)
    (good, *_), _ = issued(SUB)
    of_sub, of_root = tmp_path / "sub.pem", tmp_path / "root.crl"
    pem = crl(bad, by=SUB, encoding=Encoding.PEM)
    of_sub.write_bytes(pem_of([SUB.certificate]).encode() + pem)
    of_root.write_bytes(crl())
    found = lists(tmp_path, of_root, of_sub)
    await found.load()
    assert [each.fault for each in found.sources] == ["", ""]
    assert (found.is_revoked(bad), found.is_revoked(good)) == (True, False)
    put(of_root, crl(SUB.certificate))
    assert await found.look()
    assert found.is_revoked(good)


async def test_the_authority_of_a_list_may_be_in_a_later_file(tmp_path: Path) -> None:
    (bad, *_), _ = issued(SUB)
    first, second = tmp_path / "sub.crl", tmp_path / "root.pem"
    first.write_bytes(crl(bad, by=SUB))
    second.write_bytes(pem_of([SUB.certificate]).encode() + crl(encoding=Encoding.PEM))
    found = lists(tmp_path, first, second)
    await found.load()
    assert found.is_revoked(bad)


async def test_an_address_is_asked_when_it_is_due_and_kept_over_a_restart(tmp_path: Path) -> None:
    (bad, *_), _ = issued()
    clock = SimulatedClock(NOW)
    async with canary(body=crl(bad)) as host:
        url = f"http://{host.host}/root.crl"
        found = lists(tmp_path, url, clock=clock)
        await found.load()
        assert (found.is_revoked(bad), host.asked) == (False, [])
        assert await found.look()
        assert found.is_revoked(bad)
        assert not await found.look()
        assert len(host.asked) == 1  # it is not due yet
        await clock.advance(FETCH_EVERY_S)
        assert not await found.look()
        assert len(host.asked) == 2
    again = lists(tmp_path, url, clock=clock)
    await again.load()  # the host is gone
    assert again.is_revoked(bad)


@pytest.mark.parametrize(
    "head",
    ["302 Found\r\nLocation: http://127.0.0.1:1/", "404 Not Found", "200 OK\r\nX-Bad"],
)
async def test_an_address_that_answers_badly_is_asked_again_soon(tmp_path: Path, head: str) -> None:
    clock = SimulatedClock(NOW)
    async with canary(head, b"junk") as host:
        found = lists(tmp_path, f"http://{host.host}/", clock=clock)
        assert not await found.look()
        assert found.sources[0].fault
        await clock.advance(FETCH_AGAIN_S)
        assert not await found.look()
        assert len(host.asked) == 2


async def test_a_list_without_end_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chargeplane.csms.certificates.lists.LIST_BYTES_MAX", 1000)
    async with canary(body=bytes(2000)) as host:
        found = lists(tmp_path, f"http://{host.host}/")
        assert not await found.look()
    assert "more than 1000 bytes" in found.sources[0].fault


@pytest.mark.parametrize("place", ["ftp://ca.example/x.crl", "file:///etc/passwd"])
def test_other_addresses_are_refused_at_the_start(tmp_path: Path, place: str) -> None:
    with pytest.raises(PkiFault, match="http"):
        lists(tmp_path, place)
    with pytest.raises(PkiFault, match="more than"):
        lists(tmp_path, *(f"{number}.crl" for number in range(SOURCES_MAX + 1)))


async def test_a_station_on_a_list_is_cut_off_and_does_not_come_back(
    sqlite_store: Store, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chargeplane.csms.certificates.service.LOOK_EVERY_S", 0.05)
    file = tmp_path / "other.crl"
    file.write_bytes(crl())
    chain, key = issued()
    trusted = (ROOT.certificate,)
    found = lists(tmp_path, file)
    async with opened(sqlite_store, vault, tmp_path, roots=trusted, lists=found) as site:
        await site.add(3)
        station = site.station("2.1", 3)
        station.core.hub.keys.give(STATION, chain, key)
        async with station:
            assert await site.central.certificates.cut() == 0
            put(file, crl(chain[0]))
            await station.until(lambda core: not core.hub.is_online)
        late = site.station("2.1", 3, ready_timeout_s=0.5)
        late.core.hub.keys.give(STATION, chain, key)
        with pytest.raises(TimeoutError, match="401"):
            async with late:
                pass
        await site.central.recorder.flush()
        async with client(sqlite_store, *site.central.routes) as rest:
            events = (await rest.get("/security-events")).json()["items"]
    told = [each for each in events if each["type"] == "RevokedCertificate"]
    assert [(each["station_id"], each["severity"]) for each in told] == [("CP1", "critical")]


async def test_who_is_revoked_here_is_cut_off_as_well_and_nobody_else(site: Site) -> None:
    for name in ("CP1", "CP2"):
        await site.add(2, name)
    async with site.station("2.1", 2) as station, site.station("2.1", 2, identity="CP2") as other:
        station.act(lambda core, now_s: core.hub.tell(CertificateWanted(STATION)))
        row = await site.certificate_of(station)
        await allow(site, 3)
        own, key = station.core.hub.keys._own[STATION]
        third = site.station("2.1", 3)
        third.core.hub.keys.give(STATION, own, key)
    async with third, site.station("2.1", 2, identity="CP2") as other:
        await site.central.certificates.revoke(TENANT_ID, row.fingerprint)
        await third.until(lambda core: not core.hub.is_online)
        assert other.is_online
