"""``station``: what it prints, what it refuses, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chargeplane.cli.exits import Exit
from chargeplane.cli.main import COMMANDS
from tests.cli.calling import call


def listed(data: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(call("station", "list", "--json", data=data).stdout)
    return found


def test_a_station_is_added_with_a_password_that_is_shown_once(data: Path) -> None:
    added = call("station", "add", "CP1", "--name", "Town hall", data=data)
    assert added.exit_code == Exit.DONE
    secret = added.stdout.strip()
    assert len(secret) >= 20
    [station] = listed(data)
    assert (station["id"], station["registration"]) == ("CP1", "accepted")
    assert secret not in call("station", "show", "CP1", data=data).stdout


def test_a_station_of_profile_0_needs_no_password(data: Path) -> None:
    added = call("station", "add", "CP1", "--security-profile", "0", data=data)
    assert added.exit_code == Exit.DONE
    assert added.stdout == ""


def test_a_password_can_be_given(data: Path) -> None:
    words = ("station", "add", "CP1", "--password", "nine-lives-of-a-cat", "--json")
    assert json.loads(call(*words, data=data).stdout)["password"] == "nine-lives-of-a-cat"


@pytest.mark.parametrize(
    "words",
    [
        ("a/b",),
        ("CP1", "--password", "short"),
        ("x" * 49,),
        ("CP1", "--soap-host", "http://192.0.2.7"),
        ("CP1", "--soap-host", ""),
    ],
    ids=["a path", "a short password", "a long identity", "a URL for a host", "no host"],
)
def test_what_no_station_can_have_is_refused(data: Path, words: tuple[str, ...]) -> None:
    result = call("station", "add", *words, data=data)
    assert result.exit_code == Exit.REFUSED
    assert "$" not in result.stderr
    assert listed(data) == []


def test_an_identity_is_taken_once(data: Path) -> None:
    assert call("station", "add", "CP1", data=data).exit_code == Exit.DONE
    again = call("station", "add", "CP1", data=data)
    assert again.exit_code == Exit.REFUSED
    assert "already" in again.stderr


def test_a_station_is_shown_as_json_and_as_text(data: Path) -> None:
    call("station", "add", "CP1", "--site", "depot", data=data)
    shown = json.loads(call("station", "show", "CP1", "--json", data=data).stdout)
    assert (shown["id"], shown["site_id"], shown["evses"]) == ("CP1", "depot", [])
    assert "depot" in call("station", "show", "CP1", data=data).stdout
    assert call("station", "show", "CP2", data=data).exit_code == Exit.REFUSED


def test_the_host_of_a_soap_station_is_registered_and_shown(data: Path) -> None:
    added = call("station", "add", "CP1", "--soap-host", "CP1.Example", data=data)
    assert added.exit_code == Exit.DONE
    assert "cp1.example" in call("station", "show", "CP1", data=data).stdout


def test_the_command_is_part_of_the_program() -> None:
    assert "station" in COMMANDS
