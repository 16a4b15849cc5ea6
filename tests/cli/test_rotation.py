"""The secret key is rotated under a server that runs: stations and second factors go on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from chargeplane.cli.exits import Exit
from chargeplane.cli.options import vault_of
from chargeplane.cli.rotation import LOOK_EVERY_S, Rotation
from chargeplane.csms.gateway.admission import Admission, Admitted
from chargeplane.csms.gateway.credentials import Visitor
from chargeplane.runtime.clock import SimulatedClock, SystemClock
from chargeplane.runtime.keyring import Keyring
from chargeplane.runtime.pki import Purpose, Vault
from chargeplane.runtime.secrets import Secrets, add_key
from chargeplane.runtime.settings import Settings
from chargeplane.runtime.store import Function, Store
from tests.cli.rotating import RIGHT, Installation
from tests.databases import copy_of


@pytest.fixture
def installation(sqlite_template: Path, tmp_path: Path) -> Installation:
    installation = Installation(tmp_path / "data", copy_of(sqlite_template, tmp_path))
    installation.furnish(stations=1)
    return installation


def _server(installation: Installation, store: Store) -> tuple[Rotation, Secrets, Vault, Admission]:
    """What a server knows, as it has started before the rotation."""
    keyring = Keyring({}, installation.data / "secret.key")
    secrets = Secrets(keyring.keys, keyring.look)
    keyring.bind(secrets.use)
    vault = vault_of(Settings(data=installation.data), keyring)
    rotation = Rotation(keyring, store, SystemClock(), secrets, vault)
    admission = Admission(store, SystemClock(), passwords=rotation.passwords)
    return rotation, secrets, vault, admission


async def _call(installation: Installation, *words: str) -> None:
    """A command beside the server."""
    answer = await asyncio.to_thread(installation.call, *words)
    assert answer.exit_code == Exit.DONE, answer.output


async def _comes(store: Store, admission: Admission) -> bool:
    verdict = await admission.judge(
        Visitor("CP0", "CP0", RIGHT.encode(), "10.0.0.1", False, ("ocpp1.6",))
    )
    await store.write(Function(lambda connection: None))  # behind what is not awaited
    return isinstance(verdict, Admitted)


async def test_a_server_takes_a_new_key_and_seals_anew_what_is_stored(
    installation: Installation,
) -> None:
    async with Store(installation.database) as store:
        rotation, _, vault, admission = _server(installation, store)
        await _call(installation, "rotate-key", "--later")
        new, *old = installation.keys()
        assert (await asyncio.to_thread(installation.uses))[1]["authority_keys"] > 0
        assert await _comes(store, admission)
        await rotation.look()
        assert await _comes(store, admission)
        used = (await asyncio.to_thread(installation.uses))[1]
        assert [used[each] for each in ("secrets", "authority_keys", "station_passwords")] == [
            0
        ] * 3
        await _call(installation, "forget-keys")
        assert installation.keys() == [new]
        await rotation.look()
        assert await _comes(store, admission)
        assert vault.authority(Purpose.STATION).between
        assert len(old) == 1
    assert await asyncio.to_thread(installation.second_factor, [new])


async def test_a_whole_rotation_by_command_disturbs_no_server(installation: Installation) -> None:
    async with Store(installation.database) as store:
        rotation, secrets, vault, admission = _server(installation, store)
        await _call(installation, "rotate-key")  # it seals anew by itself
        assert vault.authority(Purpose.STATION).between
        assert await _comes(store, admission)  # before the server has looked
        sealed = secrets.seal(b"x")
        await _call(installation, "forget-keys")
        await rotation.look()
        assert secrets.open(sealed) == b"x"
        assert await _comes(store, admission)


async def test_a_server_looks_by_itself_again_and_again(installation: Installation) -> None:
    async with Store(installation.database) as store:
        keyring = Keyring({}, installation.data / "secret.key")
        clock, vault = SimulatedClock(SystemClock().now()), Vault(installation.data, [b"x"])
        rotation = Rotation(keyring, store, clock, Secrets(keyring.keys), vault)
        watching = asyncio.create_task(rotation.watch())
        add_key(installation.data / "secret.key")
        await clock.advance(LOOK_EVERY_S)
        assert len(rotation.passwords.key_ids) == 2
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching
