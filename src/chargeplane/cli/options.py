"""Options that several commands share, and the settings that come of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import URL

from chargeplane.runtime import settings as runtime
from chargeplane.runtime.settings import Settings
from chargeplane.runtime.store import Settings as StoreSettings

__all__ = ["AsJson", "Config", "Data", "Database", "settings_of", "store_settings"]

DEFAULT_FILE = Path("chargeplane.toml")
_DATABASE_FILE = "chargeplane.db"

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
    if config is None and DEFAULT_FILE.is_file():
        config = DEFAULT_FILE
    return runtime.load(flags, os.environ, config)


def store_settings(settings: Settings) -> StoreSettings:
    """Where the database is; the folder of an embedded one is made if it is missing.

    Raises:
        SettingsError: the folder cannot be made.
    """
    if settings.database:
        return StoreSettings(settings.database)
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise runtime.SettingsError((f"data: {settings.data}: {error.strerror}",)) from error
    path = (settings.data / _DATABASE_FILE).absolute()
    return StoreSettings(URL.create("sqlite", database=str(path)).render_as_string())
