"""The Autobahn cases, run by `kosoku` against an echo server made of the links.

Group 9 (limits) measures speed. Groups 12 and 13 (compression, 216 cases) take minutes: all of them
are in ``make soak``, otherwise the smallest of each kind.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from chargeplane.runtime.links import Transport
from tests.soak import SOAKING

ROOT = Path(__file__).parents[3]
PLAIN = ["-x", "9.*", "-x", "12.*", "-x", "13.*"]
SMALLEST = [
    argument
    for group in (12, 13)
    for kind in range(1, 6 if group == 12 else 8)
    for case in (1, 6)
    for argument in ("-i", f"{group}.{kind}.{case}")
]
COMPRESSED = ["-i", "12.*", "-i", "13.*"] if SOAKING else SMALLEST
# What passes: everything. 6.4.3 and 6.4.4 want a fault noticed inside of a frame, which is allowed
# to be noticed at its end; 7.1.6 and 7.13.x have no expectation.
PASSED = {"OK", "NON-STRICT", "INFORMATIONAL"}


@pytest.mark.soak
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize(
    ("selection", "count", "not_ok"),
    [(PLAIN, 247, {"NON-STRICT": 2, "INFORMATIONAL": 3}), (COMPRESSED, 216 if SOAKING else 24, {})],
    ids=["plain", "compressed"],
)
def test_every_case_passes(
    transport: Transport,
    selection: list[str],
    count: int,
    not_ok: dict[str, int],
    tmp_path: Path,
) -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.runtime.links.echo", transport],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        kosoku = Path(sys.executable).with_name("kosoku")
        done = subprocess.run(
            [kosoku, *selection, "-p", "4", "-o", tmp_path, f"127.0.0.1:{port}"],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        server.terminate()
        server.wait(10)
        if server.stdout is not None:
            server.stdout.close()
    assert done.returncode == 0, done.stdout
    assert server.returncode == 0
    (cases,) = json.loads((tmp_path / "index.json").read_text()).values()
    behaviours = Counter(case["behavior"] for case in cases.values())
    assert set(behaviours) <= PASSED
    assert len(cases) == count
    assert behaviours["OK"] == count - sum(not_ok.values())
    closings = Counter(case["behaviorClose"] for case in cases.values())
    assert set(closings) <= {"OK", "INFORMATIONAL"}
