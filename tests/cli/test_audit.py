"""``chargeplane audit``: what the command line has done is in the log, and a forgery is found."""

from __future__ import annotations

import json
import os
import pwd
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from chargeplane.cli.exits import Exit
from tests.cli.calling import call

AUDIT_WORDS = Path(__file__).resolve().parents[2] / "ui/src/blocks/audit/words.de.json"


def log_of(data: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in call("audit", "export", data=data).stdout.splitlines()]


def head_of(data: Path) -> str:
    told: dict[str, str] = json.loads(call("audit", "verify", "--json", data=data).stdout)
    return told["head"]


def test_what_the_command_line_changes_is_in_the_log(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "somebody else")
    commands = [
        ("token", "create", "ci"),
        ("token", "revoke", "ci"),
        ("user", "add", "root", "--role", "admin", "--generate"),
        ("user", "password", "root", "--generate"),
        ("station", "add", "CP1"),
        ("pki", "init"),
    ]
    looks = [("token", "list"), ("user", "list"), ("station", "list"), ("pki", "show")]
    for words in commands + looks:
        assert call(*words, data=data).exit_code == Exit.DONE
    found = log_of(data)
    assert [entry["action"] for entry in found] == [
        "tokens create", "tokens revoke", "users add", "users password", "stations add", "pki init",
    ]  # fmt: skip
    words = json.loads(AUDIT_WORDS.read_text(encoding="utf-8"))
    assert all(f"a_{entry['action']}" in words for entry in found)
    me = (str(os.getuid()), pwd.getpwuid(os.getuid()).pw_name)
    assert {(entry["actor_kind"], entry["actor_id"], entry["actor_name"]) for entry in found} == {
        ("command-line", *me)
    }


def test_a_refused_command_leaves_no_entry(data: Path) -> None:
    assert call("user", "remove", "nobody", data=data).exit_code == Exit.REFUSED
    assert log_of(data) == []


def test_an_authority_may_be_made_before_there_is_a_database(tmp_path: Path) -> None:
    result = call("pki", "init", data=tmp_path / "new")
    assert result.exit_code == Exit.DONE
    assert "not in the audit log" in result.stderr


def test_a_whole_log_is_verified_also_against_an_earlier_head(data: Path) -> None:
    call("token", "create", "one", data=data)
    kept = head_of(data)
    call("token", "create", "two", data=data)
    result = call("audit", "verify", "--head", kept, data=data)
    assert result.exit_code == Exit.DONE
    assert result.stdout.startswith("2:")
    assert call("audit", "verify", "--head", "nonsense", data=data).exit_code == Exit.REFUSED


def test_a_forged_log_is_told_with_the_place(data: Path) -> None:
    for name in ("one", "two", "three"):
        call("token", "create", name, data=data)
    with closing(sqlite3.connect(data / "chargeplane.db")) as file, file:
        file.execute("UPDATE audit_log SET actor_name = 'nobody' WHERE seq = 2")
    result = call("audit", "verify", data=data)
    assert result.exit_code == Exit.REFUSED
    assert "broken at entry 2: it was changed" in result.stderr
