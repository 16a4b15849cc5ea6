"""Options that several commands share, and the settings that come of them.

Whoever opens a database has imported this, and so every table of every part is known: a database
that was upgraded without knowing some of them would lack them.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import URL

import chargeplane.csms.central
import chargeplane.runtime.access  # noqa: F401 - for the tables, as the line above
from chargeplane.runtime import settings as runtime
from chargeplane.runtime.keyring import Keyring
from chargeplane.runtime.pki import Token, Vault
from chargeplane.runtime.secrets import SecretError
from chargeplane.runtime.settings import Settings
from chargeplane.runtime.store import Settings as StoreSettings
from chargeplane.runtime.store import StoreError
from chargeplane.runtime.store.engines import backend_of

__all__ = [
    "AsJson",
    "Config",
    "Data",
    "Database",
    "keyring_of",
    "make_folder",
    "origins_of",
    "secret_keys",
    "settings_of",
    "store_settings",
    "token_of",
    "vault_of",
]

DEFAULT_FILE = Path("chargeplane.toml")
_DATABASE_FILE = "chargeplane.db"
SECRET_FILE = "secret.key"
PIN_VARIABLE = "CHARGEPLANE_PKCS11_PIN"

Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings; chargeplane.toml if it is there."),
]
Data = Annotated[
    str | None,
    typer.Option(metavar="DIR", help="Folder of the embedded database, keys and certificates."),
]
Database = Annotated[
    str | None,
    typer.Option(metavar="URL", help="postgresql://... instead of the embedded database."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def settings_of(config: Path | None, **flags: Any) -> Settings:
    """The settings of a command: flags, environment, file and defaults, in this order.

    Raises:
        SettingsError: with every fault, each by its source and key.
    """
    return runtime.load(flags, os.environ, _file_of(config))


def origins_of(config: Path | None, **flags: Any) -> dict[str, str]:
    """Where the settings of a command were set, by name; those at their default are missing."""
    return runtime.origins(flags, os.environ, _file_of(config))


def _file_of(config: Path | None) -> Path | None:
    return DEFAULT_FILE if config is None and DEFAULT_FILE.is_file() else config


def secret_keys(settings: Settings) -> Sequence[bytes]:
    """The secret keys of the installation; a file with one is made if there is none.

    Raises:
        SettingsError: they cannot be used.
    """
    return keyring_of(settings).keys


def keyring_of(settings: Settings) -> Keyring:
    """The same, for whoever runs on while they are rotated.

    Raises:
        SettingsError: as ``secret_keys``.
    """
    make_folder(settings)
    try:
        return Keyring(os.environ, settings.data / SECRET_FILE)
    except SecretError as error:
        raise runtime.SettingsError((f"secret key: {error}",)) from error
    except OSError as error:
        why = f"{error.filename}: {error.strerror}"
        raise runtime.SettingsError((f"secret key: {why}",)) from error


def make_folder(settings: Settings) -> None:
    """Make the folder of data, if it is missing, for its owner alone.

    Raises:
        SettingsError: it cannot be made.
    """
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise runtime.SettingsError((f"data: {settings.data}: {error.strerror}",)) from error


def vault_of(settings: Settings, keyring: Keyring | None = None) -> Vault:
    """Where the certificate authority of the installation is.

    ``keyring``: of whoever runs on while secret keys are rotated.

    Raises:
        SettingsError: as ``secret_keys``; or a hardware token is not set as it has to be.
    """
    keyring = keyring or keyring_of(settings)
    passphrases = _passphrases_of(keyring.keys)
    vault = Vault(settings.data / "pki", passphrases, token_of(settings), keyring.look)
    keyring.bind(lambda keys: vault.use(_passphrases_of(keys)))
    return vault


def _passphrases_of(keys: Sequence[bytes]) -> list[bytes]:
    """Those of the keys of the authority, one for each secret key."""
    derived = (hmac.digest(key, b"chargeplane pki", "sha256") for key in keys)
    return [each.hex().encode() for each in derived]


def token_of(settings: Settings) -> Token | None:
    """The hardware token that holds keys of the authority; None if there is none.

    Raises:
        SettingsError: something of it is not set.
    """
    module, label = settings.pkcs11_module, settings.pkcs11_token
    if not module and not label:
        return None
    pin = os.environ.get(PIN_VARIABLE, "")
    faults = [
        f"{name}: a hardware token wants it as well"
        for name, value in (("pkcs11_module", module), ("pkcs11_token", label), (PIN_VARIABLE, pin))
        if not value
    ]
    if faults:
        raise runtime.SettingsError(tuple(faults))
    return Token(module, label, pin)


def store_settings(settings: Settings) -> StoreSettings:
    """Where the database is; nothing is made there.

    Raises:
        SettingsError: the address is none.
    """
    if settings.database:
        found = StoreSettings(settings.database)
        try:
            backend_of(found)
        except StoreError as error:
            raise runtime.SettingsError((f"database: {error}",)) from error
        return found
    path = (settings.data / _DATABASE_FILE).absolute()
    return StoreSettings(URL.create("sqlite", database=str(path)).render_as_string())
