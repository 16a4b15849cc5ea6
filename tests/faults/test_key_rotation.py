"""SIGKILL at every step of a rotation of the secret key, on both engines; and under a server."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import pytest

from chargeplane.cli.exits import Exit
from chargeplane.runtime.pki import Purpose
from chargeplane.runtime.store import Settings
from chargeplane.station import Station
from tests.cli.calling import call, lines_until, ports, process, told
from tests.cli.rotating import Installation
from tests.soak import SOAKING

# The key file, the key of the root, and one for each purpose.
STEPS = 2 + len(Purpose)
KILLED_AT = range(1, STEPS + 1, 1 if SOAKING else 3)


@pytest.mark.soak
@pytest.mark.timeout(180)
def test_a_rotation_that_is_killed_at_every_step_in_turn_loses_nothing(
    empty: Settings, tmp_path: Path
) -> None:
    installation = Installation(tmp_path / "data", empty)
    assert call("db", "upgrade", *installation.options).exit_code == Exit.DONE
    secret = installation.furnish(stations=1)
    for step in KILLED_AT:
        ended = installation.rotate_until_killed(files=step)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        keys = installation.keys()
        assert installation.second_factor(keys) == secret
        assert call("pki", "show", data=installation.data).exit_code == Exit.DONE
        resumed = installation.call("rotate-key")
        assert resumed.exit_code == Exit.DONE, resumed.stderr
        keys = installation.keys()
        assert len(keys) == 2
        assert installation.second_factor(keys[:1]) == secret
        assert not sum(each["authority_keys"] for each in installation.uses())
        assert installation.comes("CP0", keys)
        assert installation.call("forget-keys").exit_code == Exit.DONE
        assert installation.comes("CP0", keys[:1])


def _left(data: Path) -> list[int]:
    """How many passwords of stations are under each key, the current one first."""
    found = json.loads(call("security", "keys", "--json", data=data).stdout)
    return [each["station_passwords"] for each in found]


def test_a_server_that_runs_takes_the_new_key_and_no_station_is_turned_away(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    assert call("db", "upgrade", data=data).exit_code == Exit.DONE
    made = call("station", "add", "CP1", "--json", data=data)
    password = json.loads(made.stdout)["password"]
    words = ("serve", "--data", str(data), *ports())

    async def visit(url: str) -> None:
        async with Station("CP1", url=url, password=password) as station:
            assert station.is_online

    with process(tmp_path, *words) as running:
        url = told(lines_until(running, "SOAP"), "Stations").replace("/<station id>", "")
        assert call("security", "rotate-key", data=data).exit_code == Exit.DONE
        assert _left(data) == [0, 1]
        running.send_signal(signal.SIGHUP)
        for _ in range(50):  # the signal is dealt with at some moment soon
            asyncio.run(visit(url))
            if _left(data) == [1, 0]:
                break
        assert _left(data) == [1, 0]
        # The link for the first administrator is under the old one.
        assert call("security", "forget-keys", "--force", data=data).exit_code == Exit.DONE
        running.send_signal(signal.SIGHUP)
        asyncio.run(visit(url))
        assert _left(data) == [1]
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=20)
    assert running.returncode == Exit.DONE
