"""SIGKILL at every step of a rotation of the secret key, on both engines."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from chargeplane.cli.exits import Exit
from chargeplane.runtime.pki import Purpose
from chargeplane.runtime.store import Settings
from tests.cli.calling import call
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
