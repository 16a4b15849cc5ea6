"""``db``: upgrade, backup, verification and restore."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from chargeplane.cli.exits import Exit
from tests.cli.calling import call


def test_upgrade_makes_a_database_and_does_nothing_twice(tmp_path: Path) -> None:
    data = tmp_path / "new"
    first = call("db", "upgrade", "--json", data=data)
    assert "access_0002" in json.loads(first.stdout)["revisions"]
    assert call("db", "upgrade", "--json", data=data).stdout == first.stdout
    assert (data.stat().st_mode & 0o777) == 0o700


def test_what_is_backed_up_is_restored(data: Path, tmp_path: Path) -> None:
    secret = call("token", "create", "ci", data=data).stdout
    backup = tmp_path / "backup.db"
    held = json.loads(call("db", "backup", str(backup), "--json", data=data).stdout)
    assert held["rows"]["api_tokens"] == 1
    assert json.loads(call("db", "verify", str(backup), "--json").stdout) == held
    restored = tmp_path / "restored"
    assert json.loads(call("db", "restore", str(backup), "--json", data=restored).stdout) == held
    assert secret[:8] in call("token", "list", data=restored).stdout
    assert "holds" in call("db", "verify", str(backup)).stdout


def test_nothing_is_overwritten(data: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    call("db", "backup", str(backup), data=data)
    before = backup.read_bytes()
    again = call("db", "backup", str(backup), data=data)
    over = call("db", "restore", str(backup), data=data)
    assert (again.exit_code, over.exit_code) == (Exit.DATABASE, Exit.DATABASE)
    assert "exists already" in again.stderr
    assert backup.read_bytes() == before


def test_a_backup_into_no_folder_is_told(data: Path) -> None:
    result = call("db", "backup", str(data / "chargeplane.db" / "backup.db"), data=data)
    assert result.exit_code == Exit.DATABASE
    assert "chargeplane.db" in result.stderr


def test_a_damaged_backup_is_found(data: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    call("db", "backup", str(backup), data=data)
    half = backup.read_bytes()
    backup.write_bytes(half[: len(half) // 2])
    result = call("db", "verify", str(backup))
    assert result.exit_code == Exit.DATABASE
    assert "backup.db" in result.stderr


def test_a_database_of_a_newer_program_is_refused_and_left_alone(data: Path) -> None:
    path = data / "chargeplane.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO alembic_version VALUES ('access_9999')")
        connection.commit()
    for words in (("db", "upgrade"), ("user", "list"), ("serve",)):
        result = call(*words, data=data)
        assert result.exit_code == Exit.DATABASE
        assert "newer program" in result.stderr


def test_an_address_that_is_none_is_told(tmp_path: Path) -> None:
    result = call("db", "upgrade", "--database", "mysql://here/there", data=tmp_path)
    assert result.exit_code == Exit.USAGE
    assert "database: mysql is not supported" in result.stderr
