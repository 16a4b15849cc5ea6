"""``chargeplane db``: upgrade, backup, verification and restore of the database."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from chargeplane.cli.exits import told
from chargeplane.cli.options import (
    AsJson,
    Config,
    Data,
    Database,
    make_folder,
    settings_of,
    store_settings,
)
from chargeplane.runtime import store

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Upgrade, backup and restore of the database.")

Counts = dict[str, int]
Progress = Callable[[str, int], None]

BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="The backup, an SQLite file.")]


@app.command(epilog="Example: chargeplane db upgrade --data /var/lib/chargeplane")
def upgrade(
    as_json: AsJson = False, config: Config = None, data: Data = None, database: Database = None
) -> None:
    """Make the database, or bring it up to this program. `serve` does the same at its start."""
    with told():
        settings = settings_of(config, data=data, database=database)
        if not settings.database:
            make_folder(settings)
        stands = store.upgrade(store_settings(settings))
        typer.echo(json.dumps({"revisions": stands}) if as_json else "\n".join(stands))


@app.command(epilog="Example: chargeplane db backup backup-2026-11-21.db")
def backup(
    file: BackupFile,
    as_json: AsJson = False,
    config: Config = None,
    data: Data = None,
    database: Database = None,
) -> None:
    """Write a verified backup to a new file, while the program runs. It holds secrets: guard it."""
    with told():
        where = store_settings(settings_of(config, data=data, database=database))
        counts = _shown("Backup", lambda progress: store.backup(where, file, progress=progress))
        _report(counts, f"{file} holds", as_json=as_json)


@app.command(epilog="Example: chargeplane db restore backup-2026-11-21.db --data ./restored")
def restore(
    file: BackupFile,
    as_json: AsJson = False,
    config: Config = None,
    data: Data = None,
    database: Database = None,
) -> None:
    """Fill a new, empty database from a backup, and verify it. Either engine takes any backup."""
    with told():
        where = store_settings(settings_of(config, data=data, database=database))
        counts = _shown("Restore", lambda progress: store.restore(file, where, progress=progress))
        _report(counts, "the database holds", as_json=as_json)


@app.command(epilog="Example: chargeplane db verify backup-2026-11-21.db")
def verify(file: BackupFile, as_json: AsJson = False) -> None:
    """Check every page and every reference of a backup."""
    with told():
        _report(store.verify(file), f"{file} is sound and holds", as_json=as_json)


def _shown(what: str, work: Callable[[Progress], Counts]) -> Counts:
    """Do the work and show on a terminal how far it is."""
    with Console(stderr=True).status(f"{what} ...") as status:
        return work(lambda table, rows: status.update(f"{what}: {table}, {rows} rows"))


def _report(counts: Counts, words: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"rows": counts}))
        return
    typer.echo(f"{words} {sum(counts.values())} rows:")
    for table, rows in counts.items():
        typer.echo(f"  {table:<24} {rows:>12}")
