"""``user`` and ``token``: what they print, what they refuse, and how they end."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from chargeplane.cli.exits import Exit
from tests.cli.calling import PASSWORD, call


def users(data: Path) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(call("user", "list", "--json", data=data).stdout)
    return listed


def tokens(data: Path) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(call("token", "list", "--json", data=data).stdout)
    return listed


def add(data: Path, name: str, role: str = "viewer") -> None:
    words = ("user", "add", name, "--role", role, "--password-stdin")
    assert call(*words, data=data, stdin=PASSWORD + "\n").exit_code == Exit.DONE


def test_a_token_may_be_limited_to_permissions_and_sites(data: Path) -> None:
    limits = ("--permission", "stations:read", "--permission", "sites:read", "--site", "north")
    assert call("token", "create", "ci", "--role", "operator", *limits, data=data).exit_code == 0
    with closing(sqlite3.connect(data / "chargeplane.db")) as file:
        [row] = file.execute("SELECT permissions, sites FROM api_tokens").fetchall()
    assert row == ('["sites:read","stations:read"]', '["north"]')


def test_a_user_is_added_listed_and_removed(data: Path) -> None:
    add(data, "root", "admin")
    add(data, "ada", "operator")
    assert [(user["name"], user["role"]) for user in users(data)] == [
        ("root", "admin"),
        ("ada", "operator"),
    ]
    assert users(data)[0]["created_at"].endswith("Z")
    assert call("user", "remove", "ada", data=data).exit_code == Exit.DONE
    assert [user["name"] for user in users(data)] == ["root"]


def test_a_made_password_is_the_only_word_on_stdout(data: Path) -> None:
    made = call("user", "add", "ada", "--generate", data=data)
    again = call("user", "password", "ada", "--generate", data=data)
    assert len(made.stdout.strip()) >= 20
    assert made.stdout.count("\n") == 1
    assert "ada can log in" in made.stderr
    assert made.stdout != again.stdout


@pytest.mark.parametrize(
    ("words", "stdin", "said"),
    [
        (("add", "ada", "--password-stdin"), PASSWORD, "there is a user ada already"),
        (("add", "bob", "--password-stdin"), "short", "12 to 256 characters"),
        (("add", "bob", "--password-stdin"), "", "12 to 256 characters"),
        (("add", "bob"), "", "no terminal"),
        (("add", "", "--generate"), "", "printable characters"),
        (("add", "b\x1b[31mb", "--generate"), "", "printable characters"),
        (("remove", "bob"), "", "there is no user bob"),
        (("remove", "ada"), "", "last administrator"),
        (("password", "bob", "--generate"), "", "there is no user bob"),
    ],
    ids=lambda each: " ".join(each)[:30].replace("\x1b", "?") if isinstance(each, tuple) else "",
)
def test_what_cannot_be_done_says_why_and_ends_with_1(
    staffed: Path, words: tuple[str, ...], stdin: str, said: str
) -> None:
    result = call("user", *words, data=staffed, stdin=stdin)
    assert result.exit_code == Exit.REFUSED
    assert result.stderr.startswith("error: ")
    assert said in result.stderr
    assert result.stdout == ""
    assert [user["name"] for user in users(staffed)] == ["ada"]


def test_a_token_is_printed_once_and_listed_without_its_secret(data: Path) -> None:
    made = call("token", "create", "ci", "--role", "operator", data=data)
    secret = made.stdout.strip()
    assert secret.startswith("cp_")
    assert "cannot be shown again" in made.stderr
    listed = call("token", "list", data=data).stdout
    assert "ci" in listed
    assert secret not in listed
    assert secret[:8] in listed
    assert call("token", "revoke", "ci", data=data).exit_code == Exit.DONE
    assert tokens(data) == []


def test_a_token_as_json_has_its_expiry(data: Path) -> None:
    words = ("token", "create", "ci", "--expires-days", "30", "--json")
    made = json.loads(call(*words, data=data).stdout)
    assert made["token"].startswith(made["hint"])
    assert made["expires_at"] > made["created_at"]
    assert tokens(data) == [{key: made[key] for key in made if key != "token"}]


def test_a_name_of_two_tokens_revokes_neither(data: Path) -> None:
    for _ in range(2):
        call("token", "create", "ci", data=data)
    result = call("token", "revoke", "ci", data=data)
    assert result.exit_code == Exit.REFUSED
    assert "2 tokens are named ci" in result.stderr
    assert call("token", "revoke", tokens(data)[0]["id"], data=data).exit_code == Exit.DONE
    assert len(tokens(data)) == 1
    assert call("token", "revoke", "nothing", data=data).exit_code == Exit.REFUSED


@pytest.mark.parametrize(
    "words", [("user", "list"), ("station", "show", "CP1"), ("db", "backup", "backup.db")]
)
def test_a_command_that_finds_no_database_says_where_and_leaves_nothing_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    result = call(*words, data=tmp_path / "new")
    assert result.exit_code == Exit.DATABASE
    assert f"there is no database at {tmp_path / 'new' / 'chargeplane.db'}" in result.stderr
    assert "`chargeplane db upgrade` makes one" in result.stderr
    assert not [*tmp_path.iterdir()]


def test_a_database_without_tables_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "chargeplane.db").touch()
    result = call("user", "list", data=tmp_path)
    assert result.exit_code == Exit.DATABASE
    assert "the database is empty; `chargeplane db upgrade` makes its tables" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("user", "add", "ada", "--role", "king"),
        ("user", "add"),
        ("token", "create", "x", "--expires-days", "0"),
        ("nonsense",),
    ],
)
def test_a_wrong_command_line_ends_with_2(words: tuple[str, ...]) -> None:
    assert call(*words).exit_code == Exit.USAGE
