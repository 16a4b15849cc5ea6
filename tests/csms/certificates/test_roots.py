"""Authorities are renewed in time, and a new root reaches the stations that have the old one."""

from __future__ import annotations

import logging
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from chargeplane.csms.certificates.issuing import LocalIssuer
from chargeplane.runtime.pki import PkiFault, Purpose, Vault, fingerprint
from chargeplane.runtime.store import Store
from tests.csms.certificates.site import CLOCK, Site, opened
from tests.csms.making import TENANT_ID
from tests.csms.rest import client

NOW = CLOCK.now()
YEAR = timedelta(days=365)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    Vault(folder, [b"a passphrase"]).init("Operator", NOW)
    return folder


@pytest.fixture
def vault(made: Path, tmp_path: Path) -> Vault:
    """One of its own for each test."""
    return Vault(shutil.copytree(made, tmp_path / "pki"), [b"a passphrase"])


async def test_nothing_is_renewed_that_has_time(vault: Vault) -> None:
    before = vault.root()
    assert await LocalIssuer(vault).renew_due(NOW + 7 * YEAR) == []
    assert vault.root() == before


async def test_authorities_are_renewed_two_years_before_their_end(vault: Vault) -> None:
    issuer, later = LocalIssuer(vault), NOW + 8.5 * YEAR
    assert await issuer.renew_due(later) == [str(each) for each in Purpose]
    assert await issuer.renew_due(later) == []
    ends_at = await issuer.use(Purpose.STATION, lambda it: it.certificate.not_valid_after_utc)
    assert ends_at - later > 9 * YEAR
    assert issuer.old_root is None


async def test_a_root_is_renewed_three_years_before_its_end_and_all_below_with_it(
    vault: Vault,
) -> None:
    issuer, later, before = LocalIssuer(vault), NOW + 17.5 * YEAR, vault.root()
    assert await issuer.renew_due(later) == ["root", *(str(each) for each in Purpose)]
    assert await issuer.renew_due(later) == []
    assert issuer.root.not_valid_after_utc - later > 19 * YEAR
    assert issuer.old_root == before


async def test_without_the_key_of_the_root_it_is_told(
    sqlite_store: Store, vault: Vault, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    vault.renew(Purpose.STATION, NOW - 8.5 * YEAR)
    (vault.folder / "root.key").unlink()
    with pytest.raises(PkiFault, match="root"):
        await LocalIssuer(vault).renew_due(NOW)
    async with opened(sqlite_store, vault, tmp_path) as site:
        await site.central.certificates.sweep()
    told = [each for each in caplog.records if "cannot be renewed" in each.getMessage()]
    assert {each.levelno for each in told} == {logging.ERROR}


async def _waiting(site: Site) -> int:
    async with client(site.store, *site.central.routes) as rest:
        found = (await rest.get("/certificates/root")).json()
    assert found["not_after"]
    count: int = found["waiting"]
    return count


@pytest.mark.parametrize("version", ["1.6", "2.1"])
async def test_a_renewed_root_reaches_the_stations_and_they_come_back_by_it(
    sqlite_store: Store, vault: Vault, tmp_path: Path, version: str
) -> None:
    async with opened(sqlite_store, vault, tmp_path) as site:
        await site.add(2)
        await site.add(2, "CP2")
        await site.add(1, "CP3")  # it has no root
        station, sweep = site.station(version, 2), site.central.certificates.sweep
        async with station:
            await sweep()
            assert await _waiting(site) == 0  # there is no new root
            vault.renew_root(CLOCK.now())
            assert await _waiting(site) == 2
            await sweep()
            assert await _waiting(site) == 1  # the other one is not here
            trusted = [
                fingerprint(each) for each in station.core.hub.keys.roots("CSMSRootCertificate")
            ]
            assert fingerprint(vault.root()) in trusted
            local = site.central.certificates.local
            assert local is not None
            assert await site.central.certificates.roots.sweep(TENANT_ID, local) == 0
        later = CLOCK.now() + timedelta(minutes=1)
        await site.add(2, "CP4", created_at=later)  # who is added now has it from the beginning
        assert await _waiting(site) == 1
        async with site.station(version, 2) as again:  # which trusts the new root alone
            assert again.is_online
