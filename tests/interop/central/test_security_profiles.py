"""The PyPI package ``test-ocpp`` with the security profiles 1 to 3, and with what is wrong."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import test_ocpp
from websockets.exceptions import InvalidMessage, InvalidStatus

from chargeplane.runtime.pki import Authority, KeyKind, Purpose, Vault, new_key, pem_of_key
from chargeplane.runtime.store import Function, Store
from tests.csms.certificates.site import CLOCK, FALSE, PASSWORD, Site, false_port, opened
from tests.csms.making import make_tenant
from tests.databases import copy_of

LIFE = timedelta(days=30)


@pytest.fixture
async def site(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Site]:
    vault = Vault(tmp_path / "pki", [b"a passphrase"])
    vault.init("Operator", CLOCK.now())
    async with Store(copy_of(sqlite_template, tmp_path)) as store:
        await store.write(Function(make_tenant))
        async with opened(store, vault, tmp_path) as site:
            (tmp_path / "root.pem").write_text(site.root_pem)
            yield site


def credentials(site: Site, folder: Path, profile: int, what: str = "own") -> dict[str, Any]:
    """What a station of a profile comes with; ``what``: whose its certificate is."""
    if profile < 3:
        own: dict[str, Any] = {"password": PASSWORD}
        return own | ({"ca": str(folder / "root.pem")} if profile == 2 else {})
    now, key = CLOCK.now(), new_key()
    ours = site.vault.authority(Purpose.STATION)
    other = Authority.new("other", KeyKind.P256, now, LIFE, "Operator")
    issued = (other if what == "another root" else ours).issue(
        key.public_key(),
        "CP2" if what == "another station" else "CP1",
        Purpose.STATION,
        now - 2 * LIFE if what == "old" else now,
        LIFE,
    )
    (folder / "station.pem").write_bytes(issued.pem)
    (folder / "station.key").write_bytes(pem_of_key(key))
    names = {"cert": "station.pem", "key": "station.key", "ca": "root.pem"}
    return {name: str(folder / file) for name, file in names.items()}


def address(site: Site, profile: int) -> str:
    return f"ws://127.0.0.1:{site.plain}" if profile < 2 else f"wss://127.0.0.1:{site.secure}"


@pytest.mark.parametrize("profile", [1, 2, 3])
@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_it_connects_with_every_profile(
    site: Site, tmp_path: Path, version: str, profile: int
) -> None:
    await site.add(profile)
    result = await test_ocpp.check_connection(
        f"{address(site, profile)}/ocpp",
        "CP1",
        ocpp=version,
        **credentials(site, tmp_path, profile),
    )
    assert result.boot_notification["status"] == "Accepted"
    assert await site.profile() == profile


@pytest.mark.parametrize("what", ["another root", "another station", "old"])
async def test_a_certificate_that_is_not_its_own_opens_nothing(
    site: Site, tmp_path: Path, what: str
) -> None:
    await site.add(3)
    with pytest.raises((ssl.SSLError, ConnectionError, InvalidMessage, InvalidStatus)):
        await test_ocpp.check_connection(
            f"{address(site, 3)}/ocpp", "CP1", **credentials(site, tmp_path, 3, what)
        )
    assert not site.central.gateway.conversations


@pytest.mark.parametrize("lower", [1, 2])
async def test_a_lower_profile_than_its_own_opens_nothing(
    site: Site, tmp_path: Path, lower: int
) -> None:
    await site.add(lower + 1)
    with pytest.raises(InvalidStatus) as caught:
        await test_ocpp.check_connection(
            f"{address(site, lower)}/ocpp", "CP1", **credentials(site, tmp_path, lower)
        )
    assert caught.value.response.status_code == 401


@pytest.mark.parametrize("what", FALSE)
async def test_it_refuses_a_central_system_that_it_cannot_trust(
    site: Site, tmp_path: Path, what: str
) -> None:
    await site.add(2)
    port = await false_port(site, what, tmp_path)
    with pytest.raises(ssl.SSLError, match="certificate verify failed"):
        await test_ocpp.check_connection(
            f"wss://127.0.0.1:{port}/ocpp", "CP1", **credentials(site, tmp_path, 2)
        )
