"""The PyPI package ``test-ocpp``, which tries whether a central system can be reached.

It speaks 1.6 and 2.0.1: the handshake, a boot and a heartbeat.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta

import pytest
import test_ocpp
from websockets.exceptions import InvalidStatus

from chargeplane.ocpp.versions import Version
from tests.interop.central.running import PASSWORD, Rest, Running
from tests.waiting import eventually

VERSIONS = [Version.V1_6, Version.V2_0_1]


# Where the path ends in a slash, the user name says who it is, or what stands before the slash.
@pytest.mark.parametrize(
    ("security_profile", "slash"),
    [(0, False), (0, True), (1, False), (1, True)],
    ids=["open", "open and slash", "password", "password and slash"],
)
@pytest.mark.parametrize("version", VERSIONS)
async def test_it_reaches_the_program(
    central_system: Running, rest: Rest, version: Version, security_profile: int, slash: bool
) -> None:
    name = f"tester-{version}-{security_profile}-{slash}"
    await rest.register(name, security_profile)
    result = await test_ocpp.check_connection(
        f"ws://127.0.0.1:{central_system.ocpp_port}/ocpp",
        name,
        ocpp=str(version),
        password=PASSWORD if security_profile else None,
        trailing_slash=slash,
    )
    assert result.subprotocol == version.subprotocol
    assert result.boot_notification["status"] == "Accepted"
    clock = datetime.fromisoformat(result.heartbeat["currentTime"])
    assert abs(datetime.now(UTC) - clock) < timedelta(seconds=30)
    shown = await eventually(
        lambda: rest.get(f"/stations/{name}"), until=lambda it: not it["connected"]
    )
    assert (shown["vendor"], shown["model"]) == ("TestVendor", "TestModel")


@pytest.mark.parametrize("password", ["not the password", None], ids=["wrong", "none"])
async def test_it_is_turned_away_without_the_password(
    central_system: Running, rest: Rest, password: str | None
) -> None:
    name = f"tester-turned-away-{password is None}"
    await rest.register(name, 1)
    where = f"ws://127.0.0.1:{central_system.ocpp_port}"
    with pytest.raises(InvalidStatus) as caught:
        await test_ocpp.check_connection(where, name, password=password)
    assert caught.value.response.status_code == 401


async def test_a_station_that_nobody_knows_is_turned_away_and_can_be_adopted(
    central_system: Running, rest: Rest
) -> None:
    words = (f"ws://127.0.0.1:{central_system.ocpp_port}/some/path", "tester-unknown")
    assert "rejected handshake with HTTP 4" in await _command(1, *words)
    strangers = await rest.items("/unknown-stations")
    assert "tester-unknown" in {each["id"] for each in strangers}
    await rest.add("/unknown-stations/tester-unknown/adopt", {"security_profile": 0})
    assert "SUCCESS" in await _command(0, *words)


async def _command(returncode: int, *words: str) -> str:
    """What its command prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "test_ocpp", *words, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == returncode, output
    return output.decode()
