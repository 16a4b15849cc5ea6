"""``serve`` and ``demo`` as processes: what they show, what they refuse, how they end."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from chargeplane import __version__
from chargeplane.cli.exits import Exit
from chargeplane.cli.late import loaded
from chargeplane.cli.main import COMMANDS
from tests.cli.calling import PASSWORD, call, free_port, lines_until, ports, process, told

LAST = "Ctrl-C"
TOKEN = "a-token-of-my-own"


def me(address: str, token: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{address}api/v1/me", headers=headers)


def log_in(address: str, shown: str) -> httpx.Response:
    name, _, password = shown.partition(" ")
    return httpx.post(f"{address}api/v1/sessions", json={"name": name, "password": password})


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_serve_makes_its_database_shows_a_set_up_link_and_ends_in_order(
    tmp_path: Path, sign: signal.Signals
) -> None:
    port = free_port()
    words = ("serve", *ports(port), "--log-format", "json")
    with process(tmp_path, *words, CHARGEPLANE_API_TOKEN=TOKEN) as running:
        lines = lines_until(running, LAST)
        address = told(lines, "Console")
        assert address == f"http://127.0.0.1:{port}/"
        assert httpx.get(f"{address}health/ready").json()["status"] == "ready"
        assert me(address, TOKEN).json()["role"] == "admin"
        page, _, word = told(lines, "Set up").partition("#")
        assert page == f"{address}setup"
        assert "Set the installation up" in httpx.get(page).text
        setup = {"token": word, "name": "ada", "password": PASSWORD}
        assert httpx.post(f"{address}api/v1/setup", json=setup).status_code == 201
        assert log_in(address, f"ada {PASSWORD}").status_code == 201
        running.send_signal(sign)
        rest, errors = running.communicate(timeout=20)
    assert running.returncode == Exit.DONE
    assert rest == ""
    assert [json.loads(line)["event"] for line in errors.splitlines()] == ["stations may connect"]
    with process(tmp_path, *words) as running:
        lines = lines_until(running, "REST")
        assert me(address, TOKEN).status_code == 200
        running.send_signal(sign)
        rest, errors = running.communicate(timeout=20)
    assert "Set up" not in rest
    assert "Log in" not in rest
    assert TOKEN not in "\n".join(lines) + rest + errors


def test_a_demonstration_shows_a_login_and_a_token_at_every_start(tmp_path: Path) -> None:
    shown: list[tuple[str, str]] = []
    for _ in range(2):
        with process(tmp_path, "demo", *ports()) as running:
            lines = lines_until(running, LAST)
            address = told(lines, "Console")
            assert log_in(address, told(lines, "Log in")).status_code == 201
            assert me(address, told(lines, "API token")).json()["role"] == "admin"
            shown.append((told(lines, "Log in"), told(lines, "API token")))
            running.send_signal(signal.SIGINT)
            running.communicate(timeout=20)
        assert running.returncode == Exit.DONE
    assert shown[0][0] != shown[1][0]
    assert shown[0][1] != shown[1][1]
    assert (tmp_path / "chargeplane-data" / "demo" / "chargeplane.db").exists()


def test_serve_upgrades_an_older_database_by_itself(tmp_path: Path) -> None:
    data = tmp_path / "chargeplane-data"
    data.mkdir()
    with closing(sqlite3.connect(data / "chargeplane.db")):
        pass  # an empty file is the oldest database there is
    with process(tmp_path, "serve", *ports()) as running:
        assert told(lines_until(running, LAST), "Set up").startswith("http://")
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=20)
    assert running.returncode == Exit.DONE


@pytest.mark.parametrize("option", ["--port", "--ocpp-port"])
def test_a_port_that_is_taken_is_told_with_how_to_choose_another(data: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = call("serve", *ports(), option, str(port), data=data)
    assert result.exit_code == Exit.REFUSED
    told = f"port {port} of 127.0.0.1 cannot be had: Address already in use; {option} chooses"
    assert told in result.stderr
    assert "stations may connect" not in result.stderr


def test_wrong_settings_are_listed_by_file_and_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("chargeplane.toml").write_text('port = "x"\nocpp_prt = 9000\n', encoding="utf-8")
    monkeypatch.setenv("CHARGEPLANE_MIN_SECURITY_PROFILE", "7")
    result = call("serve", "--ocpp-port", "0", data=tmp_path)
    assert result.exit_code == Exit.USAGE
    for said in (
        "error: chargeplane.toml: ocpp_prt: there is no such setting; did you mean ocpp_port?",
        "error: chargeplane.toml: port: ",
        "error: CHARGEPLANE_MIN_SECURITY_PROFILE: ",
        "error: --ocpp-port: ",
    ):
        assert said in result.stderr


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('public_url = "cp.example"', "public_url: write https://HOST"),
        ('database = "here"', "database: not the address of a database"),
        ('nats = "nats://here"', "nats: this version runs on one node"),
        ('tls_roots = "none.pem"', "tls_roots: none.pem: No such file"),
        ('tls_roots = "chargeplane.toml"', "tls_roots: chargeplane.toml: no PEM certificate"),
        ('tls_certificate = "chargeplane.toml"', "tls_key: is needed with tls_certificate"),
        ('tls_rsa_key = "none.pem"', "tls_rsa_key: none.pem: No such file"),
    ],
)
def test_what_is_found_wrong_when_it_is_used_is_told_by_file_and_key_too(
    tmp_path: Path, line: str, fault: str
) -> None:
    Path("chargeplane.toml").write_text(line, encoding="utf-8")
    result = call("serve", *ports(), data=tmp_path)
    assert result.exit_code == Exit.USAGE
    told = fault if fault.startswith("tls_key") else f"error: chargeplane.toml: {fault}"
    assert told in result.stderr
    assert result.stdout == ""


def test_an_address_that_this_machine_lacks_is_told_with_how_to_choose_another(data: Path) -> None:
    result = call("serve", *ports(), "--host", "192.0.2.1", data=data)
    assert result.exit_code == Exit.REFUSED
    assert "--host chooses another" in result.stderr


@pytest.mark.parametrize("words", [("serve",), ("db", "upgrade")], ids=" ".join)
def test_a_data_folder_that_cannot_be_made_is_told(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "file").touch()
    result = call(*words, data=tmp_path / "file" / "data")
    assert result.exit_code == Exit.USAGE
    assert "Not a directory" in result.stderr


def test_a_database_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "chargeplane.db").mkdir()
    result = call("serve", data=tmp_path)
    assert result.exit_code == Exit.DATABASE
    assert "chargeplane.db: Is a directory" in result.stderr


def test_a_file_that_is_no_database_is_told_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "chargeplane.db"
    file.write_bytes(b"my holiday pictures" * 100)
    result = call("serve", data=tmp_path)
    assert result.exit_code == Exit.DATABASE
    assert "file is not a database" in result.stderr
    assert file.read_bytes() == b"my holiday pictures" * 100


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    result = call("serve", "--config", "missing.toml", data=tmp_path)
    assert result.exit_code == Exit.USAGE
    assert "missing.toml: cannot be read" in result.stderr


@pytest.mark.parametrize("token", ["short", "with a space", "x" * 513])
def test_a_token_that_cannot_be_used_is_told_but_not_repeated(
    data: Path, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("CHARGEPLANE_API_TOKEN", token)
    result = call("serve", data=data)
    assert result.exit_code == Exit.USAGE
    assert "CHARGEPLANE_API_TOKEN: it must" in result.stderr
    assert token not in result.stderr


def test_a_demonstration_stays_on_this_machine(data: Path) -> None:
    result = call("demo", "--host", "0.0.0.0", data=data)
    assert result.exit_code == Exit.USAGE
    assert "stays on 127.0.0.1" in result.stderr


def test_a_demonstration_does_not_take_an_installation_over(data: Path) -> None:
    added = call("user", "add", "admin", "--role", "admin", "--generate", data=data)
    assert added.exit_code == Exit.DONE, added.stderr
    result = call("demo", *ports(), data=data)
    assert result.exit_code == Exit.REFUSED
    assert "has users and is no demonstration" in result.stderr
    assert json.loads(call("station", "list", "--json", data=data).stdout) == []
    assert json.loads(call("token", "list", "--json", data=data).stdout) == []


def test_the_version_is_told_as_text_and_as_json() -> None:
    assert call("version").stdout.startswith(f"chargeplane {__version__} ")
    assert f'"version": "{__version__}"' in call("version", "--json").stdout


def test_every_command_has_help_with_an_example() -> None:
    whole = {name: loaded(name, late) for name, late in COMMANDS.items()}
    found: list[tuple[str, ...]] = [("version",)]
    for name, command in whole.items():
        found += [(name, inner) for inner in getattr(command, "commands", {})] or [(name,)]
    assert {("serve",), ("demo",), ("db", "backup"), ("user", "add")} <= set(found)
    for path in found:
        text = " ".join(call(*path, "--help").stdout.split())
        assert f"Example: chargeplane {' '.join(path)}" in text
