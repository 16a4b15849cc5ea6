"""New databases with the tables of the whole program: made once in a run, then copied."""

from __future__ import annotations

import shutil
from pathlib import Path

import chargeplane.csms.central  # noqa: F401 - all tables of all blocks are part of the schema
from chargeplane.runtime.store import Schema, Settings, upgrade
from tests.runtime.postgres import Cluster


def sqlite_template(folder: Path, schema: Schema | None = None) -> Path:
    """A database with all tables and no rows."""
    path = folder / "template.db"
    _upgrade(Settings(f"sqlite:///{path}"), schema)
    return path


def postgres_template(cluster: Cluster, schema: Schema | None = None) -> str:
    """The name of such a database."""
    url = cluster.create()
    _upgrade(Settings(url), schema)
    return url.partition("?")[0].rpartition("/")[2]


def copy_of(template: Path, folder: Path) -> Settings:
    """A database of its own for one test."""
    path = folder / "store.db"
    shutil.copyfile(template, path)
    return Settings(f"sqlite:///{path}")


def _upgrade(settings: Settings, schema: Schema | None) -> None:
    if schema is None:
        upgrade(settings)
    else:
        upgrade(settings, schema)
