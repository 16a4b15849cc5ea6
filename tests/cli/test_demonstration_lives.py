"""A demonstration from outside: every station charges, after a kill as well, and Ctrl-C ends it."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from chargeplane.cli.demonstration import MEMBERS
from chargeplane.cli.exits import Exit
from tests.cli.calling import lines_until, ports, process, told

LAST = "Ctrl-C"
PATIENCE_S = 120
VERSIONS = ("1.2", "1.5", "1.6", "2.0.1", "2.1")
NAMES = {member.identity for member in MEMBERS}


def opened(running: subprocess.Popen[str]) -> httpx.Client:
    """A client of its REST interface, as soon as it serves."""
    lines = lines_until(running, LAST)
    return httpx.Client(
        base_url=told(lines, "Console").rstrip("/"),
        headers={"Authorization": f"Bearer {told(lines, 'API token')}"},
        timeout=30,
    )


def transactions(rest: httpx.Client, **query: str) -> list[dict[str, Any]]:
    answer = rest.get("/api/v1/transactions", params={"limit": "1000", **query})
    found: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return found


def everybody_charges(rest: httpx.Client, since: str) -> None:
    """Each station gets energy into a transaction that began since then, and it rises."""
    risen: set[str] = set()
    first: dict[str, float] = {}
    deadline_s = time.monotonic() + PATIENCE_S
    while risen != NAMES:
        assert time.monotonic() < deadline_s, f"never charged: {NAMES - risen}"
        for each in transactions(rest, **({"from": since} if since else {})):
            energy_wh = each["energy_wh"] or 0
            if energy_wh > first.setdefault(each["id"], energy_wh):
                risen.add(each["station_id"])
        time.sleep(0.5)


@pytest.mark.timeout(400)
def test_every_station_of_a_demonstration_charges_also_after_a_kill(tmp_path: Path) -> None:
    with process(tmp_path, "demo", *ports()) as running, opened(running) as rest:
        everybody_charges(rest, "")
        stations = rest.get("/api/v1/stations", params={"limit": "1000"}).json()["items"]
        assert {each["id"] for each in stations if each["connected"]} == NAMES
        assert {each["ocpp_version"] for each in stations} == set(VERSIONS)
        assert {each["transport"] for each in stations} == {"json", "soap"}
        metrics = rest.get("/metrics").text
        for version in VERSIONS:
            line = rf'chargeplane_stations_connected{{version="{re.escape(version)}"}} [1-9]'
            assert re.search(line, metrics), version
        for action in ("StartTransaction", "TransactionEvent"):
            assert f'chargeplane_messages_total{{action="{action}",outcome="answered"}}' in metrics
        for name in ("repairs_total", "commit_seconds_count", "queue_depth"):
            assert re.search(rf"chargeplane_{name}\S* [\d.]+", metrics), name
        before = {each["id"]: each["energy_wh"] or 0 for each in transactions(rest)}
        running.kill()
        running.wait()
    with process(tmp_path, "demo", *ports()) as running, opened(running) as rest:
        since = max(each["started_at"] for each in transactions(rest) if each["id"] in before)
        kept = {each["id"]: each["energy_wh"] or 0 for each in transactions(rest)}
        assert all(kept[name] >= energy_wh for name, energy_wh in before.items())
        everybody_charges(rest, since)
        # A station that came back has begun anew: what it had left open is over.
        assert not [each for each in transactions(rest, active="true") if each["id"] in before]
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=30)
    assert running.returncode == Exit.DONE
