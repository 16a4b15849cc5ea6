"""``chargeplane security``: the secret key is rotated, on either engine, however it is stopped."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from chargeplane.cli.exits import Exit
from chargeplane.runtime.secrets import KEY_VARIABLE, id_of_key, load_keys
from chargeplane.runtime.store import Settings
from tests.cli.calling import call
from tests.cli.rotating import Installation
from tests.databases import copy_of


@pytest.fixture
def installation(settings: Settings, tmp_path: Path) -> Installation:
    """On both engines."""
    return Installation(tmp_path / "data", settings)


@pytest.fixture
def embedded(sqlite_template: Path, tmp_path: Path) -> Installation:
    """On SQLite alone, for what does not depend on the engine."""
    return Installation(tmp_path / "data", copy_of(sqlite_template, tmp_path))


def test_one_command_rotates_and_another_forgets_when_all_stations_have_come(
    installation: Installation,
) -> None:
    secret = installation.furnish(stations=2)
    old = installation.keys()
    rotated = installation.call("rotate-key")
    assert (rotated.exit_code, "2 passwords of stations" in rotated.stderr) == (Exit.DONE, True)
    new, *rest = installation.keys()
    assert rest == old
    assert installation.second_factor([new]) == secret
    assert call("pki", "show", data=installation.data).exit_code == Exit.DONE
    assert installation.uses() == [
        {"key": id_of_key(new), "is_current": True, "secrets": 1, "authority_keys": 0,
         "station_passwords": 0},
        {"key": id_of_key(old[0]), "is_current": False, "secrets": 0, "authority_keys": 0,
         "station_passwords": 2},
    ]  # fmt: skip
    assert installation.comes("CP0", [new, *old])
    assert "first key: CP1\n" in installation.call("keys").stderr
    refused = installation.call("forget-keys")
    assert (refused.exit_code, "1 passwords" in refused.stderr) == (Exit.REFUSED, True)
    assert installation.comes("CP1", [new, *old])
    assert installation.call("forget-keys").exit_code == Exit.DONE
    assert installation.keys() == [new]
    assert installation.comes("CP0", [new])
    assert installation.comes("CP1", [new])


def test_a_kill_in_the_middle_leaves_all_usable_and_the_next_call_ends_the_rotation(
    embedded: Installation,
) -> None:
    secret = embedded.furnish(stations=1)
    ended = embedded.rotate_until_killed(files=3)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    new, *old = embedded.keys()
    assert (len(old), embedded.uses()[1]["authority_keys"] > 0) == (1, True)
    assert embedded.second_factor([new, *old]) == secret
    assert call("pki", "show", data=embedded.data).exit_code == Exit.DONE
    assert embedded.call("rotate-key").exit_code == Exit.DONE
    assert embedded.keys() == [new, *old]  # it went on and has not begun another one
    assert embedded.second_factor([new]) == secret
    assert [each["authority_keys"] for each in embedded.uses()] == [0, 0]


def test_force_forgets_what_is_in_use_and_the_first_key_never(embedded: Installation) -> None:
    embedded.furnish(stations=1)
    embedded.call("rotate-key")
    new = embedded.keys()[0]
    for _ in range(2):
        assert embedded.call("forget-keys", "--force").exit_code == Exit.DONE
        assert embedded.keys() == [new]
    assert not embedded.comes("CP0", [new])


def test_nothing_is_sealed_anew_if_the_next_start_is_to_do_it(embedded: Installation) -> None:
    secret = embedded.furnish(stations=0)
    assert embedded.call("rotate-key", "--later").exit_code == Exit.DONE
    new, *old = embedded.keys()
    assert embedded.second_factor(old) == secret  # a server that runs goes on with what it knows
    assert embedded.uses()[1]["authority_keys"] > 0
    assert embedded.call("rotate-key").exit_code == Exit.DONE
    assert embedded.second_factor([new]) == secret


def test_keys_of_the_environment_are_rotated_there(
    embedded: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [call("security", "new-key").stdout.strip() for _ in range(2)]
    monkeypatch.setenv(KEY_VARIABLE, made[0])
    assert call("pki", "init", data=embedded.data).exit_code == Exit.DONE
    monkeypatch.setenv(KEY_VARIABLE, " ".join(reversed(made)))
    assert embedded.call("rotate-key").exit_code == Exit.DONE
    refused = embedded.call("forget-keys")
    assert (refused.exit_code, KEY_VARIABLE in refused.stderr) == (Exit.REFUSED, True)
    monkeypatch.setenv(KEY_VARIABLE, made[1])
    assert call("pki", "show", data=embedded.data).exit_code == Exit.DONE
    assert len(load_keys({KEY_VARIABLE: made[1]}, embedded.data / "secret.key")) == 1
    assert not (embedded.data / "secret.key").exists()


def test_a_rotation_is_in_the_audit_log(embedded: Installation) -> None:
    embedded.furnish(stations=0)
    embedded.call("rotate-key")
    exported = call("audit", "export", *embedded.options)
    assert "security rotate-key" in exported.stdout
