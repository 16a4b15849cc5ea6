"""A site of its own for each test; its authority is made once for a module."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chargeplane.runtime.pki import Vault
from chargeplane.runtime.store import Store
from tests.csms.certificates.site import CLOCK, Site, opened


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    vault = Vault(tmp_path_factory.mktemp("pki"), [b"a passphrase"])
    vault.init("Operator", CLOCK.now())
    return vault


@pytest.fixture
async def site(sqlite_store: Store, vault: Vault, tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(sqlite_store, vault, tmp_path) as site:
        yield site
