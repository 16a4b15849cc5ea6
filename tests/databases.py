"""New databases with the tables of the whole program, for tests above the store."""

from __future__ import annotations

import shutil
from pathlib import Path

import chargeplane.runtime.access.tables  # noqa: F401 - its tables are part of the schema
from chargeplane.runtime.store import Settings, upgrade


def make_template(folder: Path) -> Path:
    """An SQLite database with all tables and no rows."""
    path = folder / "template.db"
    upgrade(Settings(f"sqlite:///{path}"))
    return path


def copy_of(template: Path, folder: Path) -> Settings:
    """A database of its own for one test."""
    path = folder / "chargeplane.db"
    shutil.copyfile(template, path)
    return Settings(f"sqlite:///{path}")
