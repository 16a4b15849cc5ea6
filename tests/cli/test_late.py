"""The list of commands is quick: what a command needs is imported when it is called."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from chargeplane.cli.exits import Exit
from chargeplane.cli.late import loaded
from chargeplane.cli.main import COMMANDS
from chargeplane.cli.parts import PARTS
from chargeplane.runtime.store import SCHEMA
from tests.cli.calling import call, process

# It ends as the command does, and says which of the heavy ones it has imported.
_WATCHED = """
import atexit, sys
heavy = {"sqlalchemy", "litestar", "cryptography", "lxml", "httpx", "rich", "uvloop"}
atexit.register(lambda: print("imported", sorted(heavy & set(sys.modules))))
from chargeplane.cli.main import main
main()
"""


@pytest.mark.parametrize("words", [("--help",), ("version",), ("sever",)], ids=" ".join)
def test_a_list_a_version_and_a_typing_error_import_nothing_heavy(words: tuple[str, ...]) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _WATCHED, *words],
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
    )
    assert ended.returncode == (Exit.USAGE if words == ("sever",) else Exit.DONE)
    assert ended.stdout.splitlines()[-1] == "imported []"


def test_a_command_that_is_loaded_alone_makes_the_tables_of_the_whole_program(
    tmp_path: Path,
) -> None:
    with process(tmp_path, "db", "upgrade", "--data", "new") as running:
        running.communicate(timeout=60)
    with closing(sqlite3.connect(tmp_path / "new" / "chargeplane.db")) as database:
        made = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
    assert PARTS  # with them, all parts are imported here
    assert made >= set(SCHEMA.metadata.tables)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_itself_says_first(name: str) -> None:
    own = loaded(name, COMMANDS[name]).help
    assert " ".join(own.split("\n\n")[0].split()) == COMMANDS[name].help


def test_every_command_is_listed_and_a_typing_error_is_helped_with() -> None:
    listed = call("--help").stdout
    for name in (*COMMANDS, "version"):
        assert f"\n  {name} " in listed
    assert "Did you mean 'station'" in call("staton").stderr


@pytest.mark.parametrize(
    "words", [(), *((n,) for n, each in COMMANDS.items() if not each.function)]
)
def test_no_summary_in_a_list_is_cut(words: tuple[str, ...]) -> None:
    listed = call(*words, "--help").stdout.partition("Commands:")[2]
    assert listed
    assert "..." not in listed
