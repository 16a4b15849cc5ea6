"""The examples of the README, as they stand there."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

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


def test_the_central_system_and_the_station_of_the_readme_talk_to_each_other(
    tmp_path: Path,
) -> None:
    port = free_port()
    for name in ("csms.py", "station.py"):
        (tmp_path / name).write_text(EXAMPLES[name].replace("9000", str(port)), encoding="utf-8")
    csms = subprocess.Popen(
        [sys.executable, "-u", str(tmp_path / "csms.py")], stdout=subprocess.PIPE, text=True
    )
    try:
        _wait_for(port)
        station = subprocess.run(
            [sys.executable, str(tmp_path / "station.py")],
            capture_output=True, text=True, timeout=30, check=True,
        )  # fmt: skip
    finally:
        csms.terminate()
        output, _ = csms.communicate(timeout=10)
    assert station.stdout.startswith("The central system's clock says 20")
    assert "HeartbeatRequest()" in output


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
