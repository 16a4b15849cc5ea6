"""Folders with a new database, and a working directory without settings."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from chargeplane.cli.exits import Exit
from chargeplane.cli.options import store_settings
from chargeplane.runtime.settings import Settings
from chargeplane.runtime.store import upgrade
from tests.cli.calling import PASSWORD, call


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of the working directory; of the environment no test has any."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A command that runs in this process takes the log for itself."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    upgrade(store_settings(Settings(data=folder)))
    return folder


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    """The folder of an upgraded database without a row."""
    return Path(shutil.copytree(made, tmp_path / "data"))


@pytest.fixture(scope="session")
def made_with_ada(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(shutil.copytree(made, tmp_path_factory.mktemp("staffed") / "data"))
    words = ("user", "add", "ada", "--role", "admin", "--password-stdin")
    assert call(*words, data=folder, stdin=PASSWORD).exit_code == Exit.DONE
    return folder


@pytest.fixture
def staffed(made_with_ada: Path, tmp_path: Path) -> Path:
    """The folder of a database with one user: ada, an administrator."""
    return Path(shutil.copytree(made_with_ada, tmp_path / "staffed"))
