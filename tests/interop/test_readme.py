"""The examples of the README, as they stand there."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ocpp.exceptions import OCPPError
from ocpp.v16 import ChargePoint, call
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.interop.node import needs_node, node, report_of

README = Path(__file__).parents[2] / "README.md"
EXAMPLES = dict(
    re.findall(r'```python title="(.*?)"\n(.*?)```', README.read_text(encoding="utf-8"), re.DOTALL)
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("name", ["csms.py", "station.py"])
def test_each_end_has_under_30_lines(name: str) -> None:
    assert len(EXAMPLES[name].splitlines()) < 30


@pytest.fixture
def csms(tmp_path: Path) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """The central system of the README, on a free port."""
    port = free_port()
    script = tmp_path / "csms.py"
    script.write_text(EXAMPLES["csms.py"].replace("9000", str(port)), encoding="utf-8")
    command = [sys.executable, "-u", str(script)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        _wait_for(port)
        yield port, process
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_the_central_system_and_the_station_of_the_readme_talk_to_each_other(
    csms: tuple[int, subprocess.Popen[str]],
) -> None:
    port, process = csms
    station = subprocess.run(
        [sys.executable, "-c", EXAMPLES["station.py"].replace("9000", str(port))],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert station.stdout.startswith("The central system's clock says 20")
    process.terminate()
    output, _ = process.communicate(timeout=10)
    assert "HeartbeatRequest()" in output


async def test_their_python_charge_point_talks_with_the_central_system_of_the_readme(
    csms: tuple[int, subprocess.Popen[str]],
) -> None:
    url = f"ws://127.0.0.1:{csms[0]}/CP1"
    async with connect(url, subprotocols=[Subprotocol("ocpp1.6")]) as websocket:
        charge_point = ChargePoint("CP1", websocket)
        running = asyncio.create_task(charge_point.start())
        answer = await charge_point.call(call.Heartbeat(), suppress=False)
        with pytest.raises(OCPPError, match="NotSupported"):
            await charge_point.call(call.Authorize(id_tag="A1"), suppress=False)
        running.cancel()
    assert answer.current_time.startswith("20")


@needs_node
async def test_their_strict_node_station_talks_with_the_central_system_of_the_readme(
    csms: tuple[int, subprocess.Popen[str]],
) -> None:
    calls = json.dumps([["Heartbeat", {}], ["Authorize", {"idTag": "A1"}]])
    process = await node("station.mjs", f"ws://127.0.0.1:{csms[0]}", "ocpp1.6", calls, "0")
    report = await report_of(process)
    (_, heartbeat), (_, authorize) = report["answers"]
    assert report["violations"] == []
    assert heartbeat["currentTime"].startswith("20")
    assert authorize["error"] == "NotSupported"


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the central system of the README does not listen")


def test_the_error_of_the_readme_is_what_the_example_prints() -> None:
    printed = subprocess.run(
        [sys.executable, "-c", EXAMPLES["errors.py"]], capture_output=True, text=True, check=True
    ).stdout
    assert f"    {printed}" in README.read_text(encoding="utf-8")
